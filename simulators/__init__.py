"""Those we talk with, as strangers: they share the wire with us and no line of code."""
