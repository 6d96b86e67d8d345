"""The numbers of a telephone (IMEI, with its check digit) and of a SIM card (IMSI); white."""

import re


def is_imei(said: str) -> bool:
    """Fifteen digits whose last one is right (Luhn): a mistyped one is found by it."""
    if len(said) != 15 or not (said.isascii() and said.isdigit()):
        return False
    return said[14] == _check_digit(said[:14])


def _check_digit(said: str) -> str:
    """Of fourteen digits the fifteenth (Luhn)."""
    total = 0
    for place, digit in enumerate(int(one) for one in said):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def imei_in(said: str) -> str | None:
    """The IMEI in what was typed or scanned: a bare one, one with blanks and dashes, one among the
    other words of a label, or one that ends with a version (IMEISV, 16 digits); else None."""
    runs: list[str] = re.findall(r"[0-9]+", re.sub(r"(?<=[0-9])[ ./-]+(?=[0-9])", "", said))
    for run in runs:
        if is_imei(run):
            return run
    return next((run[:14] + _check_digit(run[:14]) for run in runs if len(run) == 16), None)


def is_imsi(said: str) -> bool:
    """Country of three digits (200 to 799), network and subscriber: 14 or 15 digits in all."""
    return len(said) in (14, 15) and said.isascii() and said.isdigit() and "200" <= said[:3] < "800"
