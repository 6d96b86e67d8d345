"""What a stranger writes is read by an operator, a destination, an auditor: it is only words there.

A text message goes in by the provider's webhook, and is looked for in every place that it reaches.
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, quote_from_bytes
from uuid import uuid4

import httpx
import pytest
from sqlmodel import Session
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from dispatch.formats import cap, cisu, cloudevents, words
from dispatch.telling import Place, Topic
from tests.cli.commanding import Desk
from tests.formats_out.telling_samples import telling
from tests.hostile.ground import ACCOUNT, OUR_NUMBER, PUBLIC_URL, TOKEN, Ground
from tests.hostile.http_wire import Reply, request, talk
from tests.hostile.naughty import MARK, NAUGHTY, shows_safely
from tests.hostile.test_http_bodies import answered
from tests.web.conftest import Browser
from tgd import clock, journal

FORM = "application/x-www-form-urlencoded"
NAMES = list(NAUGHTY)


async def text_message(ground: Ground, body: str, sender: str = "+33639980050") -> Reply:
    """One SMS as the provider posts it, rightly signed."""
    said = {"MessageSid": "SM" + uuid4().hex, "From": sender, "To": OUR_NUMBER}
    said |= {"Body": body, "AccountSid": ACCOUNT}
    url = PUBLIC_URL + "/sms/twilio"
    signature = RequestValidator(TOKEN).compute_signature(url, FormData(said))
    raw = "&".join(f"{k}={quote_from_bytes(v.encode())}" for k, v in said.items()).encode()
    sent = request("POST", "/sms/twilio", raw, Content_Type=FORM, X_Twilio_Signature=signature)
    return (await talk(ground.ports["gateway"], sent)).is_bare()


@asynccontextmanager
async def signed_in(ground: Ground, name: str = "Bruno") -> AsyncIterator[Browser]:
    url = f"http://127.0.0.1:{ground.ports['console']}"
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        browser = Browser(name, client)
        assert (await browser.sign_in()).status_code == 303
        yield browser


def newest(ground: Ground) -> str:
    return str(ground.rows("SELECT id FROM alert ORDER BY number DESC LIMIT 1")[0].id)


async def test_a_text_message_is_only_words_wherever_it_is_read(ground: Ground) -> None:
    async with ground.attacked(), signed_in(ground) as bruno:
        for n, (what, body) in enumerate(NAUGHTY.items()):
            assert (await text_message(ground, body, f"+336399811{n:02d}")).status == 200, what
            alert = newest(ground)
            await bruno.post(f"/alerts/{alert}/take")
            page = await bruno.get(f"/alerts/{alert}")
            assert page.status_code == 200
            assert MARK in page.text, what
            assert shows_safely(page.text)
            sheet = await bruno.get(f"/api/alerts/{alert}", headers={"accept": "application/json"})
            assert MARK in str(sheet.json()["messages"])
            await bruno.post(f"/alerts/{alert}/release")
        for path in ("/", "/sync", "/journal", "/technical"):
            assert MARK not in (await bruno.get(path)).text
        for table in ("journal", "alert", "delivery"):
            found = f"SELECT 1 FROM {table} AS t WHERE CAST(t AS text) LIKE '%{MARK}%'"
            assert ground.rows(found) == [], table


async def test_what_an_operator_writes_is_only_words(ground: Ground) -> None:
    async with ground.attacked(), signed_in(ground) as bruno:
        await text_message(ground, "au secours", "+33639981150")
        alert = newest(ground)
        await bruno.post(f"/alerts/{alert}/take")
        for what, body in NAUGHTY.items():
            assert (await bruno.post(f"/alerts/{alert}/note", words=body)).status_code == 303
            for field in ("found", body):
                reply = await bruno.post(f"/alerts/{alert}/verify", **{field: body})
                assert reply.status_code == 422, (what, field)
                assert shows_safely(reply.text)
            page = await bruno.get(f"/alerts/{alert}?lang={quote(body[:50])}")
            assert shows_safely(page.text)
            assert "x" not in page.cookies
        closed = await bruno.post(
            f"/alerts/{alert}/close", outcome="other", reason="Fictif. " + NAUGHTY["markup"]
        )
        assert closed.status_code == 303
        assert shows_safely((await bruno.get(f"/alerts/{alert}")).text)


async def test_who_signs_in_under_such_a_name_is_only_refused(ground: Ground) -> None:
    async with ground.attacked():
        url = f"http://127.0.0.1:{ground.ports['console']}"
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            for what, name in NAUGHTY.items():
                reply = await client.post("/login", data={"name": name, "password": name})
                assert reply.status_code in (403, 429), what
                assert shows_safely(reply.text), what


async def test_what_a_destination_answers_is_only_words_or_no_answer(ground: Ground) -> None:
    async with ground.attacked():
        await text_message(ground, "au secours", "+33639981151")
        alert = newest(ground)
        for n, (what, said) in enumerate(NAUGHTY.items()):
            words_said = {"id": f"{n}-{alert}", "alert": alert, "state": "taken"}
            body = json.dumps(words_said | {"by": said[:100], "reason": said}).encode()
            reply = await answered(ground, body)
            assert reply.status in (200, 400, 404, 409, 422), (what, reply)
    async with signed_in(ground) as bruno:
        assert shows_safely((await bruno.get(f"/alerts/{alert}")).text)
        assert shows_safely((await bruno.get("/")).text)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_terminal_shows_such_words_and_does_not_obey_them(ground: Ground, as_json: bool) -> None:
    """Words that an older version let in are in an append-only journal for good."""
    with Session(ground.engine) as session:
        for said in NAUGHTY.values():
            who = said.replace("\x00", "")[:60]
            journal.write(session, [journal.Line(at=clock.now(), who=who, act="NoteWritten")])
        session.commit()
    desk = Desk({"TGD_DATABASE_URL": ground.record_url, "TGD_DATA_DIR": str(ground.folder)})
    said = desk.tgd("journal", "show", "--limit", "200", *(["--json"] if as_json else []))
    assert said.code == 0
    assert MARK in said.out
    assert shows_safely(said.out.replace("<", ""))  # markup means nothing to a terminal
    assert len(said.out.splitlines()) == len(said.out.split("\n")) - 1


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_to_others_is_well_formed_whatever_it_says(name: str) -> None:
    said = NAUGHTY[name]
    place = Place(label=said, city=said, insee=said)
    for topic in Topic:
        odd = telling(
            topic, handset=said[:60], handset_number=said[:30], person=said, places=(place,),
            labels=(said,), outcome=said if topic is Topic.CLOSED else None, position=None,
        )  # fmt: skip
        for raw in (cloudevents.compose(odd), cisu.compose(odd, recipient="fr.police.cic92")):
            assert isinstance(json.loads(raw), dict)
        alert = ET.fromstring(cap.compose(odd, recipient="fr.police.cic92"))
        tags = {one.tag.rpartition("}")[2] for one in alert.iter()}
        assert not tags & {"script", "img", "Hangup", "Dial", "b"}
        call = ET.fromstring(words.call_twiml(odd, "fr", "https://tgd.example/k"))
        assert {one.tag for one in call.iter()} == {"Response", "Gather", "Say", "Pause"}
        assert MARK not in words.text(odd, "fr")
        assert MARK not in "".join(one.text or "" for one in call.iter())
