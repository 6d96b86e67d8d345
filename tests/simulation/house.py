"""Production's own gateways in a simulated night: who dies, and starts again.

`Door` and `Spool` are the real ones. Only when a batch comes is played.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gateway.door import LOOK_AGAIN_S, Door, _Waiting
from gateway.heard import Heard, Kept, Receipt
from tests.simulation.blind import KEYS
from tests.simulation.world import Crash, World
from tgd.errors import NotKept
from tgd.rules.spooled import read as call_in
from tgd.spool import Spool

Answering = Callable[[Receipt | None], None]


def host_of(process: str) -> str:
    """On which host it runs: gateway-1 and dispatcher-1 share one, and its disk."""
    return f"host-{process.rpartition('-')[2]}"


class Mailbox:
    """A spool on a disk that may be full, and what lies in it by name."""

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self.on_kept: Callable[[], None] = lambda: None
        """The dispatcher of this host looks into it."""
        self.folder = world.ground.folder / "spools" / host_of(host) / "gateway"
        for old in self.folder.glob("*") if self.folder.is_dir() else ():
            old.unlink()

    def opened(self) -> Spool:
        """The spool for a new life of its gateway."""
        spool = Spool(self.folder, KEYS)
        world, append = self._world, spool.append

        def refuse_when_full(batch: Sequence[dict[str, Any]]) -> None:
            if "disk" in world.cuts:
                world.saw("spool_refuses")
                raise NotKept("The disk is full.")
            append(batch)
            world.saw("spooled")
            self.on_kept()

        spool.append = refuse_when_full  # type: ignore[method-assign]
        return spool


class Gateway:
    """One gateway: takes in what came, answers only for what is kept, empties its spool."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.mailbox = Mailbox(world, name)
        self._opened: dict[Path, tuple[set[str], set[str]]] = {}
        self._inbox: list[tuple[Heard, Answering]] = []
        self._working = self._draining = False
        self.is_up = False
        self.start()

    def start(self) -> None:
        """A new life: nothing in memory, the spool as it was left."""
        self.spool = self.mailbox.opened()
        self.spool.open()
        self.door = Door(self.world.ground.engine, self.spool, KEYS)
        self.is_up = True
        self._inbox, self._working, self._draining = [], False, False
        self._look_into_spool(0.0)

    def die(self, seconds: float) -> None:
        """Its memory is lost; somebody starts it again."""
        self.is_up = False
        self.spool.close()
        self.world.say(f"{self.name} is down for {seconds:.0f} s")
        self.world.at(seconds, self.start)

    def hear(self, heard: Heard, answer: Answering) -> None:
        """One message came in by a channel."""
        if not self.is_up:
            return
        self._inbox.append((heard, answer))
        if not self._working:
            self._working = True
            self.world.at(0.01, self._work)

    def _work(self) -> None:
        """One batch through production's door."""
        batch, self._inbox, self._working = self._inbox, [], False
        if not self.is_up or not batch:
            return
        self.world.on(self.name, may_crash=True)
        loop = self.world.ground.loop
        waiting = [_Waiting(heard, loop.create_future()) for heard, _ in batch]
        try:
            self.world.ground.run(self.door._keep(waiting))
        except Crash:
            self.die(self.world.rng.uniform(1, 10))
        for one, (_, answer) in zip(waiting, batch, strict=True):
            self._answer(one.answered, one.heard, answer)
        self._look_into_spool(0.5)
        self.world.changed = True

    def _answer(self, answered: asyncio.Future[Receipt], heard: Heard, answer: Answering) -> None:
        """The channel sends what the door said; what a dead gateway had not said stays unsaid."""
        if not answered.done():
            answered.cancel()
            return
        if answered.exception() is not None:
            self.world.saw("nothing keeps")
            answer(None)
        elif answered.result().kept is not Kept.NOWHERE:
            answer(answered.result())

    def record_went(self) -> None:
        """Production asks four times a second as long as it has taken something just now."""
        if self.is_up and self.door._fresh and not self._draining:
            self._draining = True
            self.world.at(self.world.rng.uniform(0.0, LOOK_AGAIN_S), self._drain)

    def _look_into_spool(self, seconds: float) -> None:
        if not self._draining and (self.spool.waiting() or self.door.record_is_away):
            self._draining = True
            self.world.at(seconds, self._drain)

    def _drain(self) -> None:
        """Production looks each half second; here, as soon as it may bring something."""
        self._draining = False
        if not self.is_up:
            return
        self.world.on(self.name, may_crash=True)
        before = len(self.spool.waiting())
        try:
            self.world.ground.run(self.door._drain_once())
        except Crash:
            self.die(self.world.rng.uniform(1, 10))
            return
        except Exception as error:  # noqa: BLE001 as production's loop goes on
            self.world.say(f"{self.name} cannot empty its spool now ({type(error).__name__})")
        if before > len(self.spool.waiting()):
            self.world.saw("drained")
            self.world.say(f"{self.name} empties its spool into the record")
            self.world.changed = True
        self._look_into_spool(3.0)

    def spooled(self) -> set[str]:
        """Which presses lie in its spool, for the evidence: read as a human would read it."""
        return set().union(*(self._read(path)[0] for path in self.spool.waiting()))

    def named(self) -> set[str]:
        """Which alerts those presses will open."""
        return set().union(*(self._read(path)[1] for path in self.spool.waiting()))

    def _read(self, path: Path) -> tuple[set[str], set[str]]:
        from gateway.door import _unpacked
        from tests.simulation.people import trigger_of

        if path not in self._opened:  # nobody writes into it once it is there
            entries = self.spool.read(path)
            calls = [call for call in map(call_in, entries) if call is not None]
            triggers = {str(trigger_of(_unpacked(one))) for one in entries}
            self._opened[path] = (triggers, {str(call.alert) for call in calls})
        return self._opened[path]
