"""The provider's word about a text got lost: it is asked for, and what it says is followed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from destination_peers import ACCOUNT, TOKEN
from sqlalchemy import Engine, text
from test_notices_outside import ON_CALL, Outside, lose, outside, policy

from dispatch import following as module
from dispatch.following import Following
from simulators.twilio_calls import Person
from tests.walking import Walk
from tgd.store import notices
from tgd.telephone import TelephoneLater, TwilioTelephone

ANOTHER = """
    INSERT INTO notice_telling (key, notice, destination, state, attempts, lease_token, reference,
        made_at, told_at)
    SELECT 'zzz', notice, destination, state, 1, 1, :sid, made_at, told_at
    FROM notice_telling WHERE destination = 'on-call'
"""


@asynccontextmanager
async def asking(out: Outside) -> AsyncIterator[Following]:
    telephone = TwilioTelephone(ACCOUNT, TOKEN, out.provider.url, "+33639980100", 3.0)
    try:
        yield Following(out.engine, policy(), telephone)
    finally:
        await telephone.close()


def minutes_pass(engine: Engine, minutes: float) -> None:
    with engine.begin() as connection:
        later = "UPDATE notice_telling SET told_at = told_at - make_interval(secs => :s)"
        connection.execute(text(later), {"s": minutes * 60})


async def sent_in_silence(out: Outside, *, arrives: bool) -> None:
    """Whoever is on call is sent a text; what became of it is said to nobody."""
    out.provider.misbehaviour.become("drop_webhooks")
    if not arrives:
        out.provider.people[ON_CALL] = Person(ON_CALL, sms_error=30003)
    await out.turn()
    async with asyncio.timeout(20):
        while out.provider.messages[-1].status not in ("delivered", "undelivered"):
            await asyncio.sleep(0.02)


def state_of(out: Outside) -> list[tuple[str, str]]:
    return out.rows("SELECT state, said FROM notice_telling WHERE destination = 'on-call'")


async def test_a_text_that_arrived_in_silence_is_known_to_have(walk: Walk, engine: Engine) -> None:
    lose(walk)
    async with outside(engine) as out, asking(out) as following:
        await sent_in_silence(out, arrives=True)
        assert await following.look() == 0, "the callback may still come"
        assert [state for state, _ in state_of(out)] == ["sent"]
        minutes_pass(engine, 6)
        assert await following.look() == 1
        assert state_of(out) == [("received", "delivered")]
        assert await following.look() == 0, "what is known is asked no more"
        assert out.rows("SELECT count(*) FROM journal WHERE act = 'NoticeArrived'") == [(1,)]


async def test_one_that_did_not_arrive_in_silence_is_told_further(
    walk: Walk, engine: Engine
) -> None:
    """As if the provider had said so itself: the platform hears of it, and it is sent again."""
    lose(walk)
    async with outside(engine) as out, asking(out) as following:
        await sent_in_silence(out, arrives=False)
        minutes_pass(engine, 6)
        assert await following.look() == 1
        assert state_of(out) == [("pending", "undelivered 30003")]
        assert set(notices.undelivered(walk.session, handset=walk.handset)) == {"lost"}
        await out.turn()
        kinds = {event["type"].split(".")[3] for event in out.platform.notices.values()}
        assert kinds == {"handset", "undelivered"}


async def test_a_provider_that_is_away_or_forgot_it_changes_nothing(
    walk: Walk, engine: Engine
) -> None:
    lose(walk)
    async with outside(engine) as out, asking(out) as following:
        await sent_in_silence(out, arrives=True)
        minutes_pass(engine, 6)
        out.provider.misbehaviour.become("http_500", times=1)
        with pytest.raises(TelephoneLater):
            await following.look()
        kept = out.provider.messages.pop()
        assert await following.look() == 0
        assert [state for state, _ in state_of(out)] == ["sent"]
        out.provider.messages.append(kept)
        minutes_pass(engine, 3 * 24 * 60)
        assert await following.look() == 0, "after three days nobody says more"
        minutes_pass(engine, -3 * 24 * 60)
        assert await following.look() == 1


async def test_many_are_asked_for_in_turns(
    walk: Walk, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that stay “sent” for ever keep nobody else from being asked for."""
    monkeypatch.setattr(module, "MOST", 1)
    lose(walk)
    async with outside(engine) as out, asking(out) as following:
        await sent_in_silence(out, arrives=True)
        for message in out.provider.messages:
            message.status = "sent"  # a network that never says more
        late = out.provider.hear("+33639980001", ON_CALL, "another text of ours")
        with engine.begin() as connection:
            connection.execute(text(ANOTHER), {"sid": late.sid})
        late.status = "delivered"
        minutes_pass(engine, 6)
        assert [await following.look() for _ in range(2)] == [0, 1]
