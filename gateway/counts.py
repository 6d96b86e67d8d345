"""What the gateway counts for Prometheus: received and kept, per channel, and how long it took."""

from prometheus_client import Counter, Gauge, Histogram

from gateway.heard import Heard, Receipt

_received = Counter("tgd_gateway_received_total", "Messages heard", ["channel", "form"])
_kept = Counter("tgd_gateway_kept_total", "Messages made durable", ["channel", "form", "kept"])
_kept_s = Histogram(
    "tgd_gateway_kept_seconds", "From heard to durable", ["channel"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)  # fmt: skip
not_kept = Counter("tgd_gateway_not_kept_total", "Messages that nothing could keep")
poison = Counter("tgd_gateway_poison_total", "Messages that could not be read")
record_away = Gauge("tgd_gateway_record_away", "1 while the record does not answer")
spooled = Gauge("tgd_gateway_spool_batches", "Batches that wait in the spool")
refused = Counter("tgd_gateway_refused_total", "Requests refused by a channel", ["channel", "why"])
connected = Gauge("tgd_gateway_mqtt_connected", "Handsets connected to the own listener", ["trust"])
half_open = Gauge("tgd_gateway_mqtt_half_open", "Connections that have not said CONNECT yet")
broker_up = Gauge("tgd_gateway_broker_up", "1 while connected to the broker")
texts_checked_at = Gauge(
    "tgd_gateway_texts_checked_at_seconds", "When the provider's list of texts was read last"
)
reconciled = Counter("tgd_gateway_reconciled_total", "SMS found by the list, not by the webhook")


def received(heard: Heard) -> None:
    """A message came."""
    _received.labels(heard.channel.value, heard.form.value).inc()


def kept(heard: Heard, receipt: Receipt, seconds: float) -> None:
    """A message is durable."""
    _kept.labels(heard.channel.value, heard.form.value, receipt.kept.value).inc()
    _kept_s.labels(heard.channel.value).observe(seconds)
