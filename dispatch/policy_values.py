"""The kinds of values that a policy has: right, or refused in words that say what to write.

White: one value in, the same value out.
"""

import base64
import binascii
import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from tgd.rules.phone import e164

Since = Literal["opening", "request"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CISU_ID = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){2,9}")
_NATURE_CODE = re.compile(r"C\d{2}(\.\d{2}){2}")
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix is public, what follows it is not


def _like(pattern: re.Pattern[str], advice: str) -> AfterValidator:
    def checked(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(advice)
        return value

    return AfterValidator(checked)


def _checked_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.username is not None or parts.password is not None:
        raise ValueError("carries credentials: move them to the key meant for them")
    _ = parts.port  # urlsplit looks at the port only when it is asked
    if not parts.hostname or re.search(r"[\s\x00-\x1f\x7f]", value) or parts.fragment:
        raise ValueError("is no web address: write it like https://platform.example/alerts")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("use https (http is accepted only for this machine itself)")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def secret_bytes(secret: str) -> bytes:
    """The key of a Standard Webhooks secret, `whsec_` + base64; ValueError when it is none."""
    if not secret.startswith(_SECRET_PREFIX):
        raise ValueError("must begin with whsec_ and go on in base64: make a new one")
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("what follows whsec_ must be base64: make a new one") from None
    if not key:
        raise ValueError("nothing follows whsec_: make a new one")
    return key


def _checked_secret(value: SecretStr) -> SecretStr:
    secret_bytes(value.get_secret_value())
    return value


def _checked_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x21-\x7e]{1,4096}", value.get_secret_value()):
        raise ValueError("must be printable ASCII without spaces: copy it again")
    return value


def _checked_number(value: str) -> str:
    if e164(value) != value:
        raise ValueError("write it in international form, such as +33639980001")
    return value


def _checked_tell(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("tells nobody: name at least one destination")
    if len(set(value)) < len(value):
        raise ValueError("names a destination twice: name each once")
    return value


def _checked_tones(value: tuple[float, ...]) -> tuple[float, ...]:
    if sorted(set(value)) != list(value):
        raise ValueError("each must be later than the one before it: put them in order")
    return value


def _checked_until(value: str, step: ValidationInfo) -> str:
    """Whoever asks for an intervention has taken the alert: that step would never tell anybody."""
    if step.data.get("since") == "request" and value in ("received", "taken"):
        raise ValueError(
            f'"{value}" is always true after a request, so this step would tell nobody: '
            "write acknowledged, answered or closed"
        )
    return value


Name = Annotated[
    str, _like(_NAME, "use 1 to 40 small letters, digits and hyphens, such as control-room-92")
]
Url = Annotated[str, AfterValidator(_checked_url)]
Number = Annotated[str, AfterValidator(_checked_number)]
CisuId = Annotated[
    str, _like(_CISU_ID, "write 3 to 10 parts joined by dots, such as fr.police.cic92")
]
Nature = Annotated[str, _like(_NATURE_CODE, "write a CISU nature code, such as C02.15.04")]
Secret = Annotated[SecretStr, AfterValidator(_checked_secret)]
Token = Annotated[SecretStr, AfterValidator(_checked_token)]
Limit = Annotated[float, Field(strict=True, gt=0, le=60, allow_inf_nan=False)]
Wait = Annotated[float, Field(strict=True, gt=0, le=600, allow_inf_nan=False)]
Moment = Annotated[float, Field(strict=True, ge=0, le=86_400, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Told = Annotated[tuple[str, ...], AfterValidator(_checked_tell)]
Tones = Annotated[tuple[Wait, ...], Field(max_length=5), AfterValidator(_checked_tones)]
Until = Annotated[
    Literal["received", "taken", "acknowledged", "answered", "closed"],
    AfterValidator(_checked_until),
]
