"""The auditor: looks at the service from beside it and raises what is wrong by ways of its own."""
