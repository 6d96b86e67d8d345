"""A search through everything that the record holds: each column of words, JSON and bytes."""

from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel

from tgd.seal import CannotUnseal, Keys


def places_of(session: Session, words: str, keys: Keys | None = None) -> set[str]:
    """The columns `table.column` that hold these words; sealed ones are opened with the keys."""
    found = set()
    for table in SQLModel.metadata.sorted_tables:
        rows = session.connection().execute(table.select()).mappings()
        for row in rows:
            found |= {f"{table.name}.{name}" for name, value in row.items() if _has(value, words)}
            if keys is not None and table.name == "sighting":
                found |= {"sighting.raw_sealed"} if _sealed_has(row, words, keys) else set()
    return found


def _has(value: Any, words: str) -> bool:
    if isinstance(value, bytes | memoryview):
        return words.encode() in bytes(value)
    return words in str(value)


def _sealed_has(row: Any, words: str, keys: Keys) -> bool:
    try:
        raw = keys.unseal(row["raw_sealed"], f"{row['channel']}:{row['transport_id']}")
    except CannotUnseal:
        return False
    return words.encode() in raw


def rows_by_table(session: Session) -> dict[str, set[str]]:
    """Every row of every table as the record spells it."""
    return {
        table.name: {
            row[0]
            for row in session.connection().execute(
                text(f"SELECT CAST(t AS text) FROM {table.name} t")
            )
        }
        for table in SQLModel.metadata.sorted_tables
    }


def fingerprint(engine: Engine) -> dict[str, str]:
    """One digest of every row for each table."""
    with engine.connect() as connection:
        return {
            name: str(
                connection.execute(
                    text(f"SELECT md5(string_agg(CAST(t AS text), '|' ORDER BY CAST(t AS text)))"
                         f" FROM {name} t")
                ).scalar_one()
            )
            for name in SQLModel.metadata.tables
        }  # fmt: skip
