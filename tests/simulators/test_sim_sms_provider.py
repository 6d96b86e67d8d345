"""The SMS provider satisfies Twilio's own client and validator, and misbehaves on request."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import web
from counterparts import Customer, until
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_posting import Patience
from simulators.twilio_resources import segments

OURS, ANA = "+33199000001", "+33639980001"
T = TypeVar("T")


class Rewriting(TwilioHttpClient):
    """Twilio's own HTTP client, sent to the simulator instead."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=10)
        self.base = base

    def request(self, method: str, url: str, *rest: Any, **more: Any) -> Any:
        url = url.replace("https://api.twilio.com", self.base)
        return super().request(method, url, *rest, **more)


@pytest.fixture
async def provider(customer: Customer) -> AsyncIterator[SmsProvider]:
    account = Account(webhook=f"{customer.url}/sms", numbers=(OURS,), opted_out=("+33639980009",))
    one = SmsProvider(account, step_s=0.01, patience=Patience(retries=2, pause_s=0.01))
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
def twilio(provider: SmsProvider) -> Iterator[Client]:
    http = Rewriting(provider.url)
    yield Client(provider.account.sid, provider.account.token, http_client=http)
    http.session.close()


async def call(act: Callable[[], T]) -> T:
    return await asyncio.to_thread(act)


async def post(url: str, said: dict[str, Any]) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.post(url, json=said) as reply:
        return reply.status, await reply.json()


def is_signed(heard: Any, url: str) -> bool:
    signature = heard.headers["X-Twilio-Signature"]
    return bool(RequestValidator(Account().token).validate(url, heard.form, signature))


async def test_twilio_client_sends_and_reads(provider: SmsProvider, twilio: Client) -> None:
    """Twilio's library creates a message, follows it to `delivered`, and reads its dates."""
    sent = await call(lambda: twilio.messages.create(to=ANA, from_=OURS, body="Vu ŷ"))
    assert (sent.status, sent.direction, sent.num_segments) == ("queued", "outbound-api", "1")
    assert sent.sid.startswith("SM")
    assert len(sent.sid) == 34
    assert abs(datetime.now(UTC) - sent.date_created) < timedelta(seconds=5)
    await until(lambda: provider.messages[0].status == "delivered")
    read = await call(lambda: twilio.messages(sent.sid).fetch())
    assert (read.status, read.to, read.from_, read.body) == ("delivered", ANA, OURS, "Vu ŷ")
    assert read.date_sent is not None


async def test_list_is_paged(provider: SmsProvider, twilio: Client) -> None:
    """Pages of two, newest first, through Twilio's own pager; filters on number and date."""
    for n in range(5):
        provider.hear(ANA, OURS, f"message {n}")
    provider.hear("+33639980002", OURS, "other")
    listed = await call(lambda: twilio.messages.list(from_=ANA, to=OURS, page_size=2))
    assert [m.body for m in listed] == [f"message {n}" for n in (4, 3, 2, 1, 0)]
    assert {m.status for m in listed} == {"received"}
    since = datetime.now(UTC) - timedelta(minutes=1)
    recent = await call(lambda: twilio.messages.list(date_sent_after=since, page_size=100))
    assert len(recent) == 6
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert await call(lambda: twilio.messages.list(date_sent_after=later)) == []
    today = datetime.now(UTC).date()
    assert len(await call(lambda: twilio.messages.list(date_sent=today))) == 6


@pytest.mark.parametrize(
    ("to", "sender", "body", "code", "status"),
    [
        ("06 39 98", OURS, "x", 21211, 400),
        (ANA, "+33199000099", "x", 21606, 400),
        (ANA, OURS, "x" * 1601, 21617, 400),
        ("+33639980009", OURS, "x", 21610, 400),
        (ANA, OURS, "", 21602, 400),
    ],
)
async def test_errors_of_twilio(
    twilio: Client, to: str, sender: str, body: str, code: int, status: int
) -> None:
    """Refusals carry Twilio's own codes, as its library reads them."""
    with pytest.raises(TwilioRestException) as refused:
        await call(lambda: twilio.messages.create(to=to, from_=sender, body=body))
    assert (refused.value.code, refused.value.status) == (code, status)


