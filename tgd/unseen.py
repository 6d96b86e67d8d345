"""Characters that nobody sees and that screens and terminals obey: shown by their numbers."""

import unicodedata

TURNS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the reading direction, of what stands beside them too."""
LINES = frozenset("\n\t")


def is_unseen(one: str) -> bool:
    """True for controls, ends of lines that are none of ours, halves of characters and turns."""
    if one in LINES:
        return False
    return one in TURNS or unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")


def made_visible(text: str, *, also: str = "", keep: frozenset[str] = LINES) -> str:
    """The text with such characters as `<U+202E>`: what is read is what was sent.

    `also` is a further category; what is not in `keep` is shown although it is a line break.
    """
    if text.isprintable():
        return text
    return "".join(
        f"<U+{ord(c):04X}>"
        if c not in keep and (c in LINES or is_unseen(c) or unicodedata.category(c) == also)
        else c
        for c in text
    )
