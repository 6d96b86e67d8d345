"""The auditor as a process beside the service: something dies, and it is said by another way."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import text

from tests.acceptance.blind_ground import kill_record, policy, pressing, provider
from tests.acceptance.running import Service, named_ports, service, until
from tgd.settings_values import split_listen

ALL = ("gateway", "dispatch", "auditor")
ON_CALL = "+33639980902"
WITHIN_S = 20
"""It is found within ten (tests/rules/test_auditing.py); the rest is a loaded machine."""
ACCEPTED = "second_way,human_outside,control_room,request"
"""The policy of these tests tells one platform and nobody else, on purpose."""


class Duty:
    """Somebody outside: hears findings and beats, and can be deaf."""

    def __init__(self) -> None:
        self.findings: list[str] = []
        self.about: list[str] = []
        self.beats: list[float] = []
        self.deaf = False
        self.url = ""

    def has(self, *wrong: str) -> bool:
        return set(wrong) <= set(self.findings)

    async def hear(self, request: web.Request) -> web.Response:
        if self.deaf:
            return web.Response(status=500)
        said = json.loads(await request.read())
        self.findings += [finding["wrong"] for finding in said["findings"]]
        self.about += [finding["about"] for finding in said["findings"]]
        return web.Response(status=204)

    async def beat(self, request: web.Request) -> web.Response:
        self.beats.append(time.monotonic())
        return web.Response(status=204)


@asynccontextmanager
async def duty() -> AsyncIterator[Duty]:
    one, app = Duty(), web.Application()
    app.add_routes([web.post("/findings", one.hear), web.post("/beat", one.beat)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield one
    finally:
        await runner.cleanup()


@asynccontextmanager
async def audited(folder: Path, outside: Duty, **more: object) -> AsyncIterator[Service]:
    """The whole service with its auditor, once the first beat has come."""
    ways = {"auditor_url": f"{outside.url}/findings", "auditor_beat_url": f"{outside.url}/beat",
            "auditor_beat_every_s": 1.0, "auditor_accepts": ACCEPTED, "parts": ALL}  # fmt: skip
    async with service(folder, **(ways | more)) as running:
        await until(lambda: outside.beats)
        yield running


@pytest.mark.timeout(180)
async def test_a_dispatch_that_hangs_is_said_and_the_beat_stops(open_folder: Path) -> None:
    """Dispatch is stopped (SIGSTOP) with an alert to tell: found, raised, and no beat any more."""
    async with duty() as outside, audited(open_folder, outside) as running:
        (ana,) = running.cards(1)
        assert outside.findings == []
        async with pressing(running, ana) as handset:
            os.kill(running.pid("dispatch"), signal.SIGSTOP)
            try:
                await handset.press()
                await until(lambda: outside.has("part_silent", "alert_forgotten"), WITHIN_S)
                beats = len(outside.beats)
                await asyncio.sleep(3)
                assert len(outside.beats) == beats
            finally:
                os.kill(running.pid("dispatch"), signal.SIGCONT)
            await until(lambda: len(outside.beats) > beats)


@pytest.mark.timeout(180)
async def test_without_a_record_it_says_so_and_a_deaf_address_leaves_the_telephone(
    open_folder: Path,
) -> None:
    """The record dies and the duty's address is deaf: the telephone gets an SMS."""
    async with (
        duty() as outside,
        audited(open_folder, outside, auditor_numbers=ON_CALL) as running,
        provider(running) as network,
    ):
        outside.deaf = True
        await kill_record(running)
        await until(lambda: network.messages, WITHIN_S)
        (message, *_) = network.messages
        assert (message.to, message.body[:10]) == (ON_CALL, "TGD audit:")
        assert any("record_away" in m.body for m in network.messages)
        assert outside.findings == []


