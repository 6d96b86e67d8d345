"""The stock as CSV: a list whose lines are ordered, all of them or none, every bad line named."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from tgd.allocation.acting import Officer
from tgd.allocation.stock import order_all
from tgd.casework.csv_list import FORMULA, NotAList, Row, Table, read
from tgd.casework.fields import word
from tgd.casework.imei import is_imei, is_imsi
from tgd.rules.legible import is_legible
from tgd.rules.phone import e164
from tgd.store import board

COLUMNS = ("pool", "model", "battery", "radio", "number", "imei", "imsi")
WITHOUT_IMSI = COLUMNS[:-1]
"""What a list may do without: a SIM card is often put in later."""
LARGEST_BYTES = 2 * 1024 * 1024
LONGEST_CELL = 60

HEADING = word("The heading must be: pool, model, battery, radio, number, imei, imsi.")
ILLEGIBLE = word("A cell has more than 60 characters, or some that cannot be printed.")
A_FORMULA = word("A cell begins like a formula.")
NO_POOL = word("There is no such stock here.")
NO_PHONE = word("This is no telephone number: write it like +33639980001.")
BAD_IMEI = word("The IMEI is not 15 digits with a right check digit.")
BAD_IMSI = word("An IMSI is 14 or 15 digits, and begins with the country: 208 for France.")
TWICE = word("This number, IMEI or IMSI stands twice in the file.")
KNOWN = word("Another handset has this number, IMEI or IMSI already.")


@dataclass(frozen=True, slots=True)
class Judged:
    """One line of the file, and what is wrong with it."""

    line: int
    problem: str | None
    """An id of the catalogues."""
    handset: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Every line; `kept` says whether the record has changed."""

    lines: tuple[Judged, ...]
    kept: bool

    @property
    def bad(self) -> list[Judged]:
        """The lines with a problem."""
        return [one for one in self.lines if one.problem]


def import_stock(
    session: Session, officer: Officer, raw: bytes, now: datetime, *, dry_run: bool,
    told: Callable[[int], Callable[[int], None] | None] | None = None,
) -> Report:  # fmt: skip
    """Order what a file lists, all of its lines or none; with `dry_run` judge only. `told(total)`
    gives what is told of each line that was judged. Raises Incomplete for what is no list."""
    table = read(raw)
    if table.heading not in (COLUMNS, WITHOUT_IMSI):
        raise NotAList(HEADING)
    judged = _judge(session, officer, table, told(len(table.rows)) if told else None)
    if dry_run or any(one.problem for one in judged):
        return Report(tuple(judged), kept=False)
    wanted = [_listed(table.said(row)) for row in table.rows]
    ordered = order_all(session, officer, wanted, now)
    if ordered is None:  # somebody ordered one of them since they were judged
        return Report(tuple(_judge(session, officer, table)), kept=False)
    done = [Judged(row.line, None, one) for row, one in zip(table.rows, ordered, strict=True)]
    return Report(tuple(done), kept=True)


def _judge(
    session: Session, officer: Officer, table: Table, told: Callable[[int], None] | None = None
) -> list[Judged]:
    codes = {row.code for row in board.pools(session, officer.reach.courts)}
    named = [_own(table.said(row)) for row in table.rows if row.problem is None]
    known = board.known_numbers(session, {one for own in named for one in own})
    seen: set[tuple[str, str]] = set()
    judged = []
    for n, row in enumerate(table.rows, 1):
        judged.append(Judged(row.line, _problem(table, row, codes, known, seen)))
        if told is not None:
            told(n)
    return judged


def _problem(
    table: Table, row: Row, codes: set[str], known: set[tuple[str, str]],
    seen: set[tuple[str, str]],
) -> str | None:  # fmt: skip
    """What is wrong with one line; `seen` is what only one handset has, of the lines before."""
    if row.problem:
        return row.problem
    said = table.said(row)
    own = _own(said)
    checks: tuple[tuple[str, bool], ...] = (
        (ILLEGIBLE, not all(is_legible(cell, LONGEST_CELL) for cell in said.values())),
        (A_FORMULA, any(is_formula(k, v) for k, v in said.items())),
        (NO_POOL, said["pool"] not in codes),
        (NO_PHONE, bool(said["number"]) and e164(said["number"]) is None),
        (BAD_IMEI, bool(said["imei"]) and not is_imei(said["imei"])),
        (BAD_IMSI, bool(said.get("imsi")) and not is_imsi(said["imsi"])),
        (TWICE, bool(own & seen)),
        (KNOWN, bool(own & known)),
    )
    seen |= own
    return next((sentence for sentence, holds in checks if holds), None)


def _own(said: dict[str, str]) -> set[tuple[str, str]]:
    """What one handset only has, where it is well formed: its number as the record spells it,
    IMEI and IMSI."""
    number, imei, imsi = e164(said["number"]), said["imei"], said.get("imsi", "")
    named = (("number", number or ""), ("imei", imei if is_imei(imei) else ""),
             ("imsi", imsi if is_imsi(imsi) else ""))  # fmt: skip
    return {(column, one) for column, one in named if one}


def is_formula(column: str, cell: str) -> bool:
    """Whether a spreadsheet may run this cell; a number may begin with its country's plus."""
    plain = cell.replace(" ", "")
    if column == "number" and plain.startswith("+") and plain[1:].isdigit():
        return False
    return cell.startswith(FORMULA)


def _listed(said: dict[str, str]) -> dict[str, str | None]:
    """One line as it is ordered."""
    wanted = {name: cell or None for name, cell in said.items()}
    return wanted | {"number": e164(said["number"]) if said["number"] else None}
