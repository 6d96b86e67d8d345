"""What a setting may say: each function gives it back, or raises ValueError with a sentence."""

import re
from ipaddress import ip_network
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from tgd.rules.canary import is_canary_name

_DIALLED = re.compile(r"\+?[0-9](?:[0-9 .]{0,28}[0-9])?")
HOLES = frozenset({"second_way", "human_outside", "control_room", "request"})
"""What a policy may leave out on purpose (dispatch/policy_warnings.py)."""
PARTS = frozenset({"gateway", "dispatch", "console"})
_OURS = ("127.0.0.1", "::1", "localhost")


def words(value: str) -> tuple[str, ...]:
    """`a, b` -> ("a", "b")."""
    return tuple(one.strip() for one in value.split(",") if one.strip())


def split_listen(value: str) -> tuple[str, int]:
    """`127.0.0.1:8080` -> ("127.0.0.1", 8080); raises ValueError with a sentence."""
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("must be host:port such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def host_port(value: str) -> str:
    """Where to listen; empty for nowhere."""
    if value:
        split_listen(value)
    return value


def web_address(value: str) -> str:
    """An http(s) address without a slash at its end."""
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ValueError("must be an http(s) address such as https://tgd.example")
    return value.rstrip("/")


def networks(value: str) -> str:
    """Networks of proxies; never everybody."""
    for one in words(value):
        if "/0" in one:
            raise ValueError("must not believe everybody: name your own proxies")
        ip_network(one)
    return value


def tile_address(value: str) -> str:
    """A template of tiles that is fetched safely."""
    parts = urlsplit(value)
    is_safe = parts.scheme == "https" or parts.hostname in _OURS
    if value and not (is_safe and parts.netloc and not parts.username):
        raise ValueError("must be an https address such as https://tiles.example/{z}/{x}/{y}")
    if value and not all(name in value for name in ("{z}", "{x}", "{y}")):
        raise ValueError("must hold {z}, {x} and {y}")
    return value


def canary(value: str) -> str:
    """Never anybody's handset: its press each minute would be an alert each minute."""
    if value and not is_canary_name(value):
        raise ValueError("must name a canary: make one by `tgd handset enroll --canary`")
    return value


def canary_line(value: SecretStr) -> SecretStr:
    """Where a canary presses by MQTT, and as whom."""
    return _canary_at(value, ("mqtt", "mqtts"), "must be mqtt://id:secret@host:port or mqtts://…")


def canary_web(value: SecretStr) -> SecretStr:
    """Where a canary presses by HTTP; its secret goes over the net only under TLS."""
    parts = urlsplit(value.get_secret_value())
    if parts.scheme == "http" and parts.hostname not in _OURS:
        raise ValueError("must be https:// beyond this host: its secret is sent")
    return _canary_at(value, ("http", "https"), "must be https://id:secret@host")


def _canary_at(value: SecretStr, schemes: tuple[str, ...], sentence: str) -> SecretStr:
    said = value.get_secret_value()
    parts = urlsplit(said)
    if said and not (parts.scheme in schemes and parts.hostname and parts.password):
        raise ValueError(sentence)
    if said:
        canary(unquote(parts.username or "") or "nobody")
    return value


def dialled(value: str) -> str:
    """Also a short number of a house: whoever reads it dials it by hand."""
    if value and not _DIALLED.fullmatch(value):
        raise ValueError("must be a telephone number such as 01 99 00 00 50")
    return value


def holes(value: str) -> str:
    """What the policy may leave out."""
    return _of(value, HOLES)


def parts(value: str) -> str:
    """Processes of one host."""
    return _of(value, PARTS)


def _of(value: str, known: frozenset[str]) -> str:
    if unknown := set(words(value)) - known:
        raise ValueError(f"knows no {sorted(unknown)[0]}: {', '.join(sorted(known))}")
    return value
