"""A platform is asked to erase what it has of an ended file; its yes settles the deadline."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import pytest
from destination_peers import PUBLIC_URL, SECRET, noticing, platform_policy
from sqlalchemy import Engine
from standardwebhooks import Webhook

from dispatch.answers import make_app
from dispatch.formats.erased_in import read_erased
from dispatch.notices import Notices
from dispatch.policy import read_policy
from dispatch.proving import Telephony
from simulators.answering import Back
from simulators.platform import Agent, Platform
from tests.walking import Walk
from tgd import clock
from tgd.allocation import holding
from tgd.casework import facts
from tgd.errors import WrongState
from tgd.serving import serve
from tgd.store import deadlines

BESIDES = f"""
[[destination]]
name = "other"
kind = "webhook"
url = "https://other.example/alerts"
secret = "{SECRET}"

[notices]
tell = ["platform"]
"""


@asynccontextmanager
async def asked(engine: Engine, agent: Agent) -> AsyncIterator[tuple[Platform, str, Notices]]:
    """A platform that answers us, our listener for it, and the part that tells it."""
    policy = read_policy(platform_policy("https://platform.example", BESIDES))
    telephony = Telephony("AC" + "0" * 32, "token", PUBLIC_URL)
    served = await serve(make_app(engine, policy, telephony), "127.0.0.1:0")
    platform = Platform(SECRET, back=Back(served.url, "platform"), agent=agent)
    await platform.start()
    told = read_policy(platform_policy(platform.url, BESIDES))
    try:
        async with noticing(engine, told, "http://127.0.0.1:9") as notices:
            yield platform, served.url, notices
    finally:
        await platform.stop()
        await served.stop()


def returned(walk: Walk) -> None:
    walk.withdraw()
    walk.take_back()
    walk.session.commit()


def waits(walk: Walk) -> bool:
    walk.session.rollback()
    walk.session.expire_all()
    return "platform_erasure" in {one.kind for one in deadlines.of_file(walk.session, walk.id)}


def to_erase(walk: Walk) -> set[str]:
    walk.session.expire_all()
    said = facts.file_of(walk.session, walk.officer("Greta"), walk.id, walk.now)
    return {
        c["holder"] for c in said["person"]["copies"] if c["erase_by_at"] and not c["erased_at"]
    }


async def until(condition: Any) -> None:
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


async def post(url: str, said: Any, *, secret: str = SECRET, to: str = "platform") -> int:
    raw, at = json.dumps(said), clock.now()
    headers = {"webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp())),
               "webhook-signature": sign(secret, at, raw)}  # fmt: skip
    async with httpx.AsyncClient(base_url=url) as client:
        reply = await client.post(f"/answers/v1/{to}/erased", content=raw, headers=headers)
    return reply.status_code


def sign(secret: str, at: datetime, raw: str) -> str:
    return Webhook(secret).sign("m1", at, raw)


async def test_the_platform_is_asked_says_yes_and_the_deadline_is_settled(
    walk: Walk, engine: Engine
) -> None:
    returned(walk)
    assert waits(walk)
    async with asked(engine, Agent(erases_after_s=0.0)) as (platform, _, notices):
        await notices.turn()
        await until(lambda: not waits(walk))
    (event,) = [e for e in platform.notices.values() if e["type"].endswith("erasure.v1")]
    assert event["data"]["file"] == str(walk.id)
    assert event["data"]["about"].startswith("by 20")
    assert "Ana" not in str(event)
    assert to_erase(walk) == {"association", "control_room"}, "who read it here is asked by hand"
    holding.confirm_erased(walk.session, walk.officer("Greta"), walk.id, walk.now)
    assert to_erase(walk) == set()
    with pytest.raises(WrongState):
        holding.confirm_erased(walk.session, walk.officer("Greta"), walk.id, walk.now)


async def test_a_silent_platform_leaves_the_deadline_to_the_registry(
    walk: Walk, engine: Engine
) -> None:
    returned(walk)
    async with asked(engine, Agent()) as (platform, url, notices):
        await notices.turn()
        (key,) = platform.notices
        yes = {"key": key, "erased": True, "by": "agent-7"}
        assert await post(url, yes, secret="whsec_" + "A" * 32) == 401
        assert await post(url, yes, to="other") == 404
        assert await post(url, yes, to="nobody") == 404
        assert await post(url, yes | {"key": "x"}) == 404
        assert await post(url, yes | {"erased": False}) == 400
        assert waits(walk)
        assert [await post(url, yes) for _ in range(2)] == [200, 200]
        assert not waits(walk)
    lines = [line.who for line in facts.casework.history(walk.session, walk.id)
             if line.act == "CopiesErased"]  # fmt: skip
    assert lines == ["platform/agent-7"], "said twice, written once"


async def test_a_file_that_no_platform_has_asks_nobody(walk: Walk, engine: Engine) -> None:
    walk.session.connection().exec_driver_sql("DELETE FROM sheet_copy WHERE holder = 'platform'")
    returned(walk)
    async with asked(engine, Agent(erases_after_s=0.0)) as (platform, _, notices):
        await notices.turn()
        assert not [e for e in platform.notices.values() if e["type"].endswith("erasure.v1")]


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{", b"null", b"\xff", b'{"erased": true}', b'{"key": 1, "erased": true}',
     b'{"key": "k", "erased": 1, "by": "a"}', b'{"key": "k", "erased": true, "by": " "}',
     b'{"key": "", "erased": true, "by": "a"}', b'{"key": "k\\u0000", "erased": true, "by": "a"}',
     b"[" * 100_000],
)  # fmt: skip
def test_what_says_nothing_settles_nothing(raw: bytes) -> None:
    assert read_erased(raw) is None


def test_a_yes_is_read() -> None:
    said = read_erased(b'{"key": "n:platform", "erased": true, "by": "agent-7", "at": "x"}')
    assert said is not None
    assert (said.key, said.by) == ("n:platform", "agent-7")
