"""One spelling for every telephone number: E.164."""

import phonenumbers


def e164(number: str, region: str = "FR") -> str | None:
    """`06 39 98 00 01` -> `+33639980001`; None when it is no telephone number."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
