"""Whether a RabbitMQ configuration (MQTT plugin) would lose an alert that it has acknowledged.

Measured on RabbitMQ 3.10 with quorum queues, `kill -9` with 500 messages waiting: 500 came back.
3.10 names the life of a session `mqtt.subscription_ttl` (milliseconds); from 3.13 on it is
`mqtt.max_session_expiry_interval_seconds`. Both are one day when nobody sets them.
"""

from collections.abc import Iterator
from pathlib import Path

from tgd.doctor.finding import Finding, faults_or, refused, warning

SHORTEST_SESSION_S = 14 * 24 * 3600
"""A gateway that is away for two weeks must still find its messages."""
_TTL = "mqtt.subscription_ttl"
_EXPIRY = "mqtt.max_session_expiry_interval_seconds"


def check_rabbitmq_file(path: Path) -> list[Finding]:
    """rabbitmq.conf and the `enabled_plugins` beside it; a file that cannot be read is refused."""
    try:
        settings = read(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        reason = error.strerror
        return [refused(f"{path.name} cannot be read ({reason}).", "Give a readable file.")]
    return [*check_rabbitmq(settings), *check_plugins(_plugins_beside(path))]


def read(text: str) -> dict[str, str]:
    """`name = value` lines; the last one wins, as in RabbitMQ."""
    lines = (line.partition("#")[0].partition("=") for line in text.splitlines())
    return {name.strip(): value.strip().strip("'\"") for name, sign, value in lines if sign}


def check_rabbitmq(settings: dict[str, str]) -> list[Finding]:
    """Everything in this configuration that loses or discloses, or one line that all is well."""
    found = [
        *check_queue_type(settings),
        *check_session_life(settings),
        *check_anonymous(settings),
        *check_exchange(settings),
        *check_prefetch(settings),
        *check_retained(settings),
        *check_listener(settings),
    ]
    return faults_or(found, "RabbitMQ keeps what it acknowledges.")


def check_queue_type(settings: dict[str, str]) -> Iterator[Finding]:
    """PUBACK means that a majority has it on disk only with quorum queues."""
    if settings.get("mqtt.durable_queue_type") != "quorum":
        yield refused(
            "mqtt.durable_queue_type is not quorum: an acknowledged alert may be on one node only.",
            "Set `mqtt.durable_queue_type = quorum` before the first session exists.",
        )


def check_session_life(settings: dict[str, str]) -> Iterator[Finding]:
    """The session of a gateway outlives its absence."""
    if _TTL in settings and _EXPIRY in settings:
        yield refused(
            f"Both {_TTL} and {_EXPIRY} are set: no version reads both.",
            f"Keep {_TTL} up to 3.12, {_EXPIRY} from 3.13 on.",
        )
    expiry = settings.get(_EXPIRY)
    given_s = _number(expiry) if expiry else _number(settings.get(_TTL, "86400000")) // 1000
    if "infinity" not in (expiry, settings.get(_TTL)) and given_s < SHORTEST_SESSION_S:
        yield refused(
            "A session ends after less than two weeks (by default one day): a gateway that is "
            "away for longer loses all that waits for it.",
            f"Set `{_EXPIRY} = 5184000` (up to 3.12: `{_TTL} = 5184000000`).",
        )


def check_anonymous(settings: dict[str, str]) -> Iterator[Finding]:
    """Nobody is nameless; the default lets everybody in."""
    if settings.get("mqtt.allow_anonymous", "true") != "false":
        yield refused(
            "mqtt.allow_anonymous is not false (default true): anybody may read positions.",
            "Set `mqtt.allow_anonymous = false`.",
        )


def check_exchange(settings: dict[str, str]) -> Iterator[Finding]:
    """Another exchange must exist and be durable, or what is published is lost with it."""
    if settings.get("mqtt.exchange", "amq.topic") != "amq.topic":
        yield warning(
            "mqtt.exchange is not amq.topic: it must exist already, be durable, of type topic.",
            "Use amq.topic, or make sure that a definitions file declares the other.",
        )


def check_prefetch(settings: dict[str, str]) -> Iterator[Finding]:
    """How many unacknowledged messages a gateway holds: enough to batch, never without bound."""
    if not 20 <= _number(settings.get("mqtt.prefetch", "10")) <= 1000:
        yield warning(
            "mqtt.prefetch is not between 20 and 1000 (default 10): batches are tiny, or an "
            "outage ends with everything in one gateway's memory.",
            "Set `mqtt.prefetch = 200`.",
        )


def check_retained(settings: dict[str, str]) -> Iterator[Finding]:
    """The state of each handset survives a restart."""
    if "ets" in settings.get("mqtt.retained_message_store", "").split("_"):
        yield warning(
            "mqtt.retained_message_store is in memory: a restart forgets which handsets are lost.",
            "Use `rabbit_mqtt_retained_msg_store_dets`.",
        )


def check_listener(settings: dict[str, str]) -> Iterator[Finding]:
    """The plain listener is open on every address unless it is closed."""
    plain = [value for name, value in settings.items() if name.startswith("mqtt.listeners.tcp")]
    opened = plain or ["1883"]
    if any(v != "none" and not v.startswith(("127.0.0.1:", "::1:", "[::1]:")) for v in opened):
        yield warning(
            "The unencrypted MQTT listener is open beyond this machine (it is by default).",
            "Set `mqtt.listeners.tcp = none` and use mqtt.listeners.ssl.",
        )


def check_plugins(enabled: str | None) -> list[Finding]:
    """The MQTT plugin is in the list of enabled ones (text of the file; None: not found)."""
    if enabled is None:
        return [
            warning(
                "No enabled_plugins file is beside the configuration: the plugin is not proven.",
                "Run `rabbitmq-plugins enable rabbitmq_mqtt` on each node.",
            )
        ]
    if "rabbitmq_mqtt" in enabled.replace("]", ",").replace("[", ",").replace(" ", "").split(","):
        return []
    return [
        refused(
            "The plugin rabbitmq_mqtt is not enabled: no handset can connect.",
            "Run `rabbitmq-plugins enable rabbitmq_mqtt` on each node.",
        )
    ]


def _plugins_beside(path: Path) -> str | None:
    try:
        return (path.parent / "enabled_plugins").read_text(encoding="utf-8")
    except OSError:
        return None


def _number(value: str) -> int:
    return int(value) if value.isdigit() else -1
