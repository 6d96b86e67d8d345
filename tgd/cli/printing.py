"""What commands print: data on stdout, as one JSON document with a `schema` or as plain columns."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tgd.unseen import is_unseen, made_visible

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]


def show_json(document: Any) -> None:
    """One document on one line."""
    said = json.dumps(document, ensure_ascii=False, default=_spelled)
    if not said.isprintable():
        said = "".join(f"\\u{ord(c):04x}" if is_unseen(c) else c for c in said)
    sys.stdout.write(said + "\n")
    sys.stdout.flush()


def show(*lines: str) -> None:
    """Plain lines."""
    sys.stdout.write("".join(line + "\n" for line in lines))
    sys.stdout.flush()


def progress_of(total: int) -> Callable[[int], None] | None:
    """Says on a terminal how far a long work is, on one line of stderr; nothing elsewhere."""
    if not sys.stderr.isatty() or not total:
        return None

    def told(done: int) -> None:
        if done % max(1, total // 100) == 0 or done == total:
            bar = "#" * (30 * done // total)
            sys.stderr.write(f"\r[{bar:<30}] {done}/{total}" + ("\n" if done == total else ""))
            sys.stderr.flush()

    return told


def show_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns wide enough for what is in them."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for row in cells:
        show("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(f"{name}={_cell(one)}" for name, one in value.items()) or "-"
    return "-" if value is None else made_visible(str(value), keep=frozenset())


def _spelled(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
