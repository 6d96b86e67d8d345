"""Inputs for the reader of every format: real messages, twisted where readers decide.

Case `n` of a seed is the same bytes for ever: `python -m tests.hostile --replay sms:7:123`.
"""

import json
import random
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.hostile.naughty import NAUGHTY

CORPUS = Path(__file__).parent / "corpus"
KEY = "0190b2c4-7d11-7c3e-9a52-1f0e6b8d4a10:opened:0:duty"

TOKENS = [
    b"NaN", b"Infinity", b"-0", b"1e400", b"9" * 400, b"true", b"null", b'"\\ud800"', b'"\\u0000"',
    b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"[" * 40, b'{"a":' * 40,
    b"&alarm=sos", b"alarm=sos", b"&&&", b"=", b"%00", b"%ff", b"%", b"+", b";", b";;", b"\r\n",
    b'"', b"\\", b"TGD1;", b'A"ML=1;', b'A"ML=2;', b"lt=91", b"lg=-181", b"2026-02-30T25:61:61Z",
    b"9999-12-31T23:59:59+14:00", b"0001-01-01T00:00:00Z", b"99999999999999999999", b"-1",
    b'"trigger":', b'"state":"closed"', b'"key":', b"id=", b"Digits=1", b"Digits=1&Digits=1",
    *(text.encode("utf-8", "replace")[:300] for text in NAUGHTY.values()),
]  # fmt: skip
ODD: list[Any] = [
    None, True, [], {}, "", 0, -1, 2**31, 2**53, 2**64, 10**400, float("nan"), float("inf"),
    -0.0, 1e-320, "1", "NaN", "sos", [[[[]]]], {"lat": {"lat": 1}}, "x" * 5000, "\ud800", "\x00",
    *[text[:200] for text in NAUGHTY.values()],
]  # fmt: skip


@cache
def corpus(name: str) -> list[bytes]:
    """The messages kept for one format, and those that once broke something."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def case(name: str, seed: int, number: int) -> bytes:
    """One input."""
    dice = random.Random(f"{name}:{seed}:{number}")
    known = corpus(name)
    raw = dice.choice(known)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        raw = dice.choice(TWISTS)(raw, dice, known)
    return raw[:20_000]


def _bytes(raw: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    changed = bytearray(raw or b"?")
    for _ in range(dice.randint(1, 4)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(raw: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    start, end = sorted(dice.randint(0, len(raw)) for _ in range(2))
    return dice.choice((raw[:start], raw[:start] + raw[end:], raw[:end] + raw[start:], raw[start:]))


def _token(raw: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    at, over = dice.randint(0, len(raw)), dice.choice((0, 0, 1, 4))
    return raw[:at] + dice.choice(TOKENS) + raw[at + over :]


def _splice(raw: bytes, dice: random.Random, known: list[bytes]) -> bytes:
    other = dice.choice(known)
    return raw[: dice.randint(0, len(raw))] + other[dice.randint(0, len(other)) :]


def _pairs(raw: bytes, dice: random.Random, _: list[bytes]) -> bytes:
    """Of a form or an SMS: one pair doubled, moved, emptied, or with another's value."""
    mark = dice.choice((b"&", b";"))
    parts = raw.split(mark)
    one, at = dice.choice(parts), dice.randint(0, len(parts))
    name, _, value = one.partition(b"=")
    odd = quote(str(dice.choice(ODD)), errors="replace").encode()
    new = dice.choice((one, name, name + b"=" + odd, value + b"=" + name, odd + b"=" + value))
    return mark.join([*parts[:at], new, *parts[at:]])


def _line(raw: bytes, dice: random.Random, known: list[bytes]) -> bytes:
    """Of a text of lines: one doubled, moved, left out, or with another's end."""
    lines = raw.split(b"\n")
    if len(lines) < 3:
        return _node(raw, dice, known)
    one, at = dice.choice(lines), dice.randint(0, len(lines))
    name, mark, _ = one.partition(b"=" if b"=" in one else b":")
    odd = repr(dice.choice(ODD)).encode("utf-8", "replace")
    other = dice.choice(dice.choice(known).split(b"\n"))
    new = dice.choice((one, other, name + mark + b" " + odd, name + mark + other, b""))
    return b"\n".join([*lines[:at], new, *lines[at + dice.randint(0, 1) :]])


def _node(raw: bytes, dice: random.Random, known: list[bytes]) -> bytes:
    """Of a JSON document: one value becomes an odd one, or a name stands twice."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return _token(raw, dice, known)
    if isinstance(said, dict) and said and dice.random() < 0.3:
        name = dice.choice(list(said))
        twin = json.dumps({name: dice.choice(ODD)}).encode()
        return twin[:-1] + b"," + json.dumps(said).encode()[1:]
    return json.dumps(_replaced(said, dice)).encode()


def _replaced(said: Any, dice: random.Random) -> Any:
    if isinstance(said, dict) and said and dice.random() < 0.9:
        name = dice.choice(list(said))
        return {**said, name: _replaced(said[name], dice)}
    if isinstance(said, list) and said and dice.random() < 0.9:
        at = dice.randrange(len(said))
        return [*said[:at], _replaced(said[at], dice), *said[at + 1 :]]
    return dice.choice(ODD)


TWISTS = (_bytes, _cut, _token, _splice, _pairs, _line, _node, _node)
