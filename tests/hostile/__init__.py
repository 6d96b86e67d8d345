"""What strangers and broken peers can send, against the real processes; see README.md."""
