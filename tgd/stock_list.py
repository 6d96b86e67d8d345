"""Many handsets at once from a table of rows: all of them or none, with a word for each line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, SQLModel

from tgd import ids, inventory, journal
from tgd.casework import csv_list
from tgd.casework.csv_list import NotAList
from tgd.errors import Incomplete, Refusal, SomebodyWasFaster
from tgd.journal import Line
from tgd.records import (
    Allocation,
    CaseFile,
    Consent,
    Deadline,
    Decision,
    Handset,
    ProtectedPerson,
)
from tgd.rules.handset import GIVABLE, HandsetState
from tgd.rules.law_texts import TEXTS, LegalText
from tgd.rules.legible import is_legible
from tgd.rules.phone import e164
from tgd.store import deadlines, files, law
from tgd.store import inventory as store

COLUMNS = (
    "handset", "number", "name", "place", "city", "insee", "days", "geolocation", "note", "court",
)  # fmt: skip
"""`handset` or `number` names the device (an unknown number is enrolled; with both empty a handset
without a number is). `name` empty: it stays in the stock. `days`: 1 to 366, empty for 180.
`geolocation`: yes or no, and must be said when there is a name."""

YES, NO = ("yes", "oui"), ("no", "non")
USUAL_DAYS, MOST_DAYS = 180, 366
LONGEST = {
    "handset": 64, "number": 40, "name": 200, "place": 200, "city": 100, "insee": 5, "days": 10,
    "geolocation": 10, "note": 2000, "court": 40,
}  # fmt: skip
"""Characters of a cell; none is longer than its place in the record."""
Said = dict[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list: what it says by column, or why it says nothing."""

    line: int
    said: Mapping[str, str]
    problem: str | None = None


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


@dataclass(slots=True)
class _Held:
    """What is known of a handset while the lines are judged, one after the other."""

    state: str
    given: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    is_open: bool = False


@dataclass(slots=True)
class _Stock:
    """The handsets that the list names, as the record and the lines before leave them."""

    by_id: dict[str, _Held]
    by_number: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Wish:
    """A sound line: the handset, whether it is enrolled by it, and who gets it."""

    handset: str
    number: str | None
    is_new: bool
    person: inventory.Row | None
    ends_at: datetime
    geolocation: bool
    court: str | None


@dataclass(slots=True)
class _Rows:
    """What a part of a sound list writes, table by table."""

    of: dict[type[SQLModel], list[inventory.Row]] = field(
        default_factory=lambda: {table: [] for table in TABLES}
    )
    journal: list[Line] = field(default_factory=list)
    texts: Sequence[LegalText] = TEXTS


TABLES: tuple[type[SQLModel], ...] = (
    Handset, ProtectedPerson, CaseFile, Decision, Deadline, Allocation, Consent,
)  # fmt: skip
"""In the order in which one names the other."""
PART = 1000
"""So many lines are written at once: neither a statement nor the pause before it is long."""


def read(raw: bytes) -> list[Listed]:
    """The lines of a CSV file whose heading names some of COLUMNS. Raises NotAList."""
    table = csv_list.read(raw)
    for n, name in enumerate(table.heading):
        if name not in COLUMNS:
            raise NotAList(f"Columns are {', '.join(COLUMNS)}; “{name[:60]}” is none of them.")
        if name in table.heading[:n]:
            raise NotAList(f"The column “{name}” stands twice in the heading.")
    return [
        Listed(row.line, {} if row.problem else table.said(row), row.problem) for row in table.rows
    ]


def import_people(
    session: Session, listed: Sequence[Listed], now: datetime, *,
    dry_run: bool = False, by: str = inventory.COMMAND_LINE,
    read: Callable[[int], None] | None = None,
) -> Report:  # fmt: skip
    """Enrol and give what the lines say: all of them, or nothing at all.

    Every line is judged before anything is written, then all is written in a few statements.
    `read` is told after each line how many have been judged. Raises SomebodyWasFaster.
    """
    for _ in range(2):  # a number that somebody enrols at this moment is known the second time
        judged = _judge(session, listed, now, read, wait=not dry_run)
        wishes = [one for one in judged if isinstance(one, _Wish)]
        if dry_run or len(wishes) < len(judged):
            unkept = [_unkept(x.line, one) for x, one in zip(listed, judged, strict=True)]
            return Report(tuple(unkept), kept=False)
        secrets = _keep(session, wishes, now, by)
        if secrets is not None:
            kept = [
                LineRead(x.line, one.handset, secrets.get(one.handset) if one.is_new else None)
                for x, one in zip(listed, wishes, strict=True)
            ]
            return Report(tuple(kept), kept=True)
    raise SomebodyWasFaster


def _unkept(n: int, judged: _Wish | str) -> LineRead:
    """The id of a handset that was not enrolled is nobody's."""
    if isinstance(judged, str):
        return LineRead(n, problem=judged)
    return LineRead(n, None if judged.is_new else judged.handset)


def _judge(
    session: Session, listed: Sequence[Listed], now: datetime, read: Callable[[int], None] | None,
    *, wait: bool,
) -> list[_Wish | str]:  # fmt: skip
    """For each line what it wishes, or the sentence that says what is wrong with it."""
    cells = [{name: one.said.get(name, "") for name in COLUMNS} for one in listed]
    unfit = [one.problem or _unfit(said) for one, said in zip(listed, cells, strict=True)]
    fit = [said for said, problem in zip(cells, unfit, strict=True) if problem is None]
    spelled = {n: e164(n) for n in {said["number"] for said in fit if said["number"]}}
    stock = _known(session, fit, [n for n in spelled.values() if n], now, wait=wait)
    judged: list[_Wish | str] = []
    for said, problem in zip(cells, unfit, strict=True):
        try:
            judged.append(problem or _wish(stock, said, spelled, now))
        except Refusal as refusal:
            judged.append(str(refusal))
        if read is not None:
            read(len(judged))
    return judged


