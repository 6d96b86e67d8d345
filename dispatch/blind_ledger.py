"""What was told from the spool and what was answered: one file of lines, each fsynced.

It outlives dispatch, so that a dispatcher that was killed tells under the same keys, and so that
the record learns all of it when it is back. It holds opaque ids only.
"""

import fcntl
import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from dispatch.blind_facts import BlindAlert, BlindAnswer, BlindDelivery
from tgd.log import log
from tgd.rules.delivery import DeliveryState

NAME = "told.ledger"


class BlindLedger:
    """The ledger of one host; only one of its dispatchers holds it, and tells."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def take(self) -> dict[UUID, BlindAlert] | None:
        """Hold it and give what it says; None while another dispatcher of this host has it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self._folder / NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except OSError:
            log.warning("ledger_not_locked")  # some file systems have no locks
        self._file = file
        return _read((self._folder / NAME).read_bytes())

    def close(self) -> None:
        """Let it go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def write(self, lines: Iterable[dict[str, Any]]) -> None:
        """Durable when this returns; raises OSError."""
        assert self._file is not None
        whole = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
        # a line that was torn by a full disk must not swallow the next one
        view = memoryview(b"\n" + whole)
        while view:
            view = view[os.write(self._file, view) :]
        os.fsync(self._file)

    def empty(self) -> None:
        """The record knows all of it."""
        assert self._file is not None
        os.ftruncate(self._file, 0)


def first_lines(alert: BlindAlert) -> list[dict[str, Any]]:
    """What must be known of an alert before the first line about it."""
    return [alert_line(alert), *(delivery_line(alert.id, d) for d in alert.deliveries.values())]


def alert_line(alert: BlindAlert) -> dict[str, Any]:
    """That there is such an alert, in the spool or on a record that is away."""
    return {
        "alert": str(alert.id), "handset": alert.handset, "channel": alert.channel,
        "kind": alert.kind, "opened_at": alert.opened_at.isoformat(),
        "waiting_since": alert.waiting_since and alert.waiting_since.isoformat(),
        "waits": alert.waits, "number": alert.number,
    }  # fmt: skip


def delivery_line(alert: UUID, one: BlindDelivery) -> dict[str, Any]:
    """That it is being told, or what was answered."""
    return {
        "of": str(alert), "key": one.key, "destination": one.destination, "step": one.step,
        "state": one.state.value, "attempts": one.attempts, "made_at": one.made_at.isoformat(),
        "next_try_at": one.next_try_at and one.next_try_at.isoformat(), "said": one.said[:200],
        "reference": one.reference and one.reference[:120],
        "round": one.round, "is_on_record": one.is_on_record,
    }  # fmt: skip


def answer_line(alert: UUID, one: BlindAnswer) -> dict[str, Any]:
    """What a destination said by itself."""
    return {"of": str(alert), "answer": one.destination, "kind": one.kind, "said": one.said}


def done_line(alert: UUID) -> dict[str, Any]:
    """The record knows it now."""
    return {"done": str(alert)}


def _read(raw: bytes) -> dict[UUID, BlindAlert]:
    """What is there of it. A line that a kill or a full disk tore was never durable: nothing was
    told because of it. What else cannot be read is damage: perhaps it is told once more, under the
    same key, and somebody hears of it."""
    alerts: dict[UUID, BlindAlert] = {}
    unread = 0
    for line in raw.split(b"\n"):
        try:
            if line:
                _apply(json.loads(line), alerts)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            unread += 1
    if unread:
        log.error("ledger_lines_unread", count=unread)
    return alerts


def _apply(line: dict[str, Any], alerts: dict[UUID, BlindAlert]) -> None:
    if "done" in line:
        alerts.pop(UUID(line["done"]), None)
    elif "alert" in line:
        name = UUID(line["alert"])
        opened_at = datetime.fromisoformat(line["opened_at"])
        waits_since = line.get("waiting_since")
        since = datetime.fromisoformat(waits_since) if waits_since else None
        alerts.setdefault(name, BlindAlert(
            name, line["handset"], line["channel"], line["kind"], opened_at, waiting_since=since,
            waits=line.get("waits", 0), number=line.get("number"),
        ))  # fmt: skip
    elif "answer" in line:
        name = UUID(line["of"])
        alerts[name] = alerts[name].heard(BlindAnswer(line["answer"], line["kind"], line["said"]))
    else:
        name = UUID(line["of"])
        alerts[name] = alerts[name].told(_delivery(line))


def _delivery(line: dict[str, Any]) -> BlindDelivery:
    again = line["next_try_at"]
    return BlindDelivery(
        line["key"], line["destination"], line["step"], DeliveryState(line["state"]),
        line["attempts"], datetime.fromisoformat(line["made_at"]),
        datetime.fromisoformat(again) if again else None, line["said"], line["reference"],
        line.get("round", 0), line.get("is_on_record", False),
    )  # fmt: skip
