"""What the console counts for Prometheus: the acts of people, by kind and never by name."""

from prometheus_client import Counter

acts = Counter("tgd_console_acts_total", "Acts done at the console", ["act"])
sounds = Counter(
    "tgd_console_sounds_total", "What consoles said of their sound, each once a minute", ["state"]
)
