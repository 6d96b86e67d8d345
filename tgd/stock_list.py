"""Many handsets at once from a table of rows: all of them or none, with a word for each line."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from tgd import ids, inventory
from tgd.errors import Incomplete, Refusal
from tgd.rules.legible import is_legible
from tgd.rules.phone import e164
from tgd.store import inventory as store

COLUMNS = (
    "handset", "number", "name", "place", "city", "insee", "days", "geolocation", "note", "court",
)  # fmt: skip
"""`handset` or `number` names the device (an unknown number is enrolled; with both empty a handset
without a number is). `name` empty: it stays in the stock. `days`: 1 to 366, empty for 180.
`geolocation`: yes or no, and must be said when there is a name."""

LONGEST = dict.fromkeys(COLUMNS, 120) | {"note": 2000, "court": 40, "handset": 64}
"""Characters of a cell: never more than the record takes."""

YES, NO = ("yes", "oui"), ("no", "non")
USUAL_DAYS, MOST_DAYS = 180, 366


@dataclass(frozen=True, slots=True)
class LineRead:
    """What became of one line; `secret` only for a handset enrolled by it."""

    line: int
    handset: str | None = None
    secret: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All lines; `kept` says whether the record has changed."""

    lines: tuple[LineRead, ...]
    kept: bool

    @property
    def is_sound(self) -> bool:
        """No line has a problem."""
        return all(line.problem is None for line in self.lines)


def import_people(
    session: Session, rows: Iterable[Mapping[str, str | None]], now: datetime, *,
    dry_run: bool = False, by: str = inventory.COMMAND_LINE,
    read: Callable[[int], None] | None = None,
) -> Report:  # fmt: skip
    """Enrol and give what the rows (COLUMNS, first line 2) say: all of them, or nothing at all.

    `read` is told after each line how many have been read.
    Raises Incomplete when there is no row, or a column that nobody knows.
    """
    with session.begin_nested() as savepoint:
        lines = []
        for n, row in enumerate(rows, 2):
            lines.append(_read(session, n, row, now, by))
            if read is not None:
                read(len(lines))
        if not lines:
            raise Incomplete("The list has no line under its heading.")
        kept = not dry_run and all(line.problem is None for line in lines)
        if not kept:
            savepoint.rollback()
    return Report(tuple(lines if kept else map(_without_promise, lines)), kept)


def _without_promise(line: LineRead) -> LineRead:
    """A secret that was not kept must not be written into a device."""
    return replace(line, handset=None, secret=None) if line.secret else line


def _read(
    session: Session, n: int, row: Mapping[str, str | None], now: datetime, by: str
) -> LineRead:
    """One line, in a savepoint of its own so that the next one is judged as well."""
    unknown = [name for name in row if name not in COLUMNS]
    if unknown:
        raise Incomplete(f"Columns are {', '.join(COLUMNS)}; “{unknown[0]}” is none of them.")
    said = {name: (row.get(name) or "").strip() for name in COLUMNS}
    try:
        _must_be_legible(said)
        with session.begin_nested():
            handset, secret = _handset(session, said, now, by)
            if said["name"]:
                _give(session, handset, said, now, by)
    except Refusal as refusal:
        return LineRead(n, problem=str(refusal))
    return LineRead(n, handset, secret)


def _must_be_legible(said: dict[str, str]) -> None:
    for name, cell in said.items():
        if not is_legible(cell, LONGEST[name]):
            raise Incomplete(
                f"“{name}” has over {LONGEST[name]} characters, or some that cannot be printed."
            )


def _handset(
    session: Session, said: dict[str, str], now: datetime, by: str
) -> tuple[str, str | None]:
    if said["handset"]:
        if store.handset(session, said["handset"]) is None:
            raise inventory.NotThere
        return said["handset"], None
    spelled = e164(said["number"]) if said["number"] else None
    found = store.handset_with_number(session, spelled) if spelled else None
    if found:
        return found, None
    secret = ids.new_secret()
    return inventory.enroll(session, said["number"] or None, now, secret=secret, by=by), secret


def _give(session: Session, handset: str, said: dict[str, str], now: datetime, by: str) -> None:
    period = (now, now + timedelta(days=_days(said["days"])))
    place = {"label": said["place"], "city": said["city"], "insee": said["insee"]}
    inventory.give(
        session, handset, said["name"], [place] if any(place.values()) else [], period, now,
        geolocation=_agreed(said["geolocation"]), note=said["note"] or None,
        court=said["court"] or None, by=by,
    )  # fmt: skip


def _days(said: str) -> int:
    if not said:
        return USUAL_DAYS
    if not said.isdecimal() or not 1 <= int(said) <= MOST_DAYS:
        raise Incomplete(f"“days” is a number from 1 to {MOST_DAYS}.")
    return int(said)


def _agreed(said: str) -> bool:
    """A consent is never assumed, and neither is its refusal."""
    if said.lower() not in YES + NO:
        raise Incomplete("“geolocation” must say yes or no: it is a consent of its own.")
    return said.lower() in YES
