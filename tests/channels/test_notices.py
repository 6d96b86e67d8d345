"""Bruno takes Ana's alert, and her handset knows it a moment later, without a sound."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from channel_ground import until

from gateway.notices import Notices
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.records import Handset
from tgd.rules.access import Role
from tgd.rules.alert import AlertState, Outcome, Verified

BRUNO = Actor("bruno", Role.OPERATOR)


class Ways:
    """The ways to handsets: who is there, and what was said."""

    def __init__(self) -> None:
        self.connected: set[str] = set()
        self.subscribed: set[str] | None = None
        self.said: list[tuple[str, dict[str, Any]]] = []

    async def tell(self, handset: str, payload: bytes) -> bool:
        there = self.connected if self.subscribed is None else self.subscribed
        if handset in there:
            self.said.append((handset, json.loads(payload)))
        return handset in there

    def states(self) -> list[str]:
        return [words["state"] for _, words in self.said]


@pytest.fixture
def ways() -> Ways:
    return Ways()


@pytest.fixture
def ana(world, session, ways):
    world.now = datetime.now(UTC) - timedelta(seconds=10)  # nobody presses after Bruno's acts
    given = world.give("Ana")
    ways.connected.add(given.handset)
    session.commit()
    return given


@asynccontextmanager
async def telling(engine: Any, record_url: str, ways: Ways) -> AsyncIterator[Notices]:
    notices = Notices(engine, record_url, [ways.tell], lambda: ways.connected)
    await notices.open()
    try:
        yield notices
    finally:
        await notices.close()


async def settled() -> None:
    """Long enough for what must not happen."""
    await asyncio.sleep(0.5)


def take(session, world) -> None:
    acts.take(session, BRUNO, world.only_alert().id, datetime.now(UTC))
    session.commit()


def close(session, world) -> None:
    alert = world.only_alert()
    now = datetime.now(UTC)
    acts.verify(session, BRUNO, alert.id, Verified.SAFE_VOICE, now)
    reason = "Ana says that she is safe"
    closed = acts.close(session, BRUNO, alert.id, Outcome.ACCIDENTAL, reason, now)
    session.commit()
    assert closed.state == AlertState.CLOSED, "proposed only: she pressed after she was called"


async def test_taken_then_closed_each_said_once_with_her_newest_id(
    engine, record_url, ways, ana, world, session
):
    world.hear(world.press(ana, trigger="t1"))
    world.wait(seconds=2)
    world.hear(world.press(ana, trigger="t2"))
    session.commit()
    async with telling(engine, record_url, ways):
        await settled()
        take(session, world)
        await until(lambda: ways.said)
        handset, words = ways.said[0]
        assert (handset, words["trigger"], words["state"]) == (ana.handset, "t2", "taken")
        assert words["at"].endswith("Z")
        await settled()
        assert ways.states() == ["taken"]
        close(session, world)
        await until(lambda: len(ways.said) > 1)
        assert ways.states() == ["taken", "closed"]


async def test_a_handset_that_comes_back_is_told_how_its_alert_stands(
    engine, record_url, ways, ana, world, session
):
    world.hear(world.press(ana, trigger="t1"))
    session.commit()
    take(session, world)
    ways.connected.clear()
    async with telling(engine, record_url, ways) as notices:
        await settled()
        assert ways.said == []
        ways.subscribed, ways.connected = set(), {ana.handset}
        await settled()
        ways.subscribed = {ana.handset}
        await until(lambda: ways.said)
        notices.came(ana.handset)
        await until(lambda: len(ways.said) >= 2)
    assert set(ways.states()) == {"taken"}


async def test_nobody_is_told_about_an_alert_that_her_handset_did_not_prove(
    engine, record_url, ways, ana, world, session
):
    """Dora says that she is Ana's handset: neither of them learns anything from us."""
    world.hear(world.press(ana, trigger="doras", verified=False))
    session.commit()
    async with telling(engine, record_url, ways):
        take(session, world)
        await settled()
    assert ways.said == []


@pytest.mark.parametrize("when", ["before the press", "after it"])
async def test_a_stolen_handset_is_not_told_that_help_is_coming(
    engine, record_url, ways, ana, world, session, when
):
    """Whoever took it from her would read that Bruno answers, or that he has closed."""
    if when == "before the press":
        session.get_one(Handset, ana.handset).state = "stolen"
    world.hear(world.press(ana, trigger="his"))
    session.get_one(Handset, ana.handset).state = "stolen"
    session.commit()
    async with telling(engine, record_url, ways) as notices:
        take(session, world)
        await settled()
        notices.came(ana.handset)
        await settled()
    assert ways.said == []


async def test_an_id_that_the_handset_did_not_make_is_never_said(
    engine, record_url, ways, ana, world, session
):
    world.hear(world.press(ana, trigger="mine"))
    world.hear(world.press(ana, trigger="doras", verified=False))
    world.hear(world.sms(ana.number, "aidez moi"))
    session.commit()
    async with telling(engine, record_url, ways):
        take(session, world)
        await until(lambda: ways.said)
    assert {words["trigger"] for _, words in ways.said} == {"mine"}
