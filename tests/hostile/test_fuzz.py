"""Thousands of twisted messages, each from a seed: no reader raises, no process falls.

The seed is another each time; `TGD_TEST_SEED` repeats one.
`python -m tests.hostile --long` reads a hundred thousand.
"""

import asyncio
import json
import random
import struct
from collections import Counter
from dataclasses import replace
from urllib.parse import quote_from_bytes, urlencode

import pytest
from mqtt5 import ConnectPacket

from gateway.formats import READERS
from gateway.heard import Form
from tests.formats.test_never_raises import assert_can_be_kept
from tests.hostile.fuzzing import case, corpus
from tests.hostile.ground import ACCOUNT, PUBLIC_URL, Ground, gathered, quiet
from tests.hostile.http_wire import request, talk
from tests.hostile.reads import READS, Read, try_one
from tests.hostile.test_http_bodies import answered
from tests.hostile.test_signatures import signed_bytes, sms, text
from tests.seeds import seed
from tgd.rules.trigger import Trigger, Unreadable

SEED = seed()
"""Another each time; what falls prints the command that shows it again."""
READ = 420
"""Per format; thirty formats: some 12,000."""
SURELY = 2_500
"""So many that chance says nothing about a share of them."""
POSTED, THROWN = 150, 400
LIVE = {"osmand": "/devices/osmand", "owntracks": "/devices/owntracks"}


@pytest.mark.parametrize("name", READS)
def test_no_twisted_message_makes_a_reader_raise(name: str, capfd: pytest.CaptureFixture) -> None:
    assert len(corpus(name)) > 1
    for number in range(READ):
        try_one(name, SEED, number)
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("name", READS)
def test_what_once_broke_a_reader_is_read(name: str) -> None:
    for raw in corpus(name):
        READS[name](raw)


def test_twisted_messages_go_through_the_readers_and_not_only_to_their_door() -> None:
    """A fuzzer whose every input is refused at the first byte shows nothing."""
    found = [READERS[Form.ALERT](case("alert", SEED, n)) for n in range(SURELY)]
    triggers = [one for one in found if isinstance(one, Trigger)]
    assert len(triggers) > SURELY / 8
    assert any(isinstance(one, Unreadable) for one in found)
    assert len({one.warnings for one in triggers}) > 10
    assert any(one.position for one in triggers)
    assert any(one.position is None for one in triggers)


def _counts_on_a_number(raw: bytes) -> None:
    """A position in millionths, by who never saw NaN, 1e400 or a text there."""
    try:
        lat = json.loads(raw)["position"]["lat"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return
    round(lat * 1e6)


def _keeps_what_cannot_be_kept(raw: bytes) -> None:
    """The real reader, but the text of the sender goes on as it came."""
    meaning = READERS[Form.SMS](raw)
    if isinstance(meaning, Trigger):
        assert_can_be_kept(replace(meaning, text=raw.decode("utf-8", "replace")))


def _trusts_a_length(raw: bytes) -> None:
    """A topic as long as it says, without a look at what is there."""
    if raw[:1] == b"\x10" and len(raw) > 4:
        (length,) = struct.unpack_from(">H", raw, 2)
        struct.unpack_from(f"{length}s", raw, 4)


PLANTED: dict[str, tuple[str, Read]] = {
    "alert": ("ValueError TypeError OverflowError", _counts_on_a_number),
    "sms": ("AssertionError", _keeps_what_cannot_be_kept),
    "mqtt": ("error", _trusts_a_length),
}


def first_fault(name: str) -> tuple[int, str]:
    """One in some hundred is enough to be found; chance does not miss it twenty thousand times."""
    for number in range(20_000):
        try:
            try_one(name, SEED, number)
        except AssertionError as failure:
            return number, str(failure)
    raise AssertionError("the fuzzer is blind")


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_can_be_seen_again(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    faults, reader = PLANTED[name]
    monkeypatch.setitem(READS, name, reader)
    number, said = first_fault(name)
    assert said.startswith(f"python -m tests.hostile --replay {name}:{SEED}:{number} ")
    assert any(f" {fault}: " in said for fault in faults.split())
    with pytest.raises(AssertionError, match=f"{name}:{SEED}:{number}"):
        try_one(name, SEED, number)
    monkeypatch.undo()
    try_one(name, SEED, number)


@pytest.mark.parametrize("name", LIVE)
async def test_the_gateway_answers_each_of_them(ground: Ground, name: str) -> None:
    async with ground.attacked():
        for number in range(POSTED):
            sent = request("POST", LIVE[name], case(name, SEED, number), Content_Type="")
            reply = (await talk(ground.ports["gateway"], sent)).is_bare()
            assert 200 <= reply.status < 500, (number, reply)


async def test_the_gateway_answers_each_signed_text_and_refuses_the_others(ground: Ground) -> None:
    """Signed over its very bytes, as the provider would: what is refused is not the signature."""
    found: Counter[int] = Counter()
    async with ground.attacked():
        for number in range(POSTED):
            raw = case("sms-form", SEED, number)
            if number % 2:  # a sound form around a twisted text
                words = quote_from_bytes(case("sms", SEED, number))
                raw = f"{urlencode(text()[:3])}&AccountSid={ACCOUNT}&Body={words}".encode()
            said = signed_bytes(PUBLIC_URL + "/sms/twilio", raw)
            found[await sms(ground, raw, said if number % 4 else "a" + said[1:])] += 1
    assert found[200] > POSTED / 5, found
    assert found[400] > POSTED / 10, found
    assert found[403] > POSTED / 5, found
    assert not found[415], found
    assert not any(status >= 500 for status in found), found


async def test_dispatch_answers_each_signed_one(ground: Ground) -> None:
    async with ground.attacked():
        for number in range(POSTED):
            body = case("answer-webhook", SEED, number)
            assert (await answered(ground, body)).status in (200, 400, 401, 404, 409, 413, 422)
            body = case("answer-cisu", SEED, number)
            assert (await answered(ground, body, "room")).status in (200, 400, 404, 409, 413, 422)


async def test_the_mqtt_listener_outlives_each_of_them(ground: Ground) -> None:
    async def throw(number: int) -> int:
        dice, said = random.Random(number), b""
        with quiet():
            reader, writer = await asyncio.open_connection("127.0.0.1", ground.ports["mqtt"])
            try:
                if dice.random() < 0.7:
                    writer.write(ConnectPacket(f"dora{number}", password=b"x").write())
                for further in range(dice.randint(1, 3)):
                    writer.write(case("mqtt", SEED, number * 3 + further))
                writer.write_eof()
                async with asyncio.timeout(20):
                    while some := await reader.read(4096):
                        said += some
            finally:
                writer.transport.abort()
        return said[:1].count(b"\x20")

    async with ground.attacked(presses=5):
        let_in = 0
        for start in range(0, THROWN, 25):
            let_in += sum(await gathered(*(throw(n) for n in range(start, start + 25))))
        assert let_in > THROWN / 2
