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
from tgd.allocation.stock import order_all
from tgd.casework.fields import word
from tgd.casework.imei import is_imei
from tgd.errors import Incomplete
from tgd.rules.legible import is_legible
from tgd.rules.phone import e164
from tgd.store import board

COLUMNS = ("pool", "model", "battery", "radio", "number", "imei")
LARGEST_BYTES = 2 * 1024 * 1024
MOST_LINES = 10_000
LONGEST_CELL = 60
FORMULA = ("=", "+", "-", "@", "\t", "\r")

NOT_UTF8 = word("This file is not in UTF-8: save it as “CSV UTF-8”.")
TOO_MANY = word("This file has more than 10,000 lines: split it.")
NO_LINES = word("This file has no line under its heading.")
HEADING = word("The heading must be: pool, model, battery, radio, number, imei.")
CELLS = word("This line has more or fewer cells than the heading.")
ILLEGIBLE = word("A cell has more than 60 characters, or some that cannot be printed.")
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
    ordered = order_all(session, officer, [_listed(row) for _, row in rows], now)
    if ordered is None:  # somebody ordered one of them since they were judged
        return Report(tuple(_judge(session, officer, rows)), kept=False)
    done = [Judged(n, None, one) for (n, _), one in zip(rows, ordered, strict=True)]
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
    imeis = [one["imei"] for one in named if is_imei(one["imei"])]
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
        (ILLEGIBLE, not all(is_legible(cell, LONGEST_CELL) for cell in row)),
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


def _listed(row: list[str]) -> dict[str, str | None]:
    """One line as it is ordered."""
    said = {name: cell or None for name, cell in _named(row).items()}
    return said | {"number": e164(said["number"]) if said["number"] else None}


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
