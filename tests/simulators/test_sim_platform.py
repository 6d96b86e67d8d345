"""The platform keeps what is signed and well formed, once; its agent answers, signed."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from counterparts import Customer, until
from standardwebhooks import Webhook, WebhookVerificationError

from simulators.answering import Back
from simulators.platform import Agent, Platform

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1wbGF0Zm9ybQ=="
ALERT = "0192f0c0-0000-7000-8000-000000000001"


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    one = Platform(SECRET)
    await one.start()
    yield one
    await one.stop()


def event(**changed: Any) -> dict[str, Any]:
    said = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "https://tgd.example",
        "type": "example.alert.opened",
        "subject": ALERT,
        "time": "2026-11-23T22:40:05Z",
        "datacontenttype": "application/json",
        "data": {"lane": "real"},
    } | changed
    return {name: value for name, value in said.items() if value is not None}


async def tell(
    url: str,
    said: Any,
    *,
    key: str = "k-1",
    secret: str = SECRET,
    timeout_s: float = 5,
    **headers: str,
) -> tuple[int, str]:
    body = said if isinstance(said, str) else json.dumps(said)
    now = datetime.now(UTC)
    signed = {
        "Content-Type": "application/cloudevents+json",
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(key, now, body),
    } | headers
    patience = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(timeout=patience) as http:
        async with http.post(
            f"{url}/alerts", data=body, headers=signed, allow_redirects=False
        ) as reply:
            return reply.status, await reply.text()


async def test_keeps_once(platform: Platform) -> None:
    """One webhook-id is kept once; another message joins its incident; another alert does not."""
    first = await tell(platform.url, event(), key="a:opened:1")
    again = await tell(platform.url, event(), key="a:opened:1")
    joined = await tell(platform.url, event(type="example.alert.updated"), key="a:updated:1")
    other = await tell(platform.url, event(subject="other"), key="b:opened:1")
    assert first == again == joined == (200, '{"received": true, "incident": "INC-000001"}')
    assert json.loads(other[1])["incident"] == "INC-000002"
    assert [line["key"] for line in platform.ledger_book.of("kept")] == [
        "a:opened:1",
        "a:updated:1",
        "b:opened:1",
    ]
    assert len(platform.ledger_book.of("duplicate")) == 1


async def test_refuses_forgeries(platform: Platform) -> None:
    """A wrong secret, no signature, an old one, a signature for other words: 401, nothing kept."""
    wrong = "whsec_" + "bm90LXRoZS1zZWNyZXQ="
    old = str(int(datetime.now(UTC).timestamp()) - 600)
    answers = [
        await tell(platform.url, event(), secret=wrong),
        await tell(platform.url, event(), **{"webhook-signature": ""}),
        await tell(platform.url, event(), **{"webhook-signature": "rubbish"}),
        await tell(platform.url, event(), **{"webhook-timestamp": old}),
        await tell(platform.url, event(), **{"webhook-id": "another"}),
    ]
    assert [status for status, _ in answers] == [401] * 5
    assert platform.incidents == {}


@pytest.mark.parametrize(
    "said",
    [
        "not json",
        [],
        event(specversion="0.3"),
        event(subject=None),
        event(source=""),
        event(time="2026-11-23T22:40:05"),
        event(time="yesterday"),
    ],
)
async def test_refuses_what_is_no_event(platform: Platform, said: Any) -> None:
    """Signed nonsense is 400 with a word of why."""
    status, words = await tell(platform.url, said)
    assert status == 400
    assert json.loads(words)["error"]
    assert platform.incidents == {}


async def test_wants_the_structured_mode(platform: Platform) -> None:
    """A plain JSON content type is not a CloudEvent in structured mode."""
    status, _ = await tell(platform.url, event(), **{"Content-Type": "application/json"})
    assert status == 400


async def test_restart_remembers(tmp_path: Path) -> None:
    """After a restart the same key is still a duplicate, and numbers go on."""
    path = tmp_path / "platform.jsonl"
    for _ in range(2):
        platform = Platform(SECRET, ledger=path)
        await platform.start()
        assert '"INC-000001"' in (await tell(platform.url, event()))[1]
        await platform.stop()
    lines = [json.loads(line)["event"] for line in path.read_text().splitlines()]
    assert lines == ["kept", "duplicate"]


@pytest.mark.parametrize(
    ("mode", "status"),
    [("http_500", 500), ("http_400", 400), ("lying_200", 200), ("redirect", 307)],
)
async def test_answers_that_keep_nothing(platform: Platform, mode: str, status: int) -> None:
    """It answers something, and keeps nothing; then it is well again."""
    await platform.become(mode, times=1)
    said, words = await tell(platform.url, event())
    assert said == status
    assert "INC" not in words
    assert platform.incidents == {}
    assert (await tell(platform.url, event()))[0] == 200


async def test_silence_and_cuts(platform: Platform) -> None:
    """Deaf: no answer ever. Reset: cut. Kept then reset: kept, and the sender cannot know."""
    await platform.become("deaf")
    with pytest.raises(TimeoutError):
        await tell(platform.url, event(), timeout_s=0.3)
    await platform.become("ok")
    for mode, kept in (("reset", 0), ("keep_then_reset", 1)):
        await platform.become(mode, times=1)
        with pytest.raises(aiohttp.ClientConnectionError):
            await tell(platform.url, event())
        assert len(platform.ledger_book.of("kept")) == kept
    await platform.become("slow", seconds=0.4, times=1)
    with pytest.raises(TimeoutError):
        await tell(platform.url, event(), key="slow", timeout_s=0.2)
    assert len(platform.ledger_book.of("kept")) == 2


async def test_wrong_certificate(platform: Platform) -> None:
    """It shows a certificate of its own making for another name; then it is well again."""
    await platform.become("wrong_certificate")
    assert platform.url.startswith("https://")
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await tell(platform.url, event())
    await platform.become("ok")
    assert (await tell(platform.url, event()))[0] == 200


async def test_its_agents_answer_twice_and_in_the_wrong_order(customer: Customer) -> None:
    """The same answer with the same id; the end before the beginning."""
    agent = Agent(takes_after_s=0, closes_after_s=0)
    platform = Platform(SECRET, back=Back(customer.url, "platform"), agent=agent)
    await platform.start()
    await platform.become("answer_twice", times=1)
    await platform.become("out_of_order", times=1)
    await tell(platform.url, event())
    await until(lambda: len(customer.at("/answers/v1/platform")) == 3)
    said = [one.json for one in customer.at("/answers/v1/platform")]
    assert [one["state"] for one in said] == ["closed", "closed", "taken"]
    assert said[0] == said[1]
    assert said[2]["id"] != said[0]["id"]
    await platform.stop()


async def test_refuse_cuts_kept_connections(platform: Platform) -> None:
    """Also a sender that keeps its connection open finds nobody."""
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{platform.url}/simulate/ledger") as reply:
            assert reply.status == 200
            await reply.read()
        await platform.become("refuse")
        with pytest.raises(aiohttp.ClientError):
            await http.get(f"{platform.url}/simulate/ledger")
    await platform.become("ok")
    assert (await tell(platform.url, event()))[0] == 200


async def test_agent_takes_and_closes(customer: Customer) -> None:
    """Bruno's colleague at the platform takes, sees the patrol there and closes; each answer is
    signed and repeated."""
    tries: list[int] = []

    def answer(_: Any) -> web.Response:
        tries.append(1)
        return web.Response(status=503 if len(tries) == 1 else 204)

    customer.answers["/answers/v1/platform"] = answer
    back = Back(customer.url, "platform", pause_s=0.01)
    platform = Platform(SECRET, back=back, agent=Agent(takes_after_s=0.01, closes_after_s=0.01))
    await platform.start()
    await tell(platform.url, event(), key="a:opened:1")
    await tell(platform.url, event(type="example.alert.updated"), key="a:updated:1")
    await until(lambda: platform.incidents[ALERT].state == "closed")
    heard = customer.at("/answers/v1/platform")
    for one in heard:
        Webhook(SECRET).verify(one.body, one.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_b3RoZXI=").verify(heard[0].body, heard[0].headers)
    said = [one.json for one in heard]
    assert [one["state"] for one in said] == ["taken", "taken", "on_scene", "closed"]
    assert said[0]["id"] == said[1]["id"] == heard[0].headers["webhook-id"]
    assert len({one["id"] for one in said}) == 3
    assert (said[0]["key"], said[0]["alert"], said[0]["by"]) == ("a:opened:1", ALERT, "agent-7")
    assert said[0]["at"].endswith("Z")
    assert said[3]["outcome"]
    await platform.stop()


async def test_final_refusal_is_not_repeated(customer: Customer) -> None:
    """A 409 from the service is not argued with."""
    customer.answers["/answers/v1/platform"] = lambda _: web.Response(status=409)
    platform = Platform(SECRET, back=Back(customer.url, "platform"))
    await platform.start()
    await tell(platform.url, event())
    async with aiohttp.ClientSession() as http:
        asked = {"alert": ALERT, "state": "taken"}
        async with http.post(f"{platform.control_url}/simulate/answer", json=asked) as reply:
            assert await reply.json() == {"status": 409}
        async with http.post(f"{platform.control_url}/simulate/answer", json={}) as reply:
            assert reply.status == 400
    assert len(customer.heard) == 1
    assert platform.incidents[ALERT].state == "new"
    await platform.stop()
    await asyncio.sleep(0)