def _unfit(said: Said) -> str | None:
    """The sentence for a cell that no column takes, or that nobody could read."""
    for column, cell in said.items():
        if len(cell) > LONGEST[column]:
            return f"“{column}” is longer than {LONGEST[column]} characters."
        if not is_legible(cell, LONGEST[column]):
            odd = next(one for one in cell if not one.isprintable())
            return f"“{column}” holds a character that cannot be printed (U+{ord(odd):04X})."
    return None


def _known(
    session: Session, fit: Sequence[Said], numbers: Sequence[str], now: datetime, *, wait: bool
) -> _Stock:
    named = sorted({said["handset"] for said in fit if said["handset"]})
    found = store.named_by(session, named, numbers, wait=wait)
    by_id = {row.id: _Held(row.state) for row in found}
    for one in store.carried(session, list(by_id), now):
        held = by_id[one.handset]
        held.given.append((one.begins_at, one.ends_at))
        held.is_open |= one.is_open
    return _Stock(by_id, {row.number: row.id for row in found if row.number})


def _wish(stock: _Stock, said: Said, spelled: Mapping[str, str | None], now: datetime) -> _Wish:
    """What the line asks for; the stock is then as it leaves it. Raises Refusal."""
    number = None if said["handset"] else spelled.get(said["number"])
    known = said["handset"] or (stock.by_number.get(number) if number else None)
    if said["handset"] and said["handset"] not in stock.by_id:
        raise inventory.NotThere
    if not known and said["number"] and number is None:
        inventory.spelled(said["number"])
    held = stock.by_id[known] if known else _Held(HandsetState.PROVISIONED)
    person, ends_at, geolocation = None, now, False
    if said["name"]:
        ends_at = now + timedelta(days=_days(said["days"]))
        geolocation = _agreed(said["geolocation"])
        person = inventory.protected(said["name"], _places(said), said["note"] or None, now)
        _give(held, now, ends_at)
    handset = known or ids.new_handset()
    stock.by_id[handset] = held
    if number:
        stock.by_number[number] = handset
    return _Wish(
        handset, number, not known, person, ends_at, geolocation, said["court"] or None
    )  # fmt: skip


def _places(said: Said) -> list[dict[str, str]]:
    place = {"label": said["place"], "city": said["city"], "insee": said["insee"]}
    return [place] if any(place.values()) else []


def _give(held: _Held, now: datetime, ends_at: datetime) -> None:
    """The rules of `inventory.allocate` on what is known. Raises Overlaps, WrongState."""
    if any(begins < ends_at and (end is None or end > now) for begins, end in held.given):
        raise inventory.Overlaps(inventory.OVERLAPS["allocation_one_per_handset"])
    if held.is_open:
        raise inventory.Overlaps(inventory.OVERLAPS["allocation_one_open_per_handset"])
    if held.state not in GIVABLE:
        raise inventory.not_givable(held.state)
    held.given.append((now, ends_at))
    held.is_open, held.state = True, HandsetState.ISSUED


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


def _keep(
    session: Session, wishes: Sequence[_Wish], now: datetime, by: str
) -> dict[str, str] | None:
    """Write all of it; gives the secrets of new handsets, or None when the record refuses it."""
    secrets = {one.handset: ids.new_secret() for one in wishes if one.is_new}
    courts = {code: files.known_court(session, code) for code in {w.court for w in wishes}}
    with session.begin_nested() as all_of_it:
        for first in range(0, len(wishes), PART):
            rows = _Rows(texts=law.texts(session))
            for one in wishes[first : first + PART]:
                _add_wish(rows, one, secrets, courts[one.court], now, by)
            if not _keep_part(session, rows):
                all_of_it.rollback()
                return None
    return secrets


def _keep_part(session: Session, rows: _Rows) -> bool:
    """False when the record refuses a row. Raises SomebodyWasFaster."""
    if store.add_lists(session, *rows.of.items()) is not None:
        return False
    given = [row["handset"] for row in rows.of[Allocation]]
    if not store.change_states(session, given, GIVABLE, HandsetState.ISSUED):
        raise SomebodyWasFaster
    journal.write(session, rows.journal)
    return True


def _add_wish(
    rows: _Rows, one: _Wish, secrets: Mapping[str, str], court: str | None, now: datetime, by: str
) -> None:
    if one.is_new:
        row, line = inventory.enrolled(
            one.handset, one.number, now, secrets[one.handset], False, by
        )
        rows.of[Handset].append(row)
        rows.journal.append(line)
    if one.person is not None:
        _add_gift(rows, one, one.person, court, now, by)


def _add_gift(
    rows: _Rows, one: _Wish, person: inventory.Row, court: str | None, now: datetime, by: str
) -> None:
    """The rows and lines of `inventory.give`."""
    period, name = (now, one.ends_at), person["id"]
    file, decision = inventory.paper(name, period, now, court, by, rows.texts)
    allocation = inventory.given(one.handset, name, period, decision["id"], now, one.court)
    rows.of[ProtectedPerson].append(person)
    rows.of[CaseFile].append(file)
    rows.of[Decision].append(decision)
    end = deadlines.first_plan(file["id"], inventory.paper_end(period), now)
    rows.of[Deadline].append(end)
    rows.of[Allocation].append(allocation)
    rows.journal.append(inventory.given_line(allocation, period, now, by))
    for scope in inventory.scopes(one.geolocation):
        row, line = inventory.consented(name, scope, now, by)
        rows.of[Consent].append(row)
        rows.journal.append(line)
