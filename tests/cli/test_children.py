"""Whatever happens to a part of one host, it is started again, and it is heard."""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tgd.cli.children import Children, Part
from tgd.errors import CannotStart

PROGRAM = """
import json, sys, time
if "long" in sys.argv:
    print("x" * (3 << 20), file=sys.stderr)
print(json.dumps({"event": "listening", "listener": "it", "port": 1}), file=sys.stderr, flush=True)
print("here", file=sys.stderr, flush=True)
time.sleep(600)
"""


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[tuple[Children, list[str], Callable[..., Part]]]:
    """One host, what its parts say, and how a part of it is made."""
    (tmp_path / "a_part.py").write_text(PROGRAM)
    heard: list[str] = []
    children = Children(heard.append)
    children.again_s = (0.05,)

    def part(*arguments: str) -> Part:
        environment = {"PYTHONPATH": str(tmp_path)}
        return Part("it", "a_part", arguments, ("it",), environment)

    yield children, heard, part
    await children.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.02)


async def test_a_part_that_cannot_be_started_again_is_tried_until_it_can(host) -> None:
    children, heard, part = host
    made = await children.start(part())
    await until(lambda: heard.count("here") == 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1, hard))
    try:
        made.process.kill()
        await until(lambda: made.process is None)
        await asyncio.sleep(0.3)
        assert made.process is None, "no process can be started without a file for its words"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    await until(lambda: heard.count("here") == 2)


async def test_a_part_that_cannot_be_started_at_all_is_a_sentence(host) -> None:
    children, _, part = host
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1, hard))
    try:
        with pytest.raises(CannotStart, match="it did not start"):
            await children.start(part())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_line_without_an_end_costs_the_line_and_not_the_part(host) -> None:
    children, heard, part = host
    made = await children.start(part("long"))
    await until(lambda: "here" in heard)
    made.process.kill()
    await until(lambda: heard.count("here") == 2)
