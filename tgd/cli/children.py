"""The processes of one host: started, listened to, started again when they die, stopped.

A part never outlives us: one that did would hold its ports against the next `tgd up`.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tgd.errors import CannotStart
from tgd.log import log
from tgd.settings import inherited_environment

START_LIMIT_S = 40.0
AGAIN_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Pauses before a part that keeps dying is started again; the last one for ever."""
WELL_AFTER_S = 10.0
"""A part that lived for so long is well: its next death counts as a first one."""
_PR_SET_PDEATHSIG = 1
"""prctl(2): the kernel sends this signal to us when the thread that started us dies."""
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass
class Part:
    """One process of ours, run as `python -m module`."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    listeners: tuple[str, ...] = ()
    """Which `listening` lines it logs before it can be used."""
    environment: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    started: asyncio.Event = field(default_factory=asyncio.Event)
    last_words: str = ""


class Children:
    """All parts of one host. Logs go to `sink`, one JSON line at a time."""

    def __init__(self, sink: Callable[[str], None], restart: bool = True) -> None:
        self._sink = sink
        self._restart = restart
        self.again_s: Sequence[float] = AGAIN_S
        self._parts: list[Part] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = False

    async def start(self, part: Part) -> Part:
        """Start a part and wait until it listens; raises CannotStart with its own sentence."""
        self._parts.append(part)
        task = asyncio.create_task(self._keep(part), name=part.name)
        self._tasks.append(task)
        waiting = asyncio.create_task(part.started.wait())
        done, _ = await asyncio.wait(
            {waiting, task}, timeout=START_LIMIT_S, return_when=asyncio.FIRST_COMPLETED
        )
        if waiting not in done:
            waiting.cancel()
            raise CannotStart(f"{part.name} did not start. {part.last_words}".strip())
        return part

    async def stop(self) -> None:
        """End all parts in the opposite order: hearing ends last of all that hears."""
        self._ending = True
        for part in reversed(self._parts):
            await _end(part)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, part: Part) -> None:
        deaths = 0
        while not self._ending:
            born = time.monotonic()
            await self._live(part)
            if self._ending or not self._restart:
                return
            if not part.started.is_set():
                return  # its first start failed: its last words are the sentence
            if time.monotonic() - born > WELL_AFTER_S:
                deaths = 0
            pause = self.again_s[min(deaths, len(self.again_s) - 1)]
            deaths += 1
            status = part.process.returncode if part.process else None
            log.error("part_died", kind=part.name, status=status, seconds=pause)
            await asyncio.sleep(pause)

    async def _live(self, part: Part) -> None:
        """One life of a part, until it ends. A life that could not begin is one that ended."""
        part.process = None
        try:
            part.process = await _spawn(part)
        except OSError as error:  # no memory, no file or process more: that may pass
            log.critical("part_not_started", exc_info=error, kind=part.name)
            part.last_words = str(error)
            return
        await asyncio.gather(self._follow(part), part.process.wait())

    async def _follow(self, part: Part) -> None:
        assert part.process is not None
        assert part.process.stderr is not None
        while True:
            try:
                raw = await part.process.stderr.readline()
            except ValueError:  # a line longer than the limit: it is dropped, not the part
                log.critical("part_line_too_long", kind=part.name)
                continue
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip()
            self._note(part, line)
            self._sink(line)

    def _note(self, part: Part, line: str) -> None:
        try:
            said: dict[str, Any] = json.loads(line)
        except ValueError:
            part.last_words = line
            return
        if isinstance(said, dict) and said.get("event") == "listening":
            part.ports[str(said.get("listener"))] = int(said.get("port", 0))
            if all(name in part.ports for name in part.listeners):
                part.started.set()


async def _spawn(part: Part) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", part.module, *part.arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, limit=1 << 20, start_new_session=True,
        env={**inherited_environment(), **part.environment},
        preexec_fn=die_with(os.getpid()),
    )  # fmt: skip


def die_with(parent: int) -> Callable[[], None] | None:
    """Runs in the new process before its program: SIGKILL for it when `parent` dies.

    It has no time for an orderly stop, for its ports are needed now; nothing that it has
    acknowledged is lost by that. None where there is no such call: then only SIGTERM ends it.
    """
    if _prctl is None:
        return None
    prctl = _prctl  # found before the fork: after it nothing may be loaded

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return bind


async def _end(part: Part) -> None:
    process = part.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 15)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
