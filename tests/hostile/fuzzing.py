"""Structure-aware fuzzing of every inbound format: real messages, twisted where readers decide.

Case `n` of a seed is the same bytes for ever: `python -m tests.hostile --replay sms:7:123`.
"""

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.datastructures import FormData

from dispatch.formats.answers_in import AnswerSaid, NoNews, NotReached, Unintelligible, read_answer
from gateway.formats import READERS
from gateway.heard import Form
from gateway.mqtt_direct.wire import Frames, Offence, decode
from gateway.sms import _Refused as SmsRefused
from gateway.sms import form_pairs, is_signed
from tests.formats.test_never_raises import assert_can_be_kept
from tests.hostile.naughty import NAUGHTY
from tgd.rules.trigger import Nothing, PositionReport, StateReport, Trigger, Unreadable

CORPUS = Path(__file__).parent / "corpus"
KEY = "0190b2c4-7d11-7c3e-9a52-1f0e6b8d4a10:opened:0:duty"
Read = Callable[[bytes], None]

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


TWISTS = (_bytes, _cut, _token, _splice, _pairs, _node, _node)


def _device(form: Form) -> Read:
    def read(raw: bytes) -> None:
        meaning = READERS[form](raw)
        assert isinstance(meaning, Trigger | PositionReport | StateReport | Nothing | Unreadable)
        assert_can_be_kept(meaning)

    return read


def _answer(kind: Any) -> Read:
    def read(raw: bytes) -> None:
        meaning = read_answer(kind, raw, key=KEY)
        assert isinstance(meaning, AnswerSaid | NotReached | NoNews | Unintelligible)
        assert_can_be_kept(meaning)

    return read


def _sms_form(raw: bytes) -> None:
    try:
        pairs = form_pairs(raw)
    except SmsRefused:
        return
    signed = is_signed("token", "https://tgd.example/sms/twilio", pairs, "c2lnbmF0dXJl")
    assert signed is False
    FormData([(n.decode("utf-8", "replace"), v.decode("utf-8", "replace")) for n, v in pairs])


def _mqtt(raw: bytes) -> None:
    frames = Frames(8192)
    frames.feed(raw)
    try:
        while (frame := frames.cut()) is not None:
            decode(frame)
    except Offence:
        return


READS: dict[str, Read] = {
    **{form.value: _device(form) for form in Form},
    **{f"answer-{kind}": _answer(kind) for kind in ("webhook", "cisu", "keypad", "status")},
    "sms-form": _sms_form,
    "mqtt": _mqtt,
}
"""Every inbound format and the reader that must never raise."""


def try_one(name: str, seed: int, number: int) -> None:
    """Read one case; AssertionError says how to see it again."""
    raw = case(name, seed, number)
    try:
        READS[name](raw)
    except BaseException as error:
        again = f"python -m tests.hostile --replay {name}:{seed}:{number}"
        raise AssertionError(f"{again}   {type(error).__name__}: {raw[:200]!r}") from error
