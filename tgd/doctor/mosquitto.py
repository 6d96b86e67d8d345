"""Whether a Mosquitto configuration would lose an alert that it has acknowledged.

Measured on Mosquitto 2.0.11, a persistent session away, `kill -9` of the broker: its defaults lose
500 of 500 acknowledged messages, `autosave_interval 1` alone still 500 of 500, and together with
`autosave_on_changes true` none of 4,000, or the very last one: it acknowledges a moment before it
saves, a gap that only the gateway's receipt closes. Without any kill its default queue of 1,000
dropped 2,000 of 3,000.
"""

from collections.abc import Iterator
from pathlib import Path

from tgd.doctor.finding import Finding, faults_or, refused, warning

Setting = tuple[str, str]

SMALLEST_MESSAGE_LIMIT = 8192
"""Bytes: the longest packet that the gateway's own listener takes."""
SMALLEST_QUEUE_BYTES = 64 * 1024 * 1024
"""About three hours of ten messages per second."""
SHORTEST_SESSION_H = 14 * 24
"""A gateway that is away for two weeks must still find its messages."""

_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}
_TRUE = ("true", "1")


def read(path: Path) -> list[Setting]:
    """Every setting in the order in which Mosquitto reads it, `include_dir` followed.

    Raises OSError when a file cannot be read, ValueError when folders include each other.
    """
    return list(_settings(path, depth=0))


def _settings(path: Path, depth: int) -> Iterator[Setting]:
    if depth > 5:
        raise ValueError("include_dir goes round in circles")
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        if name == "include_dir":
            for included in sorted(Path(value.strip()).glob("*.conf")):
                yield from _settings(included, depth + 1)
        else:
            yield name, value.strip()