async def test_credentials_are_checked(provider: SmsProvider, twilio: Client) -> None:
    """A wrong token is 20003; an unknown message or another account is 20404."""
    http = Rewriting(provider.url)
    stranger = Client(provider.account.sid, "wrong", http_client=http)
    with pytest.raises(TwilioRestException) as refused:
        await call(lambda: stranger.messages.create(to=ANA, from_=OURS, body="x"))
    assert (refused.value.code, refused.value.status) == (20003, 401)
    http.session.close()
    with pytest.raises(TwilioRestException) as missing:
        await call(lambda: twilio.messages("SM" + "0" * 32).fetch())
    assert (missing.value.code, missing.value.status) == (20404, 404)
    sent_by = provider.hear(ANA, OURS, "x").sid
    with pytest.raises(TwilioRestException) as elsewhere:
        await call(lambda: twilio.api.accounts("AC" + "9" * 32).messages(sent_by).fetch())
    assert elsewhere.value.code == 20404


async def test_inbound_is_signed(provider: SmsProvider, customer: Customer) -> None:
    """An SMS becomes a signed form with every field, the empty ones too."""
    status, said = await post(
        f"{provider.url}/simulate/inbound", {"from": ANA, "to": OURS, "body": "à l'aide"}
    )
    assert status == 200
    await until(lambda: customer.at("/sms"))
    heard = customer.at("/sms")[0]
    assert heard.form["MessageSid"] == heard.form["SmsSid"] == said["sid"]
    assert heard.form["SmsMessageSid"] == said["sid"]
    assert (heard.form["From"], heard.form["To"], heard.form["Body"]) == (ANA, OURS, "à l'aide")
    assert (heard.form["SmsStatus"], heard.form["NumMedia"]) == ("received", "0")
    assert heard.form["FromCity"] == ""
    assert is_signed(heard, f"{customer.url}/sms")
    assert not is_signed(heard, f"{customer.url}/other")
    assert (await post(f"{provider.url}/simulate/inbound", {"from": ANA}))[0] == 400


async def test_signs_the_public_url(customer: Customer) -> None:
    """Behind a proxy the public address is signed, and the local one is called."""
    account = Account(webhook=f"{customer.url}/sms#rc=1", signed_url_base="https://tgd.example")
    provider = SmsProvider(account, step_s=0.01)
    await provider.start()
    provider.hear(ANA, OURS, "x")
    await until(lambda: customer.at("/sms"))
    assert is_signed(customer.at("/sms")[0], "https://tgd.example/sms")
    http = Rewriting(provider.url)
    client = Client(account.sid, account.token, http_client=http)
    await call(
        lambda: client.messages.create(
            to=ANA, from_=OURS, body="x", status_callback="https://tgd.example/status?n=1"
        )
    )
    await until(lambda: len(customer.at("/status")) == 3)
    assert all(is_signed(h, "https://tgd.example/status?n=1") for h in customer.at("/status"))
    http.session.close()
    await provider.stop()


async def statuses(provider: SmsProvider, twilio: Client, customer: Customer) -> list[str]:
    """Send one and wait until the provider has said all it says about it."""
    done = len(customer.at("/status"))
    await call(
        lambda: twilio.messages.create(
            to=ANA, from_=OURS, body="x", status_callback=f"{customer.url}/status"
        )
    )
    await until(lambda: not provider._tasks)
    return [h.form["MessageStatus"] for h in customer.at("/status")[done:]]


