"""One outgoing format per file: compose(telling) gives bytes."""