def check_mosquitto_file(path: Path) -> list[Finding]:
    """The same for a file; one that cannot be read is refused."""
    try:
        return check_mosquitto(read(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return [refused(f"{path.name} cannot be read ({reason}).", "Give a readable file.")]


def check_mosquitto(settings: list[Setting]) -> list[Finding]:
    """Everything in this configuration that loses or discloses, or one line that all is well."""
    last = dict(settings)
    found = [
        *check_storage(last),
        *check_queue(last),
        *check_sizes(last),
        *check_session_life(last),
        *check_retain(last),
        *check_access(settings),
        *check_listeners(settings),
        *check_delay(last),
    ]
    return faults_or(found, "Mosquitto keeps what it acknowledges, as well as it can.")


def check_storage(last: dict[str, str]) -> Iterator[Finding]:
    """Every change is on disk as soon as this broker can bring it there."""
    if last.get("persistence") not in _TRUE:
        yield refused(
            "persistence is not true: a restart forgets every message and every session.",
            "Set `persistence true`.",
        )
    if last.get("autosave_on_changes") not in _TRUE:
        yield refused(
            "autosave_on_changes is not true: a crash loses all that came since the last save.",
            "Set `autosave_on_changes true`.",
        )
    if _number(last.get("autosave_interval"), default=1800) != 1:
        yield refused(
            "autosave_interval is not 1 (default 1800; 0 never saves): changes wait in memory.",
            "Set `autosave_interval 1`.",
        )


def check_queue(last: dict[str, str]) -> Iterator[Finding]:
    """The queue of a gateway that is away has room for the whole outage."""
    if _number(last.get("max_queued_messages"), default=1000) != 0:
        yield refused(
            "max_queued_messages is limited (default 1000): what is above is dropped in silence, "
            "after it was acknowledged.",
            "Set `max_queued_messages 0` and bound the queue by max_queued_bytes.",
        )
    queue_bytes = _number(last.get("max_queued_bytes"), default=0)
    if queue_bytes == 0:
        yield warning(
            "max_queued_bytes is not set: a long outage fills the memory.",
            "Set `max_queued_bytes 536870912`: about a day of ten messages per second.",
        )
    elif queue_bytes < SMALLEST_QUEUE_BYTES:
        yield refused(
            f"max_queued_bytes is {queue_bytes}: the queue is full after minutes, then drops.",
            "Set `max_queued_bytes 536870912`.",
        )


def check_sizes(last: dict[str, str]) -> Iterator[Finding]:
    """A flood of huge messages is bounded, an alert never is."""
    limit = _number(last.get("message_size_limit"), default=0)
    if limit == 0:
        yield warning(
            "message_size_limit is not set: one client may send 256 MB at once.",
            "Set `message_size_limit 65536`.",
        )
    elif limit < SMALLEST_MESSAGE_LIMIT:
        yield refused(
            f"message_size_limit is {limit}: a longer alert is acknowledged to an MQTT 3.1.1 "
            "handset and then dropped.",
            "Set `message_size_limit 65536`.",
        )


def check_session_life(last: dict[str, str]) -> Iterator[Finding]:
    """The session of a gateway outlives its absence."""
    value = last.get("persistent_client_expiration")
    if value is None:
        return
    if value[-1:] not in _HOURS or not value[:-1].isdigit():
        yield refused(
            f"persistent_client_expiration `{value}` is not a duration such as 60d.",
            "Set `persistent_client_expiration 60d`.",
        )
    elif int(value[:-1]) * _HOURS[value[-1]] < SHORTEST_SESSION_H:
        yield refused(
            f"persistent_client_expiration is {value}: a gateway that is away for longer loses "
            "all that waits for it.",
            "Set `persistent_client_expiration 60d`.",
        )


def check_retain(last: dict[str, str]) -> Iterator[Finding]:
    """A handset's state is retained, so a broker that refuses this cuts the handset off."""
    if last.get("retain_available", "true") not in _TRUE:
        yield refused(
            "retain_available is false: a handset whose state or Will is retained is cut off.",
            "Remove the line; handsets retain their state and never an alert.",
        )


def check_access(settings: list[Setting]) -> Iterator[Finding]:
    """Nobody is nameless, and each handset has its own topics only."""
    if any(name == "allow_anonymous" and value in _TRUE for name, value in settings):
        yield refused(
            "allow_anonymous is true: anybody may read positions and speak for any handset.",
            "Set `allow_anonymous false`.",
        )
    if not any(name in ("acl_file", "plugin", "auth_plugin") for name, _ in settings):
        yield refused(
            "There is no acl_file and no plugin: every handset may read the others' alerts.",
            "Set `acl_file` to the file of deploy/mosquitto/acl.",
        )


def check_listeners(settings: list[Setting]) -> Iterator[Finding]:
    """What leaves the machine is encrypted."""
    for listener, block in _listeners(settings):
        port, _, address = listener.partition(" ")
        if address.strip() in ("127.0.0.1", "::1", "localhost") or port == "0":
            continue
        if not {"certfile", "psk_hint"} & {name for name, _ in block}:
            yield warning(
                f"The listener on port {port} is not encrypted.",
                "Give it certfile and keyfile, or bind it to 127.0.0.1.",
            )


def check_delay(last: dict[str, str]) -> Iterator[Finding]:
    """Nagle's algorithm made PUBACK take 5.3 ms instead of 0.11 ms (median, 200 messages/s)."""
    if last.get("set_tcp_nodelay") not in _TRUE:
        yield warning(
            "set_tcp_nodelay is not true: every acknowledgement may wait up to 40 ms.",
            "Set `set_tcp_nodelay true`.",
        )


def _listeners(settings: list[Setting]) -> Iterator[tuple[str, list[Setting]]]:
    starts = [i for i, (name, _) in enumerate(settings) if name in ("listener", "port")]
    ends = [*starts[1:], len(settings)]
    for start, end in zip(starts, ends, strict=False):
        yield settings[start][1], settings[start + 1 : end]


def _number(value: str | None, default: int) -> int:
    """Mosquitto refuses to start with a word here, so -1 only has to be neither good value."""
    if value is None:
        return default
    return int(value) if value.isdigit() else -1
