"""Lists as CSV: read line by line whatever a spreadsheet made of them, and written so that none
takes a cell for a formula; white."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tgd.casework.fields import word
from tgd.errors import Incomplete

MOST_LINES = 10_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")

NOT_UTF8 = word("This file is not in UTF-8: save it as “CSV UTF-8”.")
TOO_MANY = word("This file has more than 10,000 lines: split it.")
NO_LINES = word("This file has no line under its heading.")
CELLS = word("This line has more or fewer cells than the heading.")
QUOTE = word("From this line on the file cannot be read: a quote is not closed, or never opened.")


class NotAList(Incomplete):
    """This file is no list."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: where it begins, its cells as they were written."""

    line: int
    cells: tuple[str, ...]
    problem: str | None = None
    """An id of the catalogues: it is no line of this list, whatever its cells say."""


@dataclass(frozen=True, slots=True)
class Table:
    """The heading and every line under it that says something."""

    heading: tuple[str, ...]
    """In small letters and without spaces around."""
    rows: tuple[Row, ...]

    def said(self, row: Row) -> dict[str, str]:
        """The cells of a sound row by their columns, without spaces around."""
        return {n: cell.strip() for n, cell in zip(self.heading, row.cells, strict=True)}


def read(raw: bytes) -> Table:
    """The list in UTF-8, with or without a mark, its cells parted by semicolons or else commas.

    Empty lines are left out and counted. Lines after one that cannot be parted are nobody's: it is
    the last row, with its problem. Raises NotAList.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAList(NOT_UTF8) from None
    heading, *rows = _rows(text, most=MOST_LINES + 2) or [Row(1, ())]
    if heading.problem:
        raise NotAList(heading.problem)
    if not rows:
        raise NotAList(NO_LINES)
    if len(rows) > MOST_LINES:
        raise NotAList(TOO_MANY)
    names = tuple(cell.strip().lower() for cell in heading.cells)
    return Table(names, tuple(_judged(row, len(names)) for row in rows))


def _judged(row: Row, width: int) -> Row:
    if row.problem or len(row.cells) == width:
        return row
    return Row(row.line, row.cells, CELLS)


def _rows(text: str, most: int) -> list[Row]:
    """Rows with anything in them, each with the number of its first line."""
    found: list[Row] = []
    last = 0
    parted = csv.reader(io.StringIO(text, newline=""), delimiter=_mark_of(text), strict=True)
    for cells in _until_broken(parted):
        if cells is None:
            return [*found, Row(last + 1, (), QUOTE)]
        if any(cell.strip() for cell in cells):
            found.append(Row(last + 1, tuple(_bare(cell) for cell in cells)))
        last = parted.line_num
        if len(found) == most:
            break
    return found


def _until_broken(parted: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """None in the place of what cannot be parted into cells."""
    try:
        yield from parted
    except csv.Error:
        yield None


def _mark_of(text: str) -> str:
    """What parts the cells, by the first line that says something."""
    lines = io.StringIO(text, newline="")
    head = next((line for line in lines if line.strip()), "")
    return "," if "," in head and ";" not in head else ";"


def _bare(cell: str) -> str:
    """Without the apostrophe by which `safe_cell` marks a text."""
    return cell[1:] if cell.startswith("'") and _is_like_formula(cell[1:]) else cell


def _is_like_formula(cell: str) -> bool:
    return cell.lstrip("'").startswith(FORMULA)


def written(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """A CSV for spreadsheets: semicolons, UTF-8 with its mark, no cell that they would run."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(row.get(name)) for name in columns])
    return ("\ufeff" + out.getvalue()).encode()


def safe_cell(value: Any) -> str:
    """The value as text; what begins like a formula is marked as text by an apostrophe, and so is
    what begins like such a mark, so that `read` gives it back."""
    text = "" if value is None else str(value)
    return "'" + text if _is_like_formula(text) else text
