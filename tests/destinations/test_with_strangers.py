"""The carriers talk with strangers who read the same standards on their own."""

import asyncio
from urllib.parse import urlencode

from destination_peers import (
    ACCOUNT,
    ALERT,
    PUBLIC_URL,
    SECRET,
    TOKEN,
    Heard,
    Peer,
    carrying,
    policy_text,
    running,
    telling,
)
from multidict import MultiDict

from dispatch.destinations import build
from dispatch.formats.answers_in import AnswerSaid, NotReached, read_answer
from dispatch.policy import read_policy
from dispatch.telling import Later, Received, Refused, Sent, Topic
from simulators.answering import Back
from simulators.control_room import ControlRoom, Watch
from simulators.platform import Agent, Platform
from simulators.sms_provider import Account, SmsProvider
from simulators.twilio_calls import Person
from tgd.telephone import TwilioTelephone, signed_by_twilio


async def test_a_platform_keeps_each_alert_once_however_often_it_is_told() -> None:
    platform = Platform(SECRET)
    await platform.start()
    try:
        async with carrying("webhook", platform.url) as carrier:
            await platform.become("keep_then_reset", times=1)
            first = await carrier.tell(telling("webhook"))
            second = await carrier.tell(telling("webhook"))
            await platform.become("lying_200", times=1)
            lied = await carrier.tell(telling("webhook"))
    finally:
        await platform.stop()
    assert isinstance(first, Later)
    assert second == Received("received", "INC-000001")
    assert isinstance(lied, Sent)
    assert list(platform.incidents) == [ALERT]


async def test_a_platform_with_another_secret_refuses() -> None:
    platform = Platform("whsec_YW5vdGhlciBzZWNyZXQgb2YgYW5vdGhlciBvbmU=")
    await platform.start()
    try:
        async with carrying("webhook", platform.url) as carrier:
            assert await carrier.tell(telling("webhook")) == Refused("status_401")
    finally:
        await platform.stop()


async def test_a_control_room_takes_every_topic_and_owes_an_acknowledgement() -> None:
    room = ControlRoom("t0k")
    await room.start()
    try:
        async with carrying("cisu", room.url) as carrier:
            for topic in Topic:
                told = telling("cisu", topic=topic, key=f"{ALERT}:{topic}:1:cisu")
                assert await carrier.tell(told) == Sent(20, "sent")
            assert await carrier.tell(telling("cisu")) == Sent(20, "sent")
    finally:
        await room.stop()
    kept = [line["kind"] for line in room.ledger if line["event"] == "case"]
    assert kept == ["Report", "Update", "Report", "Update"]
    assert len(room.cases) == len(Topic), "the same key is the same message"
    assert {one.alert for one in room.cases.values()} == {"AL-000042"}


async def test_a_supervisor_is_rung_and_written_to() -> None:
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN))
    provider.people["+33639980101"] = Person.read({"number": "+33639980101", "answers": False})
    await provider.start()
    telephone = TwilioTelephone(ACCOUNT, TOKEN, provider.url, "+33199000010")
    try:
        for kind in ("voice", "sms"):
            policy = read_policy(policy_text(kind, provider.url))
            carrier = build(policy, telephone, PUBLIC_URL)[kind]
            answer = await carrier.tell(telling(kind))
            assert isinstance(answer, Sent)
            assert answer.reference
    finally:
        await telephone.close()
        await provider.stop()
    assert [call.to for call in provider.calls] == ["+33639980101"]
    assert [message.to for message in provider.messages] == ["+33639980101"]


async def heard_by(peer: Peer, path: str, count: int = 1) -> list[Heard]:
    """The requests to that path, as soon as there are so many."""
    while len(found := [one for one in peer.heard if one.path == path]) < count:
        await asyncio.sleep(0.02)
    return found


async def test_bruno_is_rung_and_presses_1() -> None:
    ours = Peer()
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN))
    provider.people["+33639980101"] = Person("+33639980101", answers=True, after_s=0, digits="1")
    async with running(ours):
        await provider.start()
        provider.connect_customer(**{PUBLIC_URL: ours.url})
        try:
            async with carrying("voice", provider.url) as carrier:
                assert isinstance(await carrier.tell(telling("voice")), Sent)
                (pressed,) = await heard_by(ours, "/answers/v1/voice/keypad")
        finally:
            await provider.stop()
    key = pressed.query["key"]
    answer = read_answer("keypad", pressed.body, key=key)
    assert isinstance(answer, AnswerSaid)
    assert (answer.key, answer.state) == (telling("voice").key, "taken")
    url = f"{PUBLIC_URL}{pressed.path}?{urlencode({'key': key}, safe=':')}"
    signature = pressed.headers["X-Twilio-Signature"]
    assert signed_by_twilio(TOKEN, url, MultiDict(pressed.form), signature)


async def test_a_text_is_received_when_the_provider_says_that_it_arrived() -> None:
    ours = Peer()
    provider = SmsProvider(Account(sid=ACCOUNT, token=TOKEN), step_s=0.01)
    async with running(ours):
        await provider.start()
        provider.connect_customer(**{PUBLIC_URL: ours.url})
        try:
            async with carrying("sms", provider.url) as carrier:
                await carrier.tell(telling("sms"))
                said = await heard_by(ours, "/answers/v1/sms/status", 3)
                provider.people["+33639980101"] = Person("+33639980101", sms_error=30005)
                await carrier.tell(telling("sms"))
                more = await heard_by(ours, "/answers/v1/sms/status", 6)
        finally:
            await provider.stop()
    arrived = read_answer("status", said[-1].body, key=said[-1].query["key"])
    assert isinstance(arrived, AnswerSaid)
    assert arrived.state == "received"
    assert isinstance(read_answer("status", more[-1].body, key=more[-1].query["key"]), NotReached)


async def test_the_room_acknowledges_our_very_message_and_sends_a_patrol() -> None:
    ours = Peer()
    async with running(ours):
        room = ControlRoom(
            "t0k",
            back=Back(ours.url, "cisu"),
            watch=Watch(ack_after_s=0, taken_after_s=0, on_scene_after_s=0),
        )
        await room.start()
        try:
            async with carrying("cisu", room.url) as carrier:
                await carrier.tell(telling("cisu"))
            said = await heard_by(ours, "/answers/v1/cisu", 3)
        finally:
            await room.stop()
    answers = [read_answer("cisu", one.body) for one in said]
    assert [one.state for one in answers if isinstance(one, AnswerSaid)] == [
        "received", "taken", "on_scene",
    ]  # fmt: skip
    assert {one.key for one in answers if isinstance(one, AnswerSaid)} == {telling("cisu").key}
    assert {one.alert for one in answers if isinstance(one, AnswerSaid)} == {ALERT}


async def test_an_agent_of_the_platform_takes_the_alert() -> None:
    ours = Peer()
    async with running(ours):
        platform = Platform(
            SECRET, back=Back(ours.url, "webhook"), agent=Agent(takes_after_s=0, name="Bruno")
        )
        await platform.start()
        try:
            async with carrying("webhook", platform.url) as carrier:
                await carrier.tell(telling("webhook"))
            (said,) = await heard_by(ours, "/answers/v1/webhook")
        finally:
            await platform.stop()
    answer = read_answer("webhook", said.body)
    assert isinstance(answer, AnswerSaid)
    assert (answer.key, answer.state, answer.by) == (telling("webhook").key, "taken", "Bruno")
