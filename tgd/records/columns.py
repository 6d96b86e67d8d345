"""Two spellings that every table shares."""

from typing import Any

from sqlalchemy import Column, DateTime


def one_of(column: str, words: Any) -> str:
    """The text of a CHECK that a column holds one of our words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return f"{column} IN ({listed})"


def moment(*, nullable: bool = True, **more: Any) -> Any:
    """A column that holds an aware moment."""
    return Column(DateTime(timezone=True), nullable=nullable, **more)
