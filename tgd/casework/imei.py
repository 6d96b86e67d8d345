"""The number that a telephone has for life (IMEI), with its check digit; white."""


def is_imei(said: str) -> bool:
    """Fifteen digits whose last one is right (Luhn): a mistyped one is found by it."""
    if len(said) != 15 or not (said.isascii() and said.isdigit()):
        return False
    total = 0
    for place, digit in enumerate(int(one) for one in said):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
