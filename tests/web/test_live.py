"""The live channel: a new alert comes by itself, a cut is caught up, a signed-out stream ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.conftest import Browser, House
from tgd.web import live


async def events(browser: Browser, since: int = 0, **more: str) -> AsyncIterator[tuple[str, Any]]:
    """(name, what it says) of each event of the stream."""
    path = f"/events?since={since}"
    async with browser.client.stream("GET", path, headers=more) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        name = ""
        async for line in reply.aiter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                yield name, json.loads(line[6:])


async def until(stream: AsyncIterator[tuple[str, Any]], name: str) -> Any:
    """What the next event of this name says."""
    async with asyncio.timeout(10):
        async for found, said in stream:
            if found == name:
                return said
    raise AssertionError(f"the stream ended without {name}")


async def test_a_new_alert_comes_by_itself(house: House) -> None:
    stream = events(await house.signed_in("Bruno"))
    assert (await until(stream, "facts"))["rows"] == []
    said = await until(stream, "beat")
    assert said["now"].endswith("Z")
    alert = house.press(house.give())
    facts = await until(stream, "facts")
    assert [(r["id"], r["list"], r["waiting"]) for r in facts["rows"]] == [
        (str(alert), "real", True)
    ]
    assert "Nouvelle" in facts["rows"][0]["html"]
    assert facts["seq"] > said["seq"]
    await stream.aclose()


async def test_what_was_missed_in_a_cut_is_sent_on_return(house: House) -> None:
    ana, eve = house.give("Ana"), house.give("Eve", number="+33639980002")
    first = house.press(ana)
    bruno = await house.signed_in("Bruno")
    stream = events(bruno)
    seq = (await until(stream, "facts"))["seq"]
    await stream.aclose()
    house.close(first)
    second = house.press(eve)
    again = events(bruno, seq)
    rows = {r["id"]: r["list"] for r in (await until(again, "facts"))["rows"]}
    assert rows == {str(first): "closed", str(second): "real"}
    await again.aclose()
    synced = (await bruno.get(f"/sync?since={seq}")).json()
    assert {r["id"]: r["list"] for r in synced["rows"]} == rows
    assert synced["now"]


async def test_each_console_reads_its_own_language(house: House) -> None:
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    french, english = events(bruno), events(berthe, **{"accept-language": "en-GB"})
    await until(french, "facts")
    await until(english, "facts")
    house.press(house.give())
    assert "Nouvelle" in (await until(french, "facts"))["rows"][0]["html"]
    assert "New" in (await until(english, "facts"))["rows"][0]["html"]
    await french.aclose()
    await english.aclose()


async def test_a_stream_ends_at_the_beat_after_signing_out(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    stream = events(bruno)
    await until(stream, "beat")
    await bruno.post("/logout")
    house.press(house.give())
    names = []
    async with asyncio.timeout(10):
        async for name, _ in stream:
            names.append(name)
    assert names[-1] == "bye"
    assert (await bruno.get("/events")).status_code == 401


async def test_a_disabled_account_loses_its_stream(house: House) -> None:
    from tgd import accounts, clock

    stream = events(await house.signed_in("Bruno"))
    await until(stream, "beat")
    house.do(lambda session: accounts.disable(session, "Bruno", clock.now()))
    await until(stream, "bye")


async def test_a_locked_console_still_gets_alerts(house: House) -> None:
    bruno = await house.signed_in("Bruno")
    house.idle("Bruno", minutes=20)
    stream = events(bruno)
    await until(stream, "beat")
    house.press(house.give())
    assert (await until(stream, "facts"))["rows"]
    await stream.aclose()


PEOPLE = 100
CHANGE_ALL = "UPDATE alert SET updates = updates + 1 RETURNING pg_notify('tgd_console', '')"


async def test_who_does_not_read_is_cut_off_and_slows_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bruno's browser hangs in a flood of large changes. Berthe hears each of them; what waits for
    Bruno is bounded and thrown away, and when he reads again his stream ends: he catches up."""
    monkeypatch.setattr(live, "MOST_WAITING", 5)
    for n in range(PEOPLE):
        house.press(house.give(f"P{n:03d}", number=f"+33639980{n:03d}"))
    bruno, berthe = await house.signed_in("Bruno"), await house.signed_in("Berthe")
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect((house.served.host, house.served.port))
    cookie = "; ".join(f"{c.name}={c.value}" for c in bruno.client.cookies.jar)
    stuck.sendall(f"GET /events HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
    stream = events(berthe)
    await until(stream, "facts")
    async with asyncio.timeout(60):
        turns = 0
        while len(house.console.hub.consoles) != 1 or turns < 2:
            house.ask(CHANGE_ALL)
            assert len((await until(stream, "facts"))["rows"]) == PEOPLE
            turns += 1
    stuck.settimeout(20)
    heard = b""
    while part := await asyncio.to_thread(stuck.recv, 1 << 20):
        heard = heard[-1000:] + part
    assert heard.endswith(b"0\r\n\r\n"), "an orderly end: the browser comes back by itself"
    stuck.close()
    await stream.aclose()
    again = events(bruno)
    assert {r["mark"] for r in (await until(again, "facts"))["rows"]} == {turns + 2}
    await again.aclose()


async def test_a_beat_says_what_is_missing_in_the_room(house: House) -> None:
    """A shift that has not begun, a hand-over, what is to be mended, a channel that is deaf."""
    bruno, camille = await house.signed_in("Bruno"), await house.signed_in("Camille")
    sami = await house.signed_in("Sami")
    stream = events(bruno)
    said = await until(stream, "beat")
    assert (said["missing"], said["to_mend"], said["lost"]) == (["shift"], 0, [])
    await bruno.post("/shift/start", heard_sound="yes")
    await sami.post("/shift/start", heard_sound="yes")
    await sami.post("/shift/hand-over", words="Eve rappelle à 22 h.")
    ana = house.give()
    house.ask("INSERT INTO technical_item (id, handset, kind, raised_at) VALUES"
              " (gen_random_uuid(), :h, 'silent', now()) RETURNING 1", h=ana.handset)  # fmt: skip
    async with asyncio.timeout(10):
        while (said := await until(stream, "beat"))["missing"] != ["hand_over"]:
            pass
    assert said["to_mend"] == 1
    await stream.aclose()
    other = events(camille)
    assert (await until(other, "beat"))["missing"] == [], "a prosecutor answers for no alert"
    await other.aclose()


async def test_a_deaf_channel_is_named(house: House) -> None:
    canary = house.do(lambda session: house.world(session).canary())
    house.console.hub._canaries_at = float("-inf")  # the next turn looks
    stream = events(await house.signed_in("Bruno"))
    async with asyncio.timeout(live.CANARIES_S + 15):  # a turn that was under way has not seen it
        while (said := await until(stream, "beat"))["lost"] != [canary.handset]:
            pass
    assert said["channels"] == "0/1"
    await stream.aclose()
