"""The live channel: follows the record, makes each fact once, and hands it to every console.

The table is the truth: each turn reads all open alerts again and compares, so that a late commit,
a lost nudge or a gap in the journal's numbers loses nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import clock
from tgd.accounts import Seat
from tgd.allocation import whose
from tgd.allocation.acting import officer
from tgd.errors import RecordAway
from tgd.listening import Listener
from tgd.log import log
from tgd.rules.territory import Area
from tgd.store import canaries, nudges, room_words, shifts
from tgd.store import console as store
from tgd.web.facts import fingerprint, row_of
from tgd.web.place_facts import communes

POLL_S = 1.0
"""Slowest reading of the record when no nudge comes."""
GATHER_S = 0.03
"""A flood of nudges is read together."""
OVERLAP = timedelta(seconds=60)
"""How long a commit may be late and still be seen as a change after it was closed."""
STALE_S = 5.0
"""A hub that has not read the record for so long does not say that all is well."""
CANARIES_S = 10.0
ROOM_S = 3.0
GONE = "gone"
"""The list of an alert that is outside somebody's court or area."""
MOST_WAITING = 50
"""A console that has so many facts to read is cut off; it comes back and catches up."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What changed: rows of the list, at a number of the journal."""

    seq: int
    rows: list[dict[str, Any]]
    said: dict[str, str] = field(default_factory=dict, compare=False)
    """As an event, per language: made once, whatever the number of consoles and their pace."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is to be known on every page of the room, alerts aside."""

    to_mend: int = 0
    on_shift: dict[str, bool] = field(default_factory=dict)
    """Whose shift runs, and whether a telephone is given for it."""
    unread: frozenset[str] = frozenset()
    """Who left a hand-over that nobody has confirmed."""
    words: tuple[Any, ...] = ()
    """What is said to everybody on shift, with who has read it."""

    def unread_by(self, name: str) -> list[Any]:
        """What this person, whose shift runs, has not read of it."""
        if name not in self.on_shift:
            return []
        return [w for w in self.words if name != w.said_by and name not in w.readers]

    def missing(self, name: str, *, has_voice: bool) -> list[str]:
        """What this person has still to do before answering for anybody."""
        if name not in self.on_shift:
            return ["shift"]
        found = ["hand_over"] if self.unread - {name} else []
        return found + (["telephone"] if has_voice and not self.on_shift[name] else [])


def read_room(session: Session) -> Room:
    """The room as it is now."""
    now = clock.now()
    return Room(
        shifts.to_mend(session, now), shifts.on_shift(session), shifts.left_unread(session),
        tuple(room_words.running(session, now)),
    )  # fmt: skip


Ask = Callable[[Callable[[Session], Any]], Awaitable[Any]]


class Hub:
    """Reads once for all consoles of this process."""

    def __init__(self, ask: Ask, listener: Listener, areas: tuple[Area, ...] = ()) -> None:
        self._ask = ask
        self._areas = areas
        self._listener = listener
        self._seen: dict[UUID, tuple[Any, ...]] = {}
        self._open: set[UUID] = set()
        self.consoles: dict[asyncio.Queue[Fact | None], str] = {}
        """Each stream that is open, and whose it is."""
        self._task: asyncio.Task[None] | None = None
        self._read_at = float("-inf")
        self._closing = False
        self.seq = 0
        self.canaries: list[Any] = []
        """Which channels are to be heard, and when each was heard last."""
        self._canaries_at = self._room_at = float("-inf")
        self.room = Room()
        self.owners: frozenset[str] = frozenset()
        """Who answers for an open alert."""
        self._owner_of: dict[UUID, str | None] = {}
        self.lookers: dict[UUID, list[str]] = {}
        """Who has the sheet of which open alert on a screen."""

    @property
    def is_fresh(self) -> bool:
        """True while the record was read a moment ago."""
        return time.monotonic() - self._read_at < STALE_S

    async def open(self) -> None:
        """Start to follow the record."""
        self._task = asyncio.create_task(self._forever(), name="hub")

    async def close(self) -> None:
        """Stop, and end every console's stream.

        Cancelling alone is not enough: until Python 3.12 `wait_for` forgets a cancellation that
        comes in the moment of a nudge.
        """
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for console in self.consoles:
            _end(console)

    def look_at_room(self) -> None:
        """The next turn reads the room again: somebody here has changed it."""
        self._room_at = float("-inf")

    def looks_at_something(self, name: str) -> bool:
        """Whether this person has the sheet of an open alert on a screen."""
        return any(name in names for names in self.lookers.values())

    def others_at(self, name: str) -> dict[str, list[str]]:
        """Who else has which open alert on a screen: neither this person nor who answers for it,
        whom the row names already."""
        found = {
            str(alert): [one for one in names if one not in (name, self._owner_of.get(alert))]
            for alert, names in self.lookers.items()
        }
        return {alert: names for alert, names in found.items() if names}

    def has_screen(self, name: str) -> bool:
        """Whether a console of this person is connected to this process now."""
        return name in self.consoles.values()

    def subscribe(self, name: str) -> asyncio.Queue[Fact | None]:
        """Facts from now on; None at the end. Subscribe before you read what was missed."""
        console: asyncio.Queue[Fact | None] = asyncio.Queue(MOST_WAITING)
        self.consoles[console] = name
        return console

    def unsubscribe(self, console: asyncio.Queue[Fact | None]) -> None:
        """This console has gone."""
        self.consoles.pop(console, None)

    async def _forever(self) -> None:
        while not self._closing:
            try:
                await self._turn()
            except RecordAway:
                log.warning("console_record_away")
            except Exception as error:  # noqa: BLE001 the one loop of the process logs and lives
                log.error("console_turn_failed", exc_info=error)
            if await self._listener.wait(nudges.CONSOLE, POLL_S):
                await asyncio.sleep(GATHER_S)

    async def _turn(self) -> None:
        since = clock.now() - OVERLAP
        watched = frozenset(self._open)
        before = self._seen
        read = await self._ask(lambda session: _read(session, since, watched, before, self._areas))
        seq, rows, self.lookers = read.seq, read.rows, read.lookers
        if time.monotonic() - self._canaries_at > CANARIES_S:
            self.canaries, self._canaries_at = await self._ask(canaries.listed), time.monotonic()
        if time.monotonic() - self._room_at > ROOM_S:
            self.room, self._room_at = await self._ask(read_room), time.monotonic()
        self._seen = read.seen
        self.owners = frozenset(r.owner for r in rows if r.owner and r.closed_at is None)
        self._owner_of = {r.id: r.owner for r in rows if r.closed_at is None}
        self._open = set(self._owner_of)
        self.seq, self._read_at = max(self.seq, seq), time.monotonic()
        if read.changed:
            self._tell(Fact(self.seq, read.changed))

    def _tell(self, fact: Fact) -> None:
        for console in tuple(self.consoles):
            try:
                console.put_nowait(fact)
            except asyncio.QueueFull:
                self.consoles.pop(console, None)
                _end(console)


