"""The console: pages, live channel and JSON for those who answer for alerts."""
