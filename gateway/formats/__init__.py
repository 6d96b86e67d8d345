"""One wire format per file: read(raw bytes) gives what a handset meant, or Unreadable; never raises."""
