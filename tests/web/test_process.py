"""The console as a process: says where it listens, serves, and stops when told."""

import asyncio
import json
import os
import signal
import sys

import httpx

LISTENERS = {"console", "console-health"}


async def start(**settings: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tgd.web", env=os.environ | settings,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def ports(process: asyncio.subprocess.Process) -> dict[str, int]:
    """Where it listens, by its log."""
    found: dict[str, int] = {}
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while set(found) != LISTENERS:
            said = json.loads(await process.stderr.readline())
            if said["event"] == "listening":
                found[said["listener"]] = said["port"]
    return found


async def test_it_serves_until_it_is_told_to_stop(record_url: str) -> None:
    process = await start(
        TGD_DATABASE_URL=record_url, TGD_CONSOLE_LISTEN="127.0.0.1:0",
        TGD_CONSOLE_HEALTH_LISTEN="127.0.0.1:0", TGD_CONSOLE_INSECURE_HTTP="true",
    )  # fmt: skip
    try:
        found = await ports(process)
        async with httpx.AsyncClient() as client:
            page = await client.get(f"http://127.0.0.1:{found['console']}/login")
            assert "Se connecter" in page.text
            health = f"http://127.0.0.1:{found['console-health']}/health/"
            assert (await client.get(health + "ready")).json() == {"status": "ready"}
            assert (await client.get(health + "live")).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        out, rest = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out) == (0, b"")
    assert [json.loads(line)["event"] for line in rest.splitlines()][-1] == "stopped"


async def test_without_a_record_it_says_what_is_missing() -> None:
    process = await start()
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"TGD_DATABASE_URL" in said
    assert b"Traceback" not in said
