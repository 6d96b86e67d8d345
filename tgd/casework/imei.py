"""The numbers of a telephone (IMEI, with its check digit) and of a SIM card (IMSI); white."""


def is_imei(said: str) -> bool:
    """Fifteen digits whose last one is right (Luhn): a mistyped one is found by it."""
    if len(said) != 15 or not (said.isascii() and said.isdigit()):
        return False
    total = 0
    for place, digit in enumerate(int(one) for one in said):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def is_imsi(said: str) -> bool:
    """Country of three digits (200 to 799), network and subscriber: 14 or 15 digits in all."""
    return len(said) in (14, 15) and said.isascii() and said.isdigit() and "200" <= said[:3] < "800"
