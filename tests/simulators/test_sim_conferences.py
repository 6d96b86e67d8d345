"""Two people in one conference, with the provider's own library: heard, muted, recorded, erased."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from counterparts import Customer, until
from test_sim_sms_provider import Rewriting, is_signed
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_calls import Person
from simulators.twilio_conferences import SILENCE

OURS, BRUNO, ANA = "+33199000001", "+33639980005", "+33639980001"
BACK = "https://tgd.example/recorded"


@pytest.fixture
async def provider(customer: Customer) -> AsyncIterator[SmsProvider]:
    account = Account(webhook=f"{customer.url}/sms", signed_url_base="https://tgd.example")
    one = SmsProvider(account, ring_scale=0.01)
    await one.start()
    one.people[BRUNO] = Person(BRUNO, answers=True, after_s=0, says="Allô ?", talks_s=0.6)
    one.people[ANA] = Person(ANA, answers=True, after_s=0.1, says="Chut.", talks_s=5)
    yield one
    await one.stop()


def twiml(muted: str = "false", record: str = "record-from-start") -> str:
    return (
        f'<Response><Dial><Conference muted="{muted}" endConferenceOnExit="true"'
        f' record="{record}" recordingStatusCallback="{BACK}">salle</Conference></Dial></Response>'
    )


async def asked(provider: SmsProvider, ask: Any) -> Any:
    http = Rewriting(provider.url)
    client = Client(provider.account.sid, provider.account.token, http_client=http)
    try:
        return await asyncio.to_thread(ask, client)
    finally:
        http.session.close()


async def both(provider: SmsProvider, muted: str = "false") -> None:
    """Bruno and Ana are rung into the same room."""
    for number, how in ((BRUNO, muted), (ANA, "false")):
        words = twiml(how)
        await asked(
            provider,
            lambda client, to=number, w=words: client.calls.create(to=to, from_=OURS, twiml=w),
        )


async def test_two_people_hear_each_other_until_one_goes(
    provider: SmsProvider, customer: Customer
) -> None:
    await both(provider)
    await until(lambda: bool(customer.at("/recorded")))
    bruno, ana = provider.calls
    assert (bruno.heard, ana.heard) == (["Chut."], ["Allô ?"])
    (told,) = customer.at("/recorded")
    assert is_signed(told, BACK)
    assert told.form["RecordingStatus"] == "completed"
    assert "CallSid" not in told.form
    (room,) = await asked(provider, lambda c: c.conferences.list(friendly_name="salle"))
    assert (room.status, room.sid) == ("completed", told.form["ConferenceSid"])


async def test_the_muted_one_is_heard_by_nobody_until_unmuted(provider: SmsProvider) -> None:
    await both(provider, muted="true")
    await until(lambda: len(provider.calls) == 2 and bool(provider.calls[0].heard))
    assert provider.calls[1].heard == []
    (room,) = await asked(provider, lambda c: c.conferences.list(friendly_name="salle"))
    inside = await asked(provider, lambda c: c.conferences(room.sid).participants.list())
    assert {(p.call_sid, p.muted) for p in inside} == {
        (provider.calls[0].sid, True), (provider.calls[1].sid, False),
    }  # fmt: skip
    sid = provider.calls[0].sid
    said = await asked(
        provider, lambda c: c.conferences(room.sid).participants(sid).update(muted=False)
    )
    assert said.muted is False
    assert provider.calls[1].heard == ["Allô ?"], "heard from then on"


async def test_one_who_stays_alone_leaves_no_sound(
    provider: SmsProvider, customer: Customer
) -> None:
    await asked(provider, lambda c: c.calls.create(to=BRUNO, from_=OURS, twiml=twiml()))
    await until(lambda: bool(customer.at("/recorded")))
    assert customer.at("/recorded")[0].form["RecordingStatus"] == "absent"
    assert provider.recordings == []


async def test_a_call_that_is_hung_up_ends(provider: SmsProvider) -> None:
    provider.people[BRUNO] = Person(BRUNO, answers=True, after_s=9)
    call = await asked(provider, lambda c: c.calls.create(to=BRUNO, from_=OURS, twiml=twiml()))
    await asked(provider, lambda c: c.calls(call.sid).update(status="completed"))
    await until(lambda: provider.calls[0].status == "canceled")
    with pytest.raises(TwilioRestException) as refused:
        await asked(provider, lambda c: c.calls(call.sid).update(status="completed"))
    assert refused.value.code == 21220


async def test_a_recording_is_there_with_the_credentials_until_it_is_erased(
    provider: SmsProvider,
) -> None:
    await both(provider)
    await until(lambda: bool(provider.recordings))
    (kept,) = provider.recordings
    shown = await asked(provider, lambda c: c.recordings(kept.sid).fetch())
    assert (shown.conference_sid, shown.source) == (kept.conference, "Conference")
    path = f"/2010-04-01/Accounts/{provider.account.sid}/Recordings/{kept.sid}.mp3"
    http = Rewriting(provider.url)
    auth = (provider.account.sid, provider.account.token)
    assert (await asyncio.to_thread(http.session.get, provider.url + path)).status_code == 401
    heard = await asyncio.to_thread(lambda: http.session.get(provider.url + path, auth=auth))
    http.session.close()
    assert heard.content == SILENCE
    assert await asked(provider, lambda c: c.recordings(kept.sid).delete())
    with pytest.raises(TwilioRestException) as gone:
        await asked(provider, lambda c: c.recordings(kept.sid).fetch())
    assert gone.value.status == 404
