"""The stock as CSV: a list read line by line, every bad line named, and one written that no
spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tgd.allocation.acting import Officer
from tgd.casework.fields import NotReadable, word
from tgd.casework.imei import is_imei
from tgd.casework.stock_acts import order
from tgd.errors import Incomplete, Refusal
from tgd.rules.phone import e164
from tgd.store import board

COLUMNS = ("pool", "model", "battery", "radio", "number", "imei")
LARGEST_BYTES = 2 * 1024 * 1024
MOST_LINES = 5000
FORMULA = ("=", "+", "-", "@", "\t", "\r")

NOT_UTF8 = word("This file is not in UTF-8: save it as “CSV UTF-8”.")
TOO_MANY = word("This file has more than 5000 lines: split it.")
NO_LINES = word("This file has no line under its heading.")
HEADING = word("The heading must be: pool, model, battery, radio, number, imei.")
CELLS = word("This line has more or fewer cells than the heading.")
A_FORMULA = word("A cell begins like a formula.")
NO_POOL = word("There is no such stock here.")
NO_PHONE = word("This is no telephone number: write it like +33639980001.")
BAD_IMEI = word("The IMEI is not 15 digits with a right check digit.")
TWICE = word("This number or IMEI stands twice in the file.")
KNOWN = word("Another handset has this number or this IMEI already.")


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
    session: Session, officer: Officer, raw: bytes, now: datetime, *, dry_run: bool
) -> Report:
    """Order what a file lists, all of its lines or none; with `dry_run` judge only. Raises
    Incomplete for a file that is no list at all."""
    rows = read(raw)
    judged = _judge(session, officer, rows)
    if dry_run or any(one.problem for one in judged):
        return Report(tuple(judged), kept=False)
    with session.begin_nested() as savepoint:
        done = [_ordered(session, officer, n, row, now) for n, row in rows]
        if any(one.problem for one in done):
            savepoint.rollback()
            return Report(tuple(done), kept=False)
    return Report(tuple(done), kept=True)


def read(raw: bytes) -> list[tuple[int, list[str]]]:
    """Lines with their numbers, cells trimmed. Raises Incomplete."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Incomplete(NOT_UTF8) from None
    head = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",")
    try:
        said = [(rows.line_num, [_bare(cell) for cell in row]) for row in rows if any(row)]
    except csv.Error:
        raise Incomplete(CELLS) from None
    if not said or [cell.lower() for cell in said[0][1]] != list(COLUMNS):
        raise Incomplete(HEADING)
    if len(said) == 1:
        raise Incomplete(NO_LINES)
    if len(said) > MOST_LINES + 1:
        raise Incomplete(TOO_MANY)
    return said[1:]


def _bare(cell: str) -> str:
    """Without spaces, and without the apostrophe by which `safe_cell` marks a text."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _judge(
    session: Session, officer: Officer, rows: Sequence[tuple[int, list[str]]]
) -> list[Judged]:
    codes = {row.code for row in board.pools(session, officer.reach.courts)}
    named = [_named(row) for _, row in rows if len(row) == len(COLUMNS)]
    numbers = [e164(one["number"]) or "" for one in named if one["number"]]
    imeis = [one["imei"] for one in named if one["imei"]]
    known = board.known_numbers(session, numbers, imeis)
    seen: set[str] = set()
    return [Judged(n, _problem(row, codes, known, seen)) for n, row in rows]


def _named(row: Sequence[str]) -> dict[str, str]:
    return dict(zip(COLUMNS, row, strict=True))


def _problem(row: list[str], codes: set[str], known: set[str], seen: set[str]) -> str | None:
    """What is wrong with one line; `seen` are numbers and IMEIs of the lines before."""
    if len(row) != len(COLUMNS):
        return CELLS
    said = _named(row)
    number = e164(said["number"]) if said["number"] else None
    own = {one for one in (number, said["imei"]) if one}
    checks: tuple[tuple[str, bool], ...] = (
        (A_FORMULA, any(is_formula(k, v) for k, v in said.items())),
        (NO_POOL, said["pool"] not in codes),
        (NO_PHONE, bool(said["number"]) and number is None),
        (BAD_IMEI, bool(said["imei"]) and not is_imei(said["imei"])),
        (TWICE, bool(own & seen)),
        (KNOWN, bool(own & known)),
    )
    seen |= own
    return next((sentence for sentence, holds in checks if holds), None)


def is_formula(column: str, cell: str) -> bool:
    """Whether a spreadsheet may run this cell; a number may begin with its country's plus."""
    plain = cell.replace(" ", "")
    if column == "number" and plain.startswith("+") and plain[1:].isdigit():
        return False
    return cell.startswith(FORMULA)


def _ordered(session: Session, officer: Officer, n: int, row: list[str], now: datetime) -> Judged:
    said = {name: cell or None for name, cell in _named(row).items()}
    try:
        with session.begin_nested():
            return Judged(n, None, order(session, officer, said, now))
    except NotReadable as error:
        return Judged(n, error.problem)
    except Refusal as refusal:
        return Judged(n, str(refusal))


def written(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """A CSV for spreadsheets: semicolons, UTF-8 with its mark, no cell that they would run."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(row.get(name)) for name in columns])
    return ("\ufeff" + out.getvalue()).encode()


def safe_cell(value: Any) -> str:
    """The value as text; what begins like a formula is marked as text by an apostrophe."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(FORMULA) else text
