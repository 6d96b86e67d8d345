"""Whether two files may be of one person: their names are compared, a human decides; white.

No machine takes a woman for another: a namesake is shown beside the other one, no more.
"""

import re
import unicodedata
from dataclasses import dataclass

CLOSE_FROM = 4
"""A word is like one of this length and more when one letter is different, missing or too much."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name as somebody wrote it, and the day of birth where it is known."""

    name: str
    born: str | None = None


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name without accents, capitals and signs, each once, the longest first."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(sorted(set(re.findall(r"[^\W_]+", kept)), key=lambda w: (-len(w), w)))


def is_namesake(one: Named, other: Named) -> bool:
    """Every word of the shorter name is in the longer one, in any order and but for a letter; with
    the same day of birth one word is enough. Another day of birth excludes nobody: it is shown."""
    mine, theirs = sorted((words_of(one.name), words_of(other.name)), key=len)
    if not mine:
        return False
    if one.born and one.born == other.born:
        return any(_is_there(word, theirs) for word in mine)
    return all(_is_there(word, theirs) for word in mine)


def _is_there(word: str, words: tuple[str, ...]) -> bool:
    return any(word == one or _is_close(word, one) for one in words)


def _is_close(a: str, b: str) -> bool:
    """But for one letter."""
    short, long = sorted((a, b), key=len)
    if len(long) < CLOSE_FROM or len(long) - len(short) > 1:
        return False
    if len(short) == len(long):
        return sum(x != y for x, y in zip(short, long, strict=True)) == 1
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
