"""What we say to those who must come: telemonitoring platform, control room, telephone."""
