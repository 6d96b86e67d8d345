"""The free apps on a volunteer's telephone: their words, and a queue that nobody overtakes."""

import base64
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from counterparts import Customer, until

from simulators.handset_words import Fix
from simulators.phone import App, Phone

AT = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
FIX = Fix(48.89, 2.2, 12, "gnss", AT)
STANDARDS = Path(__file__).parents[2].parent / "shared" / "standards"
SCHEMA = STANDARDS / "owntracks" / "ios.message.json"


async def started(app: App, customer: Customer, **more: Any) -> Phone:
    phone = Phone(app, f"{customer.url}/devices", "volunteer-1", back_off_s=0.02, **more)
    phone.fix = FIX
    await phone.start()
    return phone


async def test_traccar_sends_sos(customer: Customer) -> None:
    """`Send SOS` is a form with OsmAnd keys, seconds, and the bearer token of the app."""
    phone = await started(App.TRACCAR, customer, secret="s3")
    phone.sos(AT)
    await phone.sent()
    heard = customer.heard[0]
    assert (heard.form["id"], heard.form["alarm"], heard.form["lat"]) == (
        "volunteer-1",
        "sos",
        "48.89",
    )
    assert heard.form["timestamp"] == str(int(AT.timestamp()))
    assert heard.headers["Authorization"] == "Bearer s3"
    phone.fix = None
    phone.report(AT)
    await phone.sent()
    assert not {"lat", "lon", "alarm"} & set(customer.heard[1].form)
    await phone.stop()


async def test_older_traccar_sends_json(customer: Customer) -> None:
    """The 9.x app nests everything under `location`."""
    phone = await started(App.TRACCAR_9, customer)
    phone.sos(AT)
    await phone.sent()
    said = customer.heard[0].json
    assert said["device_id"] == "volunteer-1"
    assert said["location"]["timestamp"] == "2026-11-23T22:40:05.000Z"
    assert (said["location"]["alarm"], said["location"]["coords"]["heading"]) == ("sos", -1)
    await phone.stop()


async def test_owntracks_publishes_by_hand(customer: Customer) -> None:
    """A manual publish is `t` = `u`, with Basic credentials; the answer must be a JSON list."""
    phone = await started(App.OWNTRACKS, customer, secret="s3")
    phone.sos(AT)
    await phone.sent()
    heard = customer.heard[0]
    assert (heard.json["_type"], heard.json["t"], heard.json["tid"]) == ("location", "u", "vo")
    said = base64.b64decode(heard.headers["Authorization"].removeprefix("Basic "))
    assert (said, heard.headers["X-Limit-U"]) == (b"volunteer-1:s3", "volunteer-1")
    assert phone.ledger_book.of("bad_answer")
    customer.answers["/devices"] = lambda _: web.json_response([])
    phone.cross("SOS")
    await phone.sent()
    assert customer.heard[1].json["desc"] == "SOS"
    assert len(phone.ledger_book.of("bad_answer")) == 1
    await phone.stop()


async def test_owntracks_words_pass_the_public_schema(customer: Customer) -> None:
    """What we say in the name of OwnTracks is what its schema allows."""
    if not SCHEMA.is_file():
        pytest.skip(f"no public schema at {SCHEMA}: OwnTracks words were NOT validated")
    from jsonschema import Draft202012Validator

    phone = await started(App.OWNTRACKS, customer)
    phone.sos(AT)
    phone.report(AT)
    phone.cross("SOS")
    await phone.sent()
    await phone.stop()
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert len(customer.heard) == 3
    for heard in customer.heard:
        assert [error.message for error in validator.iter_errors(heard.json)] == []


async def test_a_refusal_blocks_what_follows(customer: Customer) -> None:
    """A server that refuses an old fix delays the SOS behind it; order is kept."""
    refusing = True
    customer.answers["/devices"] = lambda _: web.Response(status=400 if refusing else 200)
    phone = await started(App.TRACCAR, customer)
    phone.report(AT)
    phone.sos(AT)
    await until(lambda: len(customer.heard) >= 3)
    assert not [one for one in customer.heard if "alarm" in one.form]
    refusing = False
    await phone.sent()
    assert customer.heard[-1].form["alarm"] == "sos"
    await phone.stop()


async def test_phone_program(customer: Customer) -> None:
    """One SOS from the command line: 0 when taken, 1 when nobody is there."""
    import asyncio

    async def run(url: str) -> int:
        words = ["phone", "--url", url, "--device", "v", "--sos", "--timeout-s", "1"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulators", *words, stdout=asyncio.subprocess.DEVNULL
        )
        return await asyncio.wait_for(process.wait(), 20)

    assert await run(f"{customer.url}/devices") == 0
    assert await run("http://127.0.0.1:1/devices") == 1
