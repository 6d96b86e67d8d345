"""The case sheet as a form: one line for each number, contact, child and place; white."""

from collections.abc import Mapping
from typing import Any

from tgd.casework.fields import Field, Kind, NotReadable, word
from tgd.rules.case_sheet import LISTS, TEXTS
from tgd.rules.place import point_of

A_PLACE = word("A place is one line: label; city; INSEE code; and if known latitude; longitude.")
PARTS = ("label", "city", "insee", "lat", "lon")

FIELDS: tuple[Field, ...] = (
    Field("name", word("Name"), Kind.LINE),
    Field("birth_date", word("Date of birth"), Kind.DAY, required=False),
    Field("speech_or_disability", word("Can she speak and hear? Say yes or what hinders her."),
          Kind.LINE, required=False),
    Field("telephones", word("Her other numbers, one a line, or “none”"), Kind.WORDS,
          required=False),
    Field("places",
          word("Places, one a line: label; city; INSEE code; latitude; longitude. Her home first."),
          Kind.WORDS, required=False),
    Field("contacts", word("Emergency contacts, one a line, or “none”"), Kind.WORDS,
          required=False),
    Field("children", word("Children and their schools, one a line"), Kind.WORDS, required=False),
    Field("family", word("Family situation"), Kind.LINE, required=False),
    Field("work", word("Work: address and telephone"), Kind.LINE, required=False),
    Field("pets", word("Animals at home"), Kind.LINE, required=False),
    Field("code_word", word("Word agreed with her: all is well"), Kind.LINE, required=False),
    Field("duress_word", word("Word agreed with her: she is forced to say so"), Kind.LINE,
          required=False),
)  # fmt: skip


def sheet_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """The sheet that the fields say; empty fields are left out."""
    sheet: dict[str, Any] = {}
    for field in FIELDS:
        value = said.get(field.name)
        if value is None:
            continue
        if field.name in TEXTS:
            sheet[field.name] = str(value)
        elif field.name in LISTS:
            lines = [line.strip() for line in str(value).splitlines() if line.strip()]
            sheet[field.name] = _places(field, lines) if field.name == "places" else lines
    return sheet


def _places(field: Field, lines: list[str]) -> list[dict[str, str]]:
    places = []
    for line in lines:
        parts = [part.strip() for part in line.split(";")]
        if len(parts) not in (2, 3, 5) or not all(parts[:2]):
            raise NotReadable(field.label, A_PLACE)
        place = dict(zip(PARTS, parts, strict=False))
        if len(parts) == len(PARTS) and point_of(place) is None:
            raise NotReadable(field.label, A_PLACE)
        places.append(place)
    return places


def form_of(sheet: Mapping[str, Any]) -> dict[str, str]:
    """The same the other way: what the form shows of a sheet that is there."""
    said: dict[str, str] = {}
    for name, value in sheet.items():
        if name == "places":
            said[name] = "\n".join(
                "; ".join(place.get(k, "") for k in (PARTS if point_of(place) else PARTS[:3]))
                for place in value
            )
        else:
            said[name] = "\n".join(value) if isinstance(value, list) else str(value)
    return said
