"""The words of the console: English ids, French by the catalogue that is read when it starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from tgd.errors import (
    Incomplete,
    NotAllowed,
    RecordAway,
    Refusal,
    SomebodyWasFaster,
    TgdError,
    WrongState,
)

LANGUAGES = ("fr", "en")
FOLDER = Path(__file__).parent / "words"
_KINDS = (NotAllowed, WrongState, SomebodyWasFaster, Incomplete, RecordAway, Refusal)


def word(text: str) -> str:
    """Marks an id that is said later, so that the catalogue's test finds it."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogues of every language; English needs none."""

    catalogues: dict[str, dict[str, str]]

    def say(self, language: str, text: str, **values: Any) -> str:
        """The text in this language, with `%(name)s` filled in; an unknown id stays as it is."""
        said = self.catalogues.get(language, {}).get(text, text)
        return said % values if values else said

    def knows(self, text: str) -> bool:
        """True when every language has this id."""
        return all(text in catalogue for catalogue in self.catalogues.values())

    def sentence(self, language: str, error: TgdError) -> str:
        """What a refusal says; one with words of its own that nobody translated says its kind."""
        if self.knows(error.template):
            return self.say(language, error.template, **error.values)
        kind = next((k for k in _KINDS if isinstance(error, k)), TgdError)
        return self.say(language, (kind.__doc__ or "").strip())


def read_words() -> Words:
    """Every catalogue of the folder, read once."""
    catalogues = {}
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.stem)
        catalogues[path.stem] = {
            str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy
        }
    return Words(catalogues)


def choose_language(asked: str | None, kept: str | None, accepted: str | None, default: str) -> str:
    """`?lang=`, else the cookie, else Accept-Language, else the setting."""
    for one in (asked, kept):
        if one in LANGUAGES:
            return one
    for part in (accepted or "")[:200].split(","):
        language = part.split(";")[0].strip().lower()[:2]
        if language in LANGUAGES:
            return language
    return default
