"""Telling without the record, in a simulated night: production's `Blind`, its ledger and its death.

Each host has a spool, a ledger beside it and a dispatcher that looks into both. Only when it looks,
and how long a telling takes, is played.
"""

import errno
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from dispatch.blind import Blind
from dispatch.blind_facts import BlindAlert, BlindDelivery
from dispatch.blind_ledger import NAME, BlindLedger
from dispatch.formats.answers_in import AnswerSaid, NotReached
from dispatch.policy import Policy
from dispatch.remembering import Remembered, remember
from dispatch.telling import Answer, Later, Telling
from tests.simulation.world import Crash, World
from tgd.database import transaction
from tgd.errors import RecordAway
from tgd.seal import Keys
from tgd.spool import SpoolView

LOOKS_APART_S = 1.0
"""Production's half second would only cost time."""
REMEMBERED_WITHIN_S = 1.0
KEYS = Keys(bytes(range(32)))


class Owner(Protocol):
    """The dispatcher that it is a part of."""

    name: str
    policy: Policy
    is_up: bool
    frozen_until: float

    def has_no_record(self) -> bool: ...

    def wake(self, seconds: float) -> None: ...

    def die(self, seconds: float) -> None: ...

    def perhaps_freeze(self) -> None: ...

    def peer_tell(self, telling: Telling, name: str, back: Callable[[Answer], None]) -> None: ...


class _Ledger(BlindLedger):
    """On the same disk as the spool, which may be full."""

    def __init__(self, world: World, folder: Path) -> None:
        super().__init__(folder)
        self._world = world

    def write(self, lines: Iterable[dict[str, Any]]) -> None:
        """Durable, or refused."""
        if "disk" in self._world.cuts:
            self._world.saw("ledger_refuses")
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(lines)


class _Line:
    """One destination, as it is told from here."""

    def __init__(self, side: "BlindSide", name: str) -> None:
        self._side, self.name = side, name

    async def tell(self, telling: Telling) -> Answer:
        """Say it, and wait for what comes back in the night's time."""
        return await self._side.told_by_network(telling, self.name)


