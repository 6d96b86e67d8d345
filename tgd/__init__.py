"""What we know and decide: people, handsets, allocations, alerts, journal, console."""
