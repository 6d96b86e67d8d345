"""What a form asks, field by field, and how the words that come back are read; white."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tgd.errors import Incomplete


def word(text: str) -> str:
    """Marks an id that the catalogues must have."""
    return text


FILL_IN = word("Fill this in.")
TOO_LONG = word("This is too long.")
NO_DAY = word("This is no day: write it like 2026-11-30.")
NO_MOMENT = word("This is no moment: write it like 2026-11-30T19:00.")
NO_CHOICE = word("Choose one of those offered.")
NO_NUMBER = word("This is no number that is possible here.")

LONGEST_LINE = 200
LONGEST_WORDS = 8000


class Kind(StrEnum):
    """How a field is shown and read."""

    LINE = "line"
    WORDS = "words"
    DAY = "day"
    MOMENT = "moment"  # of the court's own clock
    ONE_OF = "one_of"
    YES_NO = "yes_no"
    TICK = "tick"
    NUMBER = "number"


class YesNo(StrEnum):
    """An answer that must be given."""

    YES = "yes"
    NO = "no"


class NotReadable(Incomplete):
    """A field of the form cannot be read."""

    def __init__(self, label: str, problem: str) -> None:
        super().__init__(f"{label}: {problem}")
        self.label, self.problem = label, problem


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in forms and JSON, its label (an id of the catalogues), its kind."""

    name: str
    label: str
    kind: Kind = Kind.LINE
    required: bool = True
    choices: type[StrEnum] | None = None
    group: str = ""
    """The page shows only the fields of one group in one form, when there are groups."""
    longest: int | None = None
    """Of a line that the record keeps in a narrower column."""

    @property
    def most(self) -> int:
        """So many characters are read."""
        return self.longest or (LONGEST_LINE if self.kind is Kind.LINE else LONGEST_WORDS)

    def read(self, form: Mapping[str, str]) -> Any:
        """The value; None for an empty one that may be. Raises NotReadable."""
        said = form.get(self.name, "").strip()
        if self.kind is Kind.TICK:
            return said.lower() in ("yes", "on", "true", "1")
        if not said:
            if self.required:
                raise NotReadable(self.label, FILL_IN)
            return None
        return _READ[self.kind](self, said)

    def schema(self) -> dict[str, Any]:
        """The field in JSON Schema, as the API documents it."""
        said: dict[str, Any] = {"type": "string", "description": self.label}
        if self.kind in (Kind.TICK, Kind.YES_NO):
            return said | {"enum": ["yes", "no"]}
        if self.kind is Kind.ONE_OF and self.choices is not None:
            return said | {"enum": [one.value for one in self.choices]}
        if self.kind is Kind.DAY:
            return said | {"format": "date"}
        if self.kind is Kind.MOMENT:
            return said | {"pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$"}
        return said | {"maxLength": self.most}


def _text(field: Field, said: str) -> str:
    if len(said) > field.most:
        raise NotReadable(field.label, TOO_LONG)
    return said


def _day(field: Field, said: str) -> date:
    try:
        found = date.fromisoformat(said)
    except ValueError:
        raise NotReadable(field.label, NO_DAY) from None
    if not 1900 < found.year < 2200:
        raise NotReadable(field.label, NO_DAY)
    return found


def _moment(field: Field, said: str) -> datetime:
    try:
        found = datetime.strptime(said, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 -- a court's own clock
    except ValueError:
        raise NotReadable(field.label, NO_MOMENT) from None
    if not 1900 < found.year < 2200:
        raise NotReadable(field.label, NO_MOMENT)
    return found


def _one_of(field: Field, said: str) -> StrEnum:
    assert field.choices is not None, "the table says what may be chosen"
    try:
        return field.choices(said)
    except ValueError:
        raise NotReadable(field.label, NO_CHOICE) from None


def _yes_no(field: Field, said: str) -> bool:
    if said not in ("yes", "no"):
        raise NotReadable(field.label, NO_CHOICE)
    return said == "yes"


def _number(field: Field, said: str) -> int:
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise NotReadable(field.label, NO_NUMBER)
    return int(said)


_READ = {
    Kind.LINE: _text, Kind.WORDS: _text, Kind.DAY: _day, Kind.ONE_OF: _one_of,
    Kind.YES_NO: _yes_no, Kind.NUMBER: _number, Kind.MOMENT: _moment,
}  # fmt: skip


def read_all(fields: tuple[Field, ...], form: Mapping[str, str]) -> dict[str, Any]:
    """Every field of a form, read. Raises NotReadable for the first that cannot be."""
    return {field.name: field.read(form) for field in fields}
