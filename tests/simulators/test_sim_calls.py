"""A call rings; a person answers and presses a key, or a mailbox answers, or nobody does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from counterparts import Customer, until
from test_sim_sms_provider import Rewriting, is_signed, post
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulators.sms_provider import Account, SmsProvider

OURS, BRUNO = "+33199000001", "+33639980005"
MENU = (
    '<Response><Gather action="/voice/key" numDigits="1"><Say>Alerte. Tapez 1.</Say></Gather>'
    "<Say>Rien entendu.</Say></Response>"
)


@pytest.fixture
async def provider(customer: Customer) -> AsyncIterator[SmsProvider]:
    account = Account(webhook=f"{customer.url}/sms", signed_url_base="https://tgd.example")
    one = SmsProvider(account, ring_scale=0.01)
    await one.start()
    yield one
    await one.stop()


async def ring(provider: SmsProvider, **more: Any) -> Any:
    http = Rewriting(provider.url)
    client = Client(provider.account.sid, provider.account.token, http_client=http)
    try:
        placed = await asyncio.to_thread(
            lambda: client.calls.create(to=BRUNO, from_=OURS, timeout=2, **more)
        )
        await until(lambda: not provider._tasks)
        return await asyncio.to_thread(lambda: client.calls(placed.sid).fetch())
    finally:
        http.session.close()


async def test_person_presses_one(provider: SmsProvider, customer: Customer) -> None:
    """Bruno answers, hears the words, presses 1; the key arrives signed at the action."""
    customer.answers["/voice/start"] = lambda _: web.Response(text=MENU, content_type="text/xml")
    customer.answers["/voice/key"] = lambda _: web.Response(
        text="<Response><Say>Merci.</Say><Hangup/></Response>", content_type="text/xml"
    )
    person = {"number": BRUNO, "answers": True, "after_s": 0, "digits": "12"}
    assert (await post(f"{provider.url}/simulate/person", person))[0] == 200
    call = await ring(
        provider,
        url="https://tgd.example/voice/start?a=1",
        status_callback="https://tgd.example/voice/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert (call.status, call.direction) == ("completed", "outbound-api")
    assert call.sid.startswith("CA")
    start, key = customer.at("/voice/start")[0], customer.at("/voice/key")[0]
    assert start.form["CallStatus"] == "in-progress"
    assert is_signed(start, "https://tgd.example/voice/start?a=1")
    assert (key.form["Digits"], key.form["CallSid"]) == ("1", call.sid)
    assert is_signed(key, "https://tgd.example/voice/key")
    assert provider.calls[0].heard == ["Alerte. Tapez 1.", "Merci."]
    told = [h.form["CallStatus"] for h in customer.at("/voice/status")]
    assert told == ["ringing", "in-progress", "completed"]
    assert all(
        is_signed(h, "https://tgd.example/voice/status") for h in customer.at("/voice/status")
    )


async def test_mailbox_presses_nothing(provider: SmsProvider, customer: Customer) -> None:
    """A mailbox takes the call and no key comes: the words run on, and nobody acknowledged."""
    person = {"number": BRUNO, "answers": True, "after_s": 0}
    await post(f"{provider.url}/simulate/person", person)
    twiml = MENU.replace("/voice/key", "https://tgd.example/voice/key")
    call = await ring(provider, twiml=twiml)
    assert call.status == "completed"
    assert provider.calls[0].heard == ["Alerte. Tapez 1.", "Rien entendu."]
    assert not customer.at("/voice/key")


async def test_inline_twiml_with_a_key(provider: SmsProvider, customer: Customer) -> None:
    """TwiML given with the call works the same."""
    person = {"number": BRUNO, "answers": True, "after_s": 0, "digits": "1"}
    await post(f"{provider.url}/simulate/person", person)
    twiml = MENU.replace("/voice/key", "https://tgd.example/voice/key")
    await ring(provider, twiml=twiml)
    assert customer.at("/voice/key")[0].form["Digits"] == "1"


async def test_nobody_and_busy(provider: SmsProvider, customer: Customer) -> None:
    """Unknown numbers never answer; a busy one says so; only the end is called back by default."""
    back = "https://tgd.example/voice/status"
    assert (await ring(provider, twiml=MENU, status_callback=back)).status == "no-answer"
    await post(f"{provider.url}/simulate/person", {"number": BRUNO, "busy": True})
    assert (await ring(provider, twiml=MENU, status_callback=back)).status == "busy"
    told = [h.form["CallStatus"] for h in customer.at("/voice/status")]
    assert told == ["no-answer", "busy"]


@pytest.mark.parametrize("words", ["<Response><Say>", "nothing", "<Other/>"])
async def test_bad_twiml_ends_the_call(provider: SmsProvider, words: str) -> None:
    """What is no TwiML is Twilio's error 12100, and the person hears nothing."""
    person = {"number": BRUNO, "answers": True, "after_s": 0, "digits": "1"}
    await post(f"{provider.url}/simulate/person", person)
    await ring(provider, twiml=words)
    assert provider.ledger_book.of("call_error")[0]["error_code"] == 12100
    assert provider.calls[0].heard == []


async def test_refusals(provider: SmsProvider) -> None:
    """No instructions: 21205; an unreachable script: 11200 and the end of the call."""
    with pytest.raises(TwilioRestException) as refused:
        await ring(provider, url="not-an-address")
    assert refused.value.code == 21205
    await post(f"{provider.url}/simulate/person", {"number": BRUNO, "answers": True, "after_s": 0})
    assert (await ring(provider, url="http://127.0.0.1:1/x#rc=0")).status == "completed"
    assert provider.ledger_book.of("call_error")[0]["error_code"] == 11200
