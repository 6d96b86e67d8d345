"""JSON logs on stderr through an allow-list: what is not known to be harmless does not get out.

A name, a number, a position or a payload can only appear in a log if somebody adds its key to
HARMLESS below; every other key is replaced by the word `withheld`.
"""

import logging
import re
import sys
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from tgd import clock

HARMLESS = frozenset(
    {
        "event", "level", "timestamp", "process", "pid",
        "alert", "reference", "delivery", "destination", "topic", "handset", "channel", "form",
        "state", "step", "attempt", "why", "kind", "lane", "label", "count", "size", "batch",
        "seq", "worker", "port", "listener", "status", "reason_code", "ms", "seconds", "error",
        "kept", "revision", "path", "act", "role", "mode", "protocol", "segment", "session",
        "fingerprint", "file",
    }
)  # fmt: skip
"""Keys whose values are opaque ids, counts or words of our own."""

_SUSPECT = re.compile(
    r"\+?\d[\d .\-]{7,}\d"  # a telephone number, or worse
    r"|[+-]?\d{1,3}\.\d{3,}"  # a coordinate
    r"|[^\s@]+@[^\s@]+\.[a-z]{2,}"  # an e-mail address
)
_OPAQUE = re.compile(
    r"^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|h[0-9a-z]{12,40}|AL-\d+)$"
)


def withhold(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: keep harmless keys with harmless values, withhold everything else."""
    for key in list(event):
        if key not in HARMLESS:
            event[key] = "withheld"
        elif key != "timestamp" and isinstance(event[key], str):
            event[key] = _clean(event[key])
        elif not isinstance(event[key], bool | int | float | str | None):
            event[key] = _clean(str(event[key]))
    return event


def _clean(value: str) -> str:
    return value[:300] if _OPAQUE.match(value) else _SUSPECT.sub("withheld", value[:300])


def exception_name(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception is logged as its type and place: its message may quote what somebody sent."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__name__} at {_place(error)}"
    return event


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_globals.get('__name__', '?')} line {trace.tb_lineno}"


class Bounded:
    """Structlog processor: so many lines of one event in a while; the others are counted.

    Whoever may call us can make us say something, and a line costs more than a bad packet. What is
    an error is always said.
    """

    def __init__(self, lines: int = 200, seconds: float = 10.0) -> None:
        self._lines, self._seconds = lines, seconds
        self._until = 0.0
        self._said: Counter[str] = Counter()

    def __call__(
        self, logger: Any, name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """The same event, or DropEvent."""
        if name in ("error", "critical", "exception"):
            return event
        if (now := clock.monotonic()) >= self._until:
            before, self._said = self._said, Counter()
            self._until = now + self._seconds
            for said, count in before.items():
                if count > self._lines:
                    log.warning("lines_withheld", kind=said, count=count - self._lines)
        said = str(event.get("event"))
        self._said[said] += 1
        if self._said[said] > self._lines:
            raise structlog.DropEvent
        return event


class _Relay(logging.Handler):
    """Brings what libraries log by the standard way into ours, as a level and a logger's name.

    Their words are not ours to vouch for (they quote payloads), so only the place is kept.
    """

    def emit(self, record: logging.LogRecord) -> None:
        where = f"{record.name} line {record.lineno}"
        log.log(record.levelno, "library_says", error=where, kind=record.levelname)


def set_up(process: str, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Call once per process, before anything logs."""
    structlog.configure(
        processors=[
            Bounded(),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            exception_name,
            withhold,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.root.handlers = [_Relay()]
    logging.root.setLevel(logging.WARNING)


log: Any = structlog.get_logger()
