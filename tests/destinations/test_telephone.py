"""The telephone: two exceptions, no second try, every page of the list, and whose form it is."""

import asyncio
import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from destination_peers import ACCOUNT, TOKEN, Peer, running
from multidict import MultiDict

from simulators.sms_provider import Account, SmsProvider
from tgd.telephone import (
    TelephoneLater,
    TelephoneRefused,
    TwilioTelephone,
    signed_by_twilio,
)

OURS, ANA = "+33199000010", "+33639980001"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def telephone(url: str) -> TwilioTelephone:
    return TwilioTelephone(ACCOUNT, TOKEN, url, OURS, timeout_s=2)


async def test_a_text_and_a_call_go_out_and_nothing_is_kept_at_the_provider() -> None:
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN))
    await provider.start()
    line = telephone(provider.url)
    try:
        sms = await line.send_sms(ANA, "Alerte TGD AL-000042")
        call = await line.call(ANA, "<Response/>")
    finally:
        await line.close()
        await provider.stop()
    assert sms.startswith("SM")
    assert call.startswith("CA")
    (message,) = provider.messages
    assert (message.discard_body, message.obfuscate) == (True, True)


async def test_a_number_that_said_stop_is_refused_and_a_full_queue_is_not() -> None:
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN, opted_out=(ANA,)))
    await provider.start()
    line = telephone(provider.url)
    try:
        with pytest.raises(TelephoneRefused) as no:
            await line.send_sms(ANA, "x")
        assert no.value.why == "code_21610"
        await provider.become("http_429", times=1)
        with pytest.raises(TelephoneLater) as later:
            await line.send_sms("+33639980002", "x")
        assert (later.value.why, later.value.retry_after_s) == ("status_429", 1.0)
        await provider.become("create_then_500", times=1)
        with pytest.raises(TelephoneLater):
            await line.send_sms("+33639980002", "x")
        assert len(provider.messages) == 1, "what may have left is never sent twice by itself"
    finally:
        await line.close()
        await provider.stop()


@pytest.mark.parametrize("code", [30001, 30003, 30008, 30017, 30410, 20429, 21611])
async def test_a_code_that_passes_is_later_even_as_a_400(code: int) -> None:
    async with running(Peer(said={"code": code, "message": ANA}, status=400)) as peer:
        line = telephone(peer.url)
        with pytest.raises(TelephoneLater) as later:
            await line.send_sms(ANA, "x")
        await line.close()
    assert later.value.why == f"code_{code}"
    assert ANA not in str(later.value)


@pytest.mark.parametrize("said", [[], {}, {"sid": None}, {"sid": 7}, "text", None])
async def test_a_reply_that_is_none_is_later(said: Any) -> None:
    async with running(Peer(said=said, status=201)) as peer:
        line = telephone(peer.url)
        with pytest.raises(TelephoneLater, match="bad_reply"):
            await line.call(ANA, "<Response/>")
        with pytest.raises(TelephoneLater):
            await line.inbound_since([OURS], LONG_AGO)
        await line.close()


async def test_the_reconciler_sees_every_page_and_only_what_came_in() -> None:
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN))
    await provider.start()
    line = telephone(provider.url)
    try:
        for number in range(230):
            provider.hear(ANA, OURS, f"SOS {number}")
        provider.hear(ANA, "+33199000099", "to somebody else")
        await line.send_sms(OURS, "from us to us")
        while provider.messages[-1].status != "delivered":
            await asyncio.sleep(0.02)
        found = await line.inbound_since([OURS], datetime.now(UTC) - timedelta(minutes=1))
        none = await line.inbound_since([OURS], datetime.now(UTC) + timedelta(minutes=1))
    finally:
        await line.close()
        await provider.stop()
    assert {one.body for one in found} == {f"SOS {number}" for number in range(230)}
    assert {(one.sender, one.to) for one in found} == {(ANA, OURS)}
    assert none == []


async def test_what_came_within_this_very_second_is_not_missed() -> None:
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN))
    await provider.start()
    line = telephone(provider.url)
    impostor = TwilioTelephone(ACCOUNT, "wrong", provider.url, OURS)
    try:
        since = datetime.now(UTC)
        provider.hear(ANA, OURS, "SOS")
        assert [one.body for one in await line.inbound_since([OURS], since)] == ["SOS"]
        with pytest.raises(TelephoneRefused):
            await impostor.inbound_since([OURS], since)
    finally:
        await line.close()
        await impostor.close()
        await provider.stop()


def signature(url: str, fields: list[tuple[str, str]]) -> str:
    """The provider's rule, written again: the URL, then each name and value by name."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def test_a_form_is_known_by_its_signature_and_an_added_field_is_seen() -> None:
    url = "https://tgd.example/sms/twilio"
    fields = [("Body", "SOS"), ("From", ANA), ("MessageSid", "SM1")]
    signed = signature(url, fields)
    assert signed_by_twilio(TOKEN, url, MultiDict(fields), signed)
    stranger = ("From", "+33639980666")
    for added in ([stranger, *fields], [*fields, stranger]):
        assert not signed_by_twilio(TOKEN, url, MultiDict(added), signed)
    assert not signed_by_twilio(TOKEN, url.replace("https", "http"), MultiDict(fields), signed)
    assert not signed_by_twilio("other", url, MultiDict(fields), signed)
    for odd in (None, "", "é", signed[:-1]):
        assert not signed_by_twilio(TOKEN, url, MultiDict(fields), odd)
    assert not signed_by_twilio("", url, MultiDict(fields), signature(url, fields))


async def test_a_deaf_provider_costs_its_time_limit() -> None:
    async with running(Peer("deaf")) as peer:
        line = TwilioTelephone(ACCOUNT, TOKEN, peer.url, OURS, timeout_s=0.3)
        async with asyncio.timeout(10):
            with pytest.raises(TelephoneLater, match="timeout"):
                await line.inbound_since([OURS], LONG_AGO)
            with pytest.raises(TelephoneLater, match="timeout"):
                await line.send_sms(ANA, "x")
        await line.close()