class BlindSide:
    """One life of it: looks while there may be something to tell, and dies with its dispatcher."""

    def __init__(self, world: World, owner: Owner, folder: Path) -> None:
        self._world, self._owner = world, owner
        self._view = SpoolView(folder, KEYS)
        self._ledger = _Ledger(world, folder / "blind")
        lines: dict[str, Any] = {d.name: _Line(self, d.name) for d in owner.policy.destinations}
        self._blind = Blind(self._view, self._ledger, owner.policy, lines)
        self._blind._is_away = owner.has_no_record
        self._right, self._blind._tell = self._blind._tell, self._tell  # type: ignore[method-assign]
        self._is_planned = self._is_due = self._is_gone = self._has_crashed = False

    def close(self) -> None:
        """Its process is gone: what it was telling ends nowhere, its ledger is free."""
        self._is_gone = True
        for task in self._blind._telling:
            task.cancel()
        self._ledger.close()

    # -- what its dispatcher says and asks

    @property
    def is_telling(self) -> bool:
        """Whether there is something that the record has to learn."""
        return bool(self._blind.told() or self._blind.busy())

    def told(self) -> dict[UUID, BlindAlert]:
        """What the record has to learn."""
        return self._blind.told()

    def busy(self) -> frozenset[UUID]:
        """What is being told from here now."""
        return self._blind.busy()

    def adopted(self, alerts: set[UUID]) -> None:
        """The record has these; raises Crash, RecordAway."""
        self._world.saw("adopted")
        self._world.say(f"{self._owner.name} adopts {len(alerts)} told without the record")
        answers = sum(len(self._blind._alerts[name].answers) for name in alerts)
        self._world.met["kept answer heard"] += answers
        self._world.ground.run(self._blind.adopted(alerts, self._world.ground.engine))

    def hear(self, destination: str, said: AnswerSaid | NotReached) -> str | None:
        """Keep an answer for the record: kept, later, or None when it is about nothing of here."""
        kept: str | None = self._world.ground.run(self._blind.hear(destination, said))
        if kept is not None:
            self._world.saw(f"answer {kept} without the record")
        self.look_soon(0.0)
        return kept

    # -- remembering

    def something_changed(self) -> None:
        """Production asks each second; here, within a second of each change."""
        if not self._is_due:
            self._is_due = True
            within = self._world.rng.uniform(0.1, REMEMBERED_WITHIN_S)
            self._world.at(within, self._remember)

    def _remember(self) -> None:
        self._is_due = False
        if not self._is_alive():
            return
        try:
            self._blind.remember(remembered(self._world, self._owner.name))
        except (RecordAway, SQLAlchemyError):
            self.something_changed()

    def _is_alive(self) -> bool:
        is_awake = self._world.t >= self._owner.frozen_until
        return self._owner.is_up and not self._is_gone and is_awake

    # -- looking and telling

    def look_soon(self, seconds: float = LOOKS_APART_S) -> None:
        """Something lies in the spool, or the record does not answer."""
        if not self._is_planned and not self._is_gone:
            self._is_planned = True
            self._world.at(seconds, self._look)

    def _look(self) -> None:
        self._is_planned = False
        if self._is_gone or not self._owner.is_up:
            return
        if not self._is_alive():
            self.look_soon(self._owner.frozen_until - self._world.t)
            return
        self._run(self._looked())
        if self._is_gone:
            return
        if self._owner.has_no_record() or self._blind._alerts or self._view.waiting():
            self.look_soon()
        if self.is_telling:
            self._owner.wake(LOOKS_APART_S)

    async def _looked(self) -> None:
        if self._blind._holds or await self._blind._take():
            await self._blind._look()
        await self._world.ground.loop.settle()

    def _run(self, work: Any) -> None:
        """Production's coroutine, on the dispatcher's host; it may be the end of this life."""
        self._world.on(self._owner.name, may_crash=True)
        try:
            self._world.ground.run(work)
        except Crash:
            self._has_crashed = True
        if self._has_crashed:
            self._owner.die(self._world.rng.uniform(1, 10))

    async def _tell(self, name: UUID, delivery: BlindDelivery) -> None:
        """Production's own; a death inside a task of its own is seen here."""
        try:
            await self._right(name, delivery)
        except Crash:
            self._has_crashed = True

    async def told_by_network(self, telling: Telling, name: str) -> Answer:
        """Through the night's network; the answer comes back, or the time limit does."""
        world, told = self._world, self._owner.policy.destination(name)
        waiting = world.ground.loop.create_future()
        world.saw("told blind")
        world.say(f"{self._owner.name} tells {name} of {telling.reference} without the record")

        def back(answer: Answer) -> None:
            if not self._is_gone and not waiting.done():
                thaws = max(0.0, self._owner.frozen_until - world.t)
                world.at(thaws, lambda: self._answered(waiting, answer))

        self._owner.peer_tell(telling, name, back)
        world.at(told.timeout_s if told else 5.0, lambda: back(Later("timeout")))
        self._owner.perhaps_freeze()
        answer: Answer = await waiting
        return answer

    def _answered(self, waiting: Any, answer: Answer) -> None:
        if self._is_gone or waiting.done():
            return
        waiting.set_result(answer)
        self._run(self._world.ground.loop.settle())


def remembered(world: World, host: str) -> Remembered:
    """What is open, asked once for all who ask before something changes; raises RecordAway."""
    known = world.remembered
    world.on(host)
    if known is not None and known[0] == world.changes:
        world.transaction_begins()
    else:
        with transaction(world.ground.engine) as session:
            known = world.remembered = (world.changes, remember(session))
    return known[1]


def forget_ledger(folder: Path) -> None:
    """A new night has a new disk."""
    (folder / "blind" / NAME).unlink(missing_ok=True)
