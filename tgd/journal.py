"""The append-only journal: who did what, when and why, in the act's own transaction.

Lines are chained by hashes a moment later, in order of their number, by one sealer at a time:
h(n) = SHA-256(h(n-1) ‖ canonical line n). So acts never wait for each other, and whoever changes,
removes, inserts or reorders a sealed line breaks the chain at a place that `verify` names.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd.records import Journal
from tgd.store import chain

START = hashlib.sha256(b"tgd journal v1").digest()
"""What the first line is chained to."""


@dataclass(frozen=True, slots=True)
class Line:
    """One act, to be written with the change it tells of."""

    at: datetime
    who: str
    act: str
    alert: UUID | None = None
    handset: str | None = None
    detail: dict[str, Any] | None = None


def write(session: Session, lines: Iterable[Line]) -> None:
    """Append lines in the act's own transaction."""
    chain.append(session, rows(lines))


def rows(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The lines as the record keeps them, for whoever adds them together with the change."""
    return [
        {"at": x.at, "who": x.who, "act": x.act, "alert": x.alert, "handset": x.handset,
         "detail": x.detail or {}}
        for x in lines
    ]  # fmt: skip


SEALED_AT_ONCE = 1000
"""A longer transaction would keep the other sealers waiting for nothing."""


def seal(session: Session, limit: int = SEALED_AT_ONCE) -> int:
    """Chain the lines that are committed and not yet sealed; gives their number.

    Only one sealer works at a time (a transaction lock); another finds nothing to do.
    """
    if not chain.may_seal(session):
        return 0
    place, last = chain.head(session, START)
    lines = chain.unsealed(session, limit)
    sealed = []
    for line in lines:
        place += 1
        last = hashed(last, place, line)
        sealed.append((line.seq, place, last))
    chain.write_seals(session, sealed)
    return len(sealed)


def hashed(before: bytes, place: int, line: "Journal | Any") -> bytes:
    """The hash of a line at its place, after the hash before it."""
    return hashlib.sha256(before + canonical(place, line)).digest()


def canonical(place: int, line: "Journal | Any") -> bytes:
    """One spelling of a line, for ever: JSON with sorted keys and times in UTC microseconds."""
    content = [
        place, line.seq, line.at.astimezone(UTC).isoformat(timespec="microseconds"), line.who,
        line.act, str(line.alert) if line.alert else None, line.handset, line.detail,
    ]  # fmt: skip
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found."""

    sealed: int
    unsealed: int
    head: str
    broken_at: int | None = None
    why: str | None = None


def verify(batches: Iterable[Sequence[Journal]], unsealed: int) -> Verdict:
    """Walk the sealed lines in the order of their place and say where the chain was broken.

    Truncation of the newest lines cannot be seen from inside: compare `head` with one that was
    written down elsewhere (`tgd journal verify --expect-head`).
    """
    place, last = 0, START
    for lines in batches:
        for line in lines:
            if line.place != place + 1:
                return _broken(place, unsealed, last, place + 1, "a line is missing here")
            if line.hash != hashed(last, line.place, line):
                return _broken(place, unsealed, last, line.place, "this line was changed")
            place, last = line.place, line.hash
    return Verdict(place, unsealed, last.hex())


def _broken(sealed: int, unsealed: int, last: bytes, at: int, why: str) -> Verdict:
    return Verdict(sealed, unsealed, last.hex(), at, why)
