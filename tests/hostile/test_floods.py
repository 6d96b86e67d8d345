"""Floods: invented sources, an exhausted console, a flood of forms; real presses go through.

Rates are measured by `make bench`; here it is shown that nothing is lost and nothing is refused.
"""

import asyncio
import json
from uuid import uuid4

from mqtt5 import ConnAckPacket, ConnectPacket, PubAckPacket

from tests.channels.mqtt_house import Wire, alert
from tests.hostile.ground import PASSWORD, Ground, believed, gathered, press_until_received, quiet
from tests.hostile.http_wire import request, talk
from tests.hostile.test_words import signed_in, text_message

STREAMS, HALF_OPEN = 300, 150


async def test_an_exhausted_console_is_the_console_s_own_trouble(ground: Ground) -> None:
    """300 idle live channels of a signed-in account and 150 half-open requests: the console has
    its own process and its own connections to the record."""
    port, writers = ground.ports["console"], []
    async with ground.attacked(presses=20), signed_in(ground) as bruno:
        cookie = "; ".join(f"{name}={value}" for name, value in bruno.client.cookies.items())
        for n in range(STREAMS + HALF_OPEN):
            with quiet():
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writers.append(writer)
                stream = request("GET", "/events", Cookie=cookie)
                writer.write(stream if n < STREAMS else b"GET /events HTTP/1.1\r\nCookie: ")
        await press_until_received(ground.ports["mqtt"], ground.bella, f"during-{uuid4().hex}")
        assert (await text_message(ground, "au secours", "+33639980070")).status == 200
        await asyncio.sleep(3)
        for writer in writers:
            writer.transport.abort()
    async with signed_in(ground) as bruno:
        assert (await bruno.get("/")).status_code == 200


async def test_invented_sources_share_alerts_and_none_of_theirs_or_hers_is_lost(
    ground: Ground,
) -> None:
    async def invented(n: int) -> str:
        trigger = f"flood-{n}-{uuid4().hex[:8]}"
        while True:  # as a handset does: the same again until it is acknowledged
            with quiet():
                if await cried(f"invented{n}", trigger):
                    return trigger
            await asyncio.sleep(0.2)

    async def cried(name: str, trigger: str) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", ground.ports["mqtt"])
        wire = Wire(reader, writer)
        try:
            wire.say(ConnectPacket(name, password=b"a guess"))
            if not isinstance(await wire.next(), ConnAckPacket):
                return False
            wire.say(alert(trigger, topic=f"tgd/v1/{name}/alert"))
            return isinstance(await wire.next(), PubAckPacket)
        finally:
            wire.hang_up()

    async with ground.attacked(presses=20):
        said = await gathered(*(invented(n) for n in range(300)))
        posts = (
            talk(
                ground.ports["gateway"],
                request("POST", "/devices/osmand", f"id=http{n}&alarm=sos".encode()),
            )
            for n in range(200)
        )
        assert {reply.status for reply in await gathered(*posts)} == {200}
    kept = ground.rows("SELECT trigger FROM alert_trigger WHERE trigger LIKE '?flood-%'")
    assert {row.trigger[1:].partition("@")[0] for row in kept} == set(said)
    posted = "SELECT count(*) AS n FROM alert_trigger WHERE source = 'http:/many' OR source ~ :them"
    assert ground.rows(posted, them="^http:http[0-9]+$")[0].n == 200
    (opened,) = ground.rows(
        "SELECT count(*) AS n FROM alert WHERE source LIKE 'mqtt:%' AND state <> 'closed'"
    )
    assert opened.n <= 31


async def test_a_handset_that_is_stuck_is_one_alert_and_one_counter(ground: Ground) -> None:
    """300 presses with 300 ids on one connection: one alert, every press counted."""
    name = ground.bella.handset
    async with ground.attacked(), believed(ground, ground.bella) as wire:
        for start in range(0, 300, 15):
            for n in range(start, start + 15):
                wire.say(alert(f"stuck-{n}", n + 1, topic=f"tgd/v1/{name}/alert"))
            for _ in range(15):
                assert int((await wire.hears(PubAckPacket)).reason_code) == 0
    (found,) = ground.rows(
        "SELECT count(*) AS n FROM alert WHERE handset = :name AND state <> 'closed'", name=name
    )
    assert found.n == 1
    (triggers,) = ground.rows(
        "SELECT count(*) AS n FROM alert_trigger WHERE trigger LIKE 'stuck-%'"
    )
    assert triggers.n == 300


async def test_a_press_captured_and_replayed_a_thousand_times_is_one_press(ground: Ground) -> None:
    name, trigger = ground.bella.handset, f"replayed-{uuid4().hex}"
    async with ground.attacked():
        for n in range(10):
            async with believed(ground, ground.bella) as wire:
                for _ in range(7):
                    for packet_id in range(1, 16):
                        wire.say(alert(trigger, packet_id, topic=f"tgd/v1/{name}/alert"))
                    for _ in range(15):
                        assert int((await wire.hears(PubAckPacket)).reason_code) == 0, n
    found = ground.rows("SELECT 1 FROM alert_trigger WHERE trigger = :it", it=trigger)
    assert len(found) == 1


async def test_guessed_passwords_wait_in_line_and_nothing_else_does(ground: Ground) -> None:
    """A hash costs 50 ms on purpose: 60 of them at once do not stand before the pages or Ana."""

    async def guess(n: int) -> int:
        body = json.dumps({"name": f"Dora{n}", "password": f"not {PASSWORD}"}).encode()
        sent = request("POST", "/login", body, Content_Type="application/json")
        return (await talk(ground.ports["console"], sent, within_s=60)).status

    async with ground.attacked(presses=5), signed_in(ground) as bruno:
        guesses = asyncio.gather(*(guess(n) for n in range(60)))
        assert (await bruno.get("/")).status_code == 200
        assert set(await guesses) <= {403, 429}
