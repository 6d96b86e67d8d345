"""White files: values in, values out; no store, no socket, no clock, no chance, no await."""
