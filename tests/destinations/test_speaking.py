"""Bruno only listens, and is heard by one act of his: never by anybody else's, nor by accident."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from call_ground import CRIES, DESK, SORRY, Line, line

from tests.acts.dispatching import BERTA, BRUNO, POLICY
from tests.world import World
from tgd import clock
from tgd.alerts import calling
from tgd.database import transaction
from tgd.errors import SomebodyWasFaster, WrongState

TALK = "SELECT 1 FROM call_leg WHERE state = 'answered' HAVING count(*) = 2"


@pytest.fixture
async def bruno(world: World, record_url: str) -> AsyncIterator[Line]:
    """Both stay on the line for long."""
    async with line(world, record_url, POLICY) as made:
        made.person(DESK, says=SORRY, talks_s=15)
        made.person(made.ana.number, says=CRIES, talks_s=15)
        yield made


def acts(bruno: Line) -> list[str]:
    lines = bruno.ask("SELECT act FROM journal WHERE act LIKE 'Speaking%' ORDER BY seq")
    return [one.act for one in lines]


async def test_bruno_listens_and_then_speaks_to_her(bruno: Line) -> None:
    bruno.want(listen_only=True)
    await bruno.until(TALK)
    at_desk, at_ana = bruno.provider.calls
    async with asyncio.timeout(20):
        while not at_desk.heard:
            await asyncio.sleep(0.05)
    assert (at_desk.heard, at_ana.heard) == ([CRIES], [])
    bruno.speak()
    await bruno.until("SELECT 1 FROM conversation WHERE speaks_at IS NOT NULL")
    assert at_ana.heard == [SORRY]
    assert acts(bruno) == ["SpeakingWanted", "SpeakingBegun"]
    with pytest.raises(WrongState, match="heard already"):
        bruno.speak()


async def test_one_who_speaks_before_his_telephone_rang_is_heard_from_the_start(
    bruno: Line,
) -> None:
    bruno.want(listen_only=True)
    bruno.speak()
    await bruno.until("SELECT 1 FROM conversation WHERE speaks_at IS NOT NULL")
    await bruno.until(TALK)
    assert 'muted="false"' in bruno.provider.calls[0].twiml
    assert bruno.provider.calls[1].heard == [SORRY]


async def test_a_provider_that_stumbles_is_asked_again(bruno: Line) -> None:
    bruno.want(listen_only=True)
    await bruno.until(TALK)
    bruno.speak()
    await bruno.provider.become("http_500", times=1)
    await bruno.calls.turn()
    (call,) = bruno.ask("SELECT speak_why, speaks_at FROM conversation")
    assert (call.speak_why, call.speaks_at) == ("status_500", None)
    with pytest.raises(WrongState, match="asked for already"):
        bruno.speak()
    bruno.ask("UPDATE conversation SET speak_asked_at = speak_asked_at - interval '3 s'"
              " RETURNING 1")  # fmt: skip
    await bruno.until("SELECT 1 FROM conversation WHERE speaks_at IS NOT NULL")
    assert bruno.provider.calls[1].heard == [SORRY]
    assert acts(bruno) == ["SpeakingWanted", "SpeakingBegun"]


async def test_a_provider_that_refuses_is_named_and_bruno_may_ask_again(bruno: Line) -> None:
    bruno.want(listen_only=True)
    await bruno.until(TALK)
    bruno.provider.account.token = "another"  # the account was changed meanwhile
    bruno.speak()
    await bruno.until("SELECT 1 FROM conversation WHERE speak_why = 'status_401'")
    assert acts(bruno) == ["SpeakingWanted", "SpeakingRefused"]
    assert bruno.provider.calls[1].heard == []
    bruno.speak()
    assert acts(bruno)[2:] == ["SpeakingWanted"]


async def test_when_the_call_has_ended_nobody_speaks(bruno: Line) -> None:
    bruno.person(DESK, says=SORRY, talks_s=0.2)
    with pytest.raises(WrongState, match="has ended"):
        bruno.speak()
    await bruno.over(bruno.want(listen_only=True))
    with pytest.raises(WrongState, match="has ended"):
        bruno.speak()
    assert acts(bruno) == []


async def test_a_wish_that_the_end_of_the_call_overtakes_leaves_nothing_to_do(
    bruno: Line,
) -> None:
    bruno.person(DESK, says=SORRY, talks_s=0.2)
    call = bruno.want(listen_only=True)
    bruno.speak()
    bruno.ask("UPDATE conversation SET speak_asked_at = now() + interval '1 h' RETURNING 1")
    await bruno.over(call)
    await bruno.calls.turn()  # whoever was left alone is hung up
    assert await bruno.calls.turn() == 0


async def test_a_call_in_which_he_is_heard_and_another_person_s_are_refused(bruno: Line) -> None:
    bruno.want()
    with pytest.raises(WrongState, match="heard already"):
        bruno.speak()
    with pytest.raises(SomebodyWasFaster), transaction(bruno.engine) as session:
        calling.want_to_speak(session, BERTA, bruno.alert, clock.now())
    bruno.ask("UPDATE conversation SET listen_only = true, wanted_by = :who RETURNING 1",
              who=other(bruno))  # fmt: skip
    with pytest.raises(WrongState, match="on the line"):
        bruno.speak()


def other(bruno: Line) -> str:
    """Berta, who called before Bruno took the alert from her."""
    bruno.ask("INSERT INTO account (name, role, password_hash, made_at) SELECT :name, role,"
              " password_hash, made_at FROM account WHERE name = :bruno RETURNING 1",
              name=BERTA.name, bruno=BRUNO.name)  # fmt: skip
    return BERTA.name
