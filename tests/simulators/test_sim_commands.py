"""Each stranger is a program: it says where it listens, keeps its ledger, and ends on SIGTERM."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from counterparts import PostOffice, until

SERVERS = {
    "sms-provider": [],
    "platform": ["--secret", "whsec_c2VjcmV0"],
    "tile-service": [],
    "control-room": ["--token", "t"],
    "proxy": ["--upstream", "127.0.0.1:9"],
}


@asynccontextmanager
async def running(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators",
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def next_line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout
    async with asyncio.timeout(20):
        line: dict[str, Any] = json.loads(await process.stdout.readline())
    return line


@pytest.mark.parametrize("name", list(SERVERS))
async def test_server_programs(name: str, tmp_path: Path) -> None:
    """Listens, obeys its control door, keeps a ledger, ends with 0."""
    ledger = tmp_path / "l.jsonl"
    common = ["--port", "0", "--ledger", str(ledger), "--seed", "7"]
    async with running(name, *SERVERS[name], *common) as process:
        said = await next_line(process)
        assert said["listening"].startswith("http://127.0.0.1:")
        async with aiohttp.ClientSession() as http:
            url = f"{said['control']}/simulate/misbehave"
            async with http.post(url, json={"mode": "refuse"}) as reply:
                assert reply.status == 200
            with pytest.raises(aiohttp.ClientConnectorError):
                await http.get(said["listening"])
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    assert "refuse" in ledger.read_text()


async def test_starts_misbehaving() -> None:
    """A mode on the command line holds from the first request; an unknown one is refused."""
    async with running("platform", "--secret", "whsec_c2VjcmV0", "--mode", "http_500") as process:
        said = await next_line(process)
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{said['listening']}/alerts") as reply:
                assert reply.status == 500
    async with running("platform", "--secret", "whsec_c2VjcmV0", "--mode", "nonsense") as process:
        assert await asyncio.wait_for(process.wait(), 20) == 2


async def test_handset_program(post_office: PostOffice, tmp_path: Path) -> None:
    """Pressed from the command line it ends with 0 on the receipt, and with 1 without."""
    card = tmp_path / "card.json"
    card.write_text('{"handset": "h-0001", "mqtt_secret": "s", "sms_key": "00"}')
    mqtt = f"127.0.0.1:{post_office.port}"
    words = ["handset", "--card", str(card), "--mqtt", mqtt, "--press", "press"]
    async with running(*words, "--position", "48.89,2.2", "--press", "test") as process:
        assert await asyncio.wait_for(process.wait(), 20) == 0
    assert {a["kind"] for a in post_office.on("alert")} == {"press", "test"}
    assert post_office.on("alert")[0]["position"]["method"] == "gnss"
    post_office.sends_receipts = False
    async with running(*words, "--timeout-s", "1") as process:
        assert await asyncio.wait_for(process.wait(), 20) == 1


async def test_handset_stays_and_obeys(post_office: PostOffice, tmp_path: Path) -> None:
    """A handset that stays presses at each word on stdin, until SIGTERM."""
    card = tmp_path / "card.json"
    card.write_text('{"handset": "h-0001", "mqtt_secret": "s", "sms_key": "00"}')
    mqtt = f"127.0.0.1:{post_office.port}"
    async with running("handset", "--card", str(card), "--mqtt", mqtt, "--stay") as process:
        assert process.stdin
        process.stdin.write(b"press\nnonsense\nduress\n")
        await until(lambda: len(post_office.on("alert")) >= 2, 20)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    assert {a["kind"] for a in post_office.on("alert")} == {"press", "duress"}


async def test_fleet_program(post_office: PostOffice, tmp_path: Path) -> None:
    """The fleet's last line is its summary; it ends with 1 when something was lost."""
    cards = tmp_path / "cards.jsonl"
    lines = [{"handset": f"h-{n}", "mqtt_secret": "s", "sms_key": "00"} for n in range(20)]
    cards.write_text("\n".join(map(json.dumps, lines)))
    words = ["fleet", "--cards", str(cards), "--mqtt", f"127.0.0.1:{post_office.port}"]
    async with running(*words, "--presses", "40") as process:
        assert process.stdout
        printed = (await asyncio.wait_for(process.stdout.read(), 30)).splitlines()
        assert await process.wait() == 0
    summary = json.loads(printed[-1])["summary"]
    assert (summary["pressed"], summary["receipted"], summary["lost"]) == (40, 40, 0)
    post_office.sends_receipts = False
    async with running(*words, "--presses", "1", "--wait-s", "0.5") as process:
        assert await asyncio.wait_for(process.wait(), 30) == 1