async def test_status_callbacks(provider: SmsProvider, twilio: Client, customer: Customer) -> None:
    """Queued, sent, delivered; or undelivered with the code of that number; signed."""
    assert await statuses(provider, twilio, customer) == ["queued", "sent", "delivered"]
    assert all(is_signed(h, f"{customer.url}/status") for h in customer.at("/status"))
    await post(f"{provider.url}/simulate/person", {"number": ANA, "sms_error": 30005})
    assert (await statuses(provider, twilio, customer))[-1] == "undelivered"
    assert customer.at("/status")[-1].form["ErrorCode"] == "30005"
    listed = await call(lambda: twilio.messages.list(limit=1))
    assert (listed[0].status, listed[0].error_code) == ("undelivered", 30005)


async def test_status_faults(provider: SmsProvider, twilio: Client, customer: Customer) -> None:
    """Callbacks out of order, twice, not at all, or before the create call returned."""
    await provider.become("out_of_order_status")
    assert await statuses(provider, twilio, customer) == ["delivered", "queued", "sent"]
    assert provider.messages[-1].status == "delivered"
    await provider.become("ok")
    await provider.become("duplicate_webhooks")
    assert (await statuses(provider, twilio, customer))[:2] == ["queued", "queued"]
    await provider.become("ok")
    await provider.become("drop_webhooks")
    assert await statuses(provider, twilio, customer) == []
    await provider.become("ok")
    await provider.become("callback_before_response")
    done = len(customer.at("/status"))
    url = f"{customer.url}/status"
    await call(lambda: twilio.messages.create(to=ANA, from_=OURS, body="x", status_callback=url))
    assert len(customer.at("/status")) == done + 3


async def test_rest_faults(provider: SmsProvider, twilio: Client) -> None:
    """500, 429, and the cruel one: the message exists, and the answer says 500."""
    for mode, code in (("http_500", 20500), ("http_429", 20429), ("create_then_500", 20500)):
        before = len(provider.messages)
        await provider.become(mode, times=1)
        with pytest.raises(TwilioRestException) as refused:
            await call(lambda: twilio.messages.create(to=ANA, from_=OURS, body="x"))
        assert refused.value.code == code
        assert len(provider.messages) - before == (1 if mode == "create_then_500" else 0)
    await call(lambda: twilio.messages.create(to=ANA, from_=OURS, body="x"))


async def test_deaf_and_with_a_wrong_certificate(provider: SmsProvider) -> None:
    """No answer ever; a certificate of its own making; then it is well again."""
    url = f"/2010-04-01/Accounts/{provider.account.sid}/Messages.json"
    proof = {
        "authorization": aiohttp.encode_basic_auth(provider.account.sid, provider.account.token)
    }
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as http:
        await provider.become("deaf", times=1)
        with pytest.raises(TimeoutError):
            await http.get(provider.url + url, headers=proof)
        await provider.become("wrong_certificate")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(provider.url + url, headers=proof)
        await provider.become("ok")
        async with http.get(provider.url + url, headers=proof) as reply:
            assert reply.status == 200


async def test_bad_signature(provider: SmsProvider, customer: Customer) -> None:
    """A forged webhook does not verify; the next one does again."""
    await provider.become("bad_signature", times=1)
    provider.hear(ANA, OURS, "forged")
    await until(lambda: len(customer.at("/sms")) == 1)
    provider.hear(ANA, OURS, "true")
    await until(lambda: len(customer.at("/sms")) == 2)
    url = f"{customer.url}/sms"
    assert [is_signed(h, url) for h in customer.at("/sms")] == [False, True]


