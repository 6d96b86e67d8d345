"""Rows of several tables in one statement: what a batch adds costs one round trip.

They travel as one JSON per table. So the statement is the same for one row as for ten thousand: it
is planned once, and nobody parses thousands of parameters, neither we nor the record.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, SQLModel

Rows = Sequence[dict[str, Any]]


def add(session: Session, *lists: tuple[type[SQLModel], Rows]) -> None:
    """New rows, all of one table with the same columns; what they do not say is as the table has
    it. They may refer to each other across tables, in whatever order these are named."""
    _add(session, lists)


def add_once(session: Session, table: type[SQLModel], rows: Rows, constraint: str) -> None:
    """The same for one table; a row that this constraint knows already stays as it was."""
    _add(session, [(table, rows)], constraint)


def _add(
    session: Session, lists: Sequence[tuple[type[SQLModel], Rows]], once: str | None = None
) -> None:
    named = [(table, rows) for table, rows in lists if rows]
    if not named:
        return
    shape = tuple((table, tuple(rows[0])) for table, rows in named)
    said = {str(table.__tablename__): _said(table, rows) for table, rows in named}
    session.connection().execute(_statement(shape, once), said)


@cache  # as many as there are places that call us
def _statement(
    shape: tuple[tuple[type[SQLModel], tuple[str, ...]], ...], once: str | None
) -> TextClause:
    *before, last = (_insert(table, columns, once) for table, columns in shape)
    ahead = ", ".join(f"w{n} AS ({one})" for n, one in enumerate(before))
    return text(f"WITH {ahead} {last}" if before else last)


def _insert(table: type[SQLModel], said: tuple[str, ...], once: str | None) -> str:
    name = table.__tablename__
    columns = ", ".join(f'"{one}"' for one in (*said, *_usual(table, said)))
    kept = f' ON CONFLICT ON CONSTRAINT "{once}" DO NOTHING' if once else ""
    return (
        f'INSERT INTO "{name}" ({columns}) SELECT {columns} FROM'  # noqa: S608
        f' jsonb_populate_recordset(CAST(NULL AS "{name}"), CAST(:{name} AS jsonb)){kept}'
    )


@cache
def _usual(table: type[SQLModel], said: tuple[str, ...]) -> dict[str, Any]:
    """What the table has for columns that its rows do not name."""
    usual = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in table.model_fields.items()
        if not field.is_required() and name not in said
    }
    return {name: value for name, value in usual.items() if value is not None}


def _said(table: type[SQLModel], rows: Rows) -> str:
    columns = rows[0].keys()
    assert all(row.keys() == columns for row in rows), "rows of one table name the same columns"
    usual = _usual(table, tuple(columns))
    return json.dumps([row | usual for row in rows] if usual else rows, default=_spelled)


def _range(value: Range[Any]) -> str:
    ends = (value.lower, value.upper)
    return f"[{','.join('' if one is None else one.isoformat() for one in ends)})"


_SPELLING: dict[type[Any], Callable[[Any], str]] = {
    UUID: str, datetime: datetime.isoformat, date: date.isoformat, Range: _range,
    bytes: lambda value: "\\x" + value.hex(),
}  # fmt: skip


def _spelled(value: Any) -> str:
    """The value as PostgreSQL reads it from a text; a KeyError for what nobody has foreseen."""
    return _SPELLING[type(value)](value)
