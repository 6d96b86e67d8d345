"""Reads a form of the telephone provider; white."""

from urllib.parse import parse_qsl


def fields_once(raw: bytes) -> dict[str, str]:
    """The fields that stand exactly once; an added second one must not be believed.

    Raises ValueError for what is no form.
    """
    pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}