async def test_webhook_is_tried_again(provider: SmsProvider, customer: Customer) -> None:
    """After 500 it comes again with the same idempotency token; after 400 it does not."""
    customer.answers["/sms"] = lambda heard: web.Response(
        status=503 if len(customer.at("/sms")) < 3 else 204
    )
    provider.hear(ANA, OURS, "x")
    await until(lambda: not provider._tasks)
    tokens = {h.headers["I-Twilio-Idempotency-Token"] for h in customer.at("/sms")}
    assert (len(customer.at("/sms")), len(tokens)) == (3, 1)
    assert len({h.form["MessageSid"] for h in customer.at("/sms")}) == 1
    customer.heard.clear()
    customer.answers["/sms"] = lambda heard: web.Response(status=403)
    provider.hear(ANA, OURS, "x")
    await until(lambda: not provider._tasks)
    assert len(customer.at("/sms")) == 1
    assert provider.ledger_book.of("webhook")[-1]["error_code"] == 11200


async def test_fallback_and_fragment(customer: Customer) -> None:
    """`#rc=0` forbids retries; the second site gets the message with the reason."""
    customer.answers["/sms"] = lambda heard: web.Response(status=500)
    fallback = f"{customer.url}/second"
    account = Account(webhook=f"{customer.url}/sms#rc=0", webhook_fallback=fallback)
    provider = SmsProvider(account)
    await provider.start()
    sid = provider.hear(ANA, OURS, "x").sid
    await until(lambda: customer.at("/second"))
    assert len(customer.at("/sms")) == 1
    second = customer.at("/second")[0]
    assert (second.form["MessageSid"], second.form["ErrorCode"]) == (sid, "11200")
    assert is_signed(second, fallback)
    await provider.stop()


async def test_twiml_reply_becomes_a_message(provider: SmsProvider, customer: Customer) -> None:
    """A customer who answers with TwiML sends an SMS back; an empty response sends none."""
    customer.answers["/sms"] = lambda heard: web.Response(
        text="<Response/>"
        if "quiet" in heard.form["Body"]
        else "<Response><Message>Bien reçu</Message></Response>",
        content_type="text/xml",
    )
    provider.hear(ANA, OURS, "quiet")
    await until(lambda: not provider._tasks)
    assert [m.direction for m in provider.messages] == ["inbound"]
    provider.hear(ANA, OURS, "hello")
    await until(lambda: len(provider.messages) == 3)
    assert provider.messages[-1].direction == "outbound-reply"
    assert (provider.messages[-1].to, provider.messages[-1].body) == (ANA, "Bien reçu")


async def test_privacy_options(provider: SmsProvider, twilio: Client) -> None:
    """`discard` and `obfuscate` keep neither words nor number at the provider."""
    sent = await call(
        lambda: twilio.messages.create(
            to=ANA, from_=OURS, body="x", content_retention="discard", address_retention="obfuscate"
        )
    )
    read = await call(lambda: twilio.messages(sent.sid).fetch())
    assert (read.body, read.to) == ("", "+3363998XXXX")


async def test_refuses_and_comes_back(provider: SmsProvider) -> None:
    """Switched off, nobody answers but the control door; switched on, on the same port."""
    port, control = provider.port, f"{provider.control_url}/simulate/misbehave"
    said = {"mode": "refuse"}
    assert (await post(f"{provider.url}/simulate/misbehave", said))[0] == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(f"{provider.url}/simulate/inbound", {})
    status, words = await post(control, {"mode": "nonsense"})
    assert status == 400
    assert "nonsense" in words["error"]
    assert (await post(control, {"mode": "ok"}))[0] == 200
    assert provider.port == port
    assert (await post(f"{provider.url}/simulate/inbound", {}))[0] == 400


def test_segments() -> None:
    """GSM-7 160 and 153, UCS-2 70 and 67, extension characters and emoji count twice."""
    counted = {
        "a" * 160: 1,
        "a" * 161: 2,
        "é" * 160: 1,
        "ê" * 70: 1,
        "ê" * 71: 2,
        "€" * 80: 1,
        "€" * 81: 2,
        "a" * 306: 2,
        "a" * 307: 3,
        "😀" * 35: 1,
        "😀" * 36: 2,
        "😀" * 67: 3,
        "": 1,
    }
    assert {text: segments(text) for text in counted} == counted
    json.dumps(counted)