def _end(console: asyncio.Queue[Fact | None]) -> None:
    """A console that is too slow, or that is to end, comes back and catches up."""
    while console.full():
        console.get_nowait()
    console.put_nowait(None)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one turn has read."""

    seq: int
    rows: list[Any]
    seen: dict[UUID, tuple[Any, ...]]
    changed: list[dict[str, Any]]
    lookers: dict[UUID, list[str]]


def _read(
    session: Session, since: datetime, watched: frozenset[UUID],
    before: dict[UUID, tuple[Any, ...]], areas: tuple[Area, ...],
) -> _Reading:  # fmt: skip
    """All that a turn asks, in one transaction: the rows that look otherwise than before with where
    they are."""
    seq, rows = read_rows(session, since, watched)
    seen = {r.id: fingerprint(r) for r in rows}
    changed = rows_of(session, [r for r in rows if before.get(r.id) != seen[r.id]], areas)
    return _Reading(seq, rows, seen, changed, shifts.lookers(session, clock.now()))


def rows_of(session: Session, rows: list[Any], areas: tuple[Area, ...]) -> list[dict[str, Any]]:
    """Rows of the list; those of open alerts with the commune where they are."""
    located = [r.id for r in rows if r.has_position and r.closed_at is None]
    there = communes(session, located, areas)
    return [row_of(r, there.get(r.id)) for r in rows]


def rows_for(
    session: Session, seat: Seat, rows: list[Any], areas: tuple[Area, ...]
) -> list[dict[str, Any]]:
    """Rows as this person may have them now: without places behind a lock."""
    made = rows_of(session, rows, () if seat.locked else areas)
    return [row for row in within_reach(session, seat, made, areas) if row["list"] != GONE]


def read_rows(
    session: Session, since: datetime, watched: frozenset[UUID] = frozenset()
) -> tuple[int, list[Any]]:
    """The head of the journal *before* the rows are read, and the rows."""
    return store.head_seq(session), store.live_rows(session, since, watched)


def within_reach(
    session: Session, seat: Seat, rows: list[dict[str, Any]], areas: tuple[Area, ...]
) -> list[dict[str, Any]]:
    """The rows with those that do not exist for this person marked as gone: a screen that has one
    of them takes it away."""
    if seat.role not in whose.BOUND:
        return rows
    who = officer(session, seat.name, seat.role, clock.now(), areas)
    ids = whose.reached(session, who.reach, [UUID(row["id"]) for row in rows], areas)
    return [row if UUID(row["id"]) in ids else row | {"list": GONE} for row in rows]


def missed(session: Session, seq: int, areas: tuple[Area, ...]) -> Fact:
    """Everything open, and what was closed since this number with an overlap: twice is harmless."""
    at = store.moment_of_seq(session, seq) if seq > 0 else None
    since = at - OVERLAP if at is not None else clock.now()
    head, rows = read_rows(session, since)
    return Fact(head, rows_of(session, rows, areas))
