"""Very many rows of one table in one statement: the record parts one JSON, faster than we would."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, SQLModel


def add(session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """New rows, all with the same columns; what they do not say is as the table has it."""
    if not rows:
        return
    usual = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in table.model_fields.items()
        if not field.is_required() and name not in rows[0]
    }
    filled = {name: value for name, value in usual.items() if value is not None}
    columns = ", ".join(f'"{name}"' for name in (*rows[0], *filled))
    statement = (
        f'INSERT INTO "{table.__tablename__}" ({columns}) SELECT {columns} FROM'  # noqa: S608
        f' jsonb_populate_recordset(NULL::"{table.__tablename__}", CAST(:rows AS jsonb))'
    )
    said = json.dumps([row | filled for row in rows], default=_spelled)
    session.connection().execute(text(statement.replace("::", r"\:\:")), {"rows": said})


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