@pytest.mark.timeout(180)
async def test_a_call_that_no_table_takes_and_a_broken_policy_are_said(open_folder: Path) -> None:
    """A call stays in the spool although the record is there; somebody breaks the policy file."""
    async with duty() as outside, audited(open_folder, outside) as running:
        (ana,) = running.cards(1)
        with running.engine.begin() as connection:
            connection.execute(text(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'no'; END $$"
            ))  # fmt: skip
            connection.execute(text(
                "CREATE TRIGGER no BEFORE INSERT ON alert FOR EACH ROW EXECUTE FUNCTION no()"
            ))  # fmt: skip
        async with pressing(running, ana) as handset:
            await handset.press()
            await until(lambda: outside.has("spool_not_drained"), 10 + WITHIN_S)
            platform = running.kept_at_platform
            await until(lambda: platform(), 15 + WITHIN_S)  # and told from there all the same
        (running.folder / "policy.toml").write_text("[[step]")
        await until(lambda: outside.has("policy_broken"), WITHIN_S)


@pytest.mark.timeout(180)
async def test_a_console_that_hangs_is_said(open_folder: Path) -> None:
    """Operators see a banner; somebody outside must know it too."""
    async with duty() as outside:
        async with audited(open_folder, outside, parts=(*ALL, "console")) as running:
            os.kill(running.pid("console"), signal.SIGSTOP)
            try:
                await until(lambda: outside.has("part_silent"), WITHIN_S)
                assert outside.about == ["console"]
            finally:
                os.kill(running.pid("console"), signal.SIGCONT)


@pytest.mark.timeout(180)
async def test_a_spool_that_nobody_can_tell_from_is_said_while_the_record_is_dead(
    open_folder: Path,
) -> None:
    """Then nobody else can know that a press reaches nobody; Ana's before it was told."""
    async with duty() as outside, audited(open_folder, outside) as running:
        (ana,) = running.cards(1)
        await kill_record(running)
        async with pressing(running, ana) as handset:
            await handset.press()  # and the gateway knows that the record is away
            await until(running.kept_at_platform, WITHIN_S)
        await until(lambda: outside.has("record_away"), WITHIN_S)
        assert not outside.has("spool_not_told")
        (folder,) = running.host.settings.spool.glob("gateway-*")
        (folder / "20261128120000000000-0000001-000001.spool").write_bytes(b"of another key")
        await until(lambda: outside.has("spool_not_told"), WITHIN_S)


@pytest.mark.timeout(180)
async def test_a_policy_that_loses_its_telephone_at_night_is_said(open_folder: Path) -> None:
    """The file stays valid; nobody outside the platform is rung any more."""
    ports = named_ports("mqtt", "gateway", "answers", "console", "provider", "platform")
    whole = policy(ports)
    async with duty() as outside:
        async with audited(open_folder, outside, policy=whole, ports=ports,
                           auditor_accepts="control_room,request") as running:  # fmt: skip
            without = whole.rpartition("[[step]]")[0]
            (running.folder / "policy.toml").write_text(without)
            await until(lambda: outside.has("policy_has_holes"), WITHIN_S)
            assert {"human_outside", "second_way"} >= set(outside.about) != set()


@pytest.mark.timeout(180)
async def test_a_way_that_works_does_not_silence_one_that_fails(open_folder: Path) -> None:
    """The address takes it at once, the telephone only when its provider is back: both have it."""
    async with (
        duty() as outside,
        audited(open_folder, outside, auditor_numbers=ON_CALL) as running,
    ):
        await kill_record(running)
        await until(lambda: outside.has("record_away"), WITHIN_S)
        await asyncio.sleep(2)
        async with provider(running) as network:
            await until(lambda: network.messages, WITHIN_S)
            assert any("record_away" in message.body for message in network.messages)


@pytest.mark.timeout(120)
async def test_its_health_says_what_is_wrong(open_folder: Path) -> None:
    """Not ready while something is wrong: a supervisor that only knows health sees it too."""
    async with duty() as outside, audited(open_folder, outside) as running:
        port = running.host.parts["auditor"].ports["auditor-health"]
        assert split_listen(f"127.0.0.1:{port}")[1]
        assert (await _health(port))[0] == 200
        await kill_record(running)
        await until(lambda: outside.has("record_away"), WITHIN_S)
        status, said = await _health(port)
        assert (status, "record_away" in said) == (503, True)


async def _health(port: int) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health/ready HTTP/1.0\r\n\r\n")
    whole = (await reader.read()).decode()
    writer.close()
    return int(whole.split()[1]), whole
