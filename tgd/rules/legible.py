"""Whether a line of text from outside can be kept and shown as it is."""


def is_legible(text: str, longest: int) -> bool:
    """No longer than `longest` characters, and each of them printable: no NUL (which PostgreSQL
    refuses), no half of a pair, no escape code, no line break."""
    return len(text) <= longest and text.isprintable()
