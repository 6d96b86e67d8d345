"""Production's own gateways and dispatchers in a simulated night: who dies, and starts again.

`Door`, `Spool`, `Loop` and the answers' transaction are the real ones. Only what waits for sockets
and for real time is played: when a batch comes, when a dispatcher wakes, how long a telling takes.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from dispatch.answers import _Hearing
from dispatch.formats.answers_in import AnswerSaid, NotReached
from dispatch.loop import Loop
from dispatch.policy import Policy
from dispatch.proving import Telephony
from dispatch.telling import Answer, Later, Telling
from dispatch.turn import Answered, Claimed
from gateway.door import Door, _Waiting
from gateway.heard import Heard, Kept, Receipt
from tests.simulation.world import Crash, World
from tgd.errors import NotKept, RecordAway, Refusal
from tgd.seal import Keys
from tgd.spool import Spool
from tgd.store import dispatching as store

KEYS = Keys(bytes(range(32)))
SLOW_POLL_S = 1.0
AWAY_S = 2.0
"""How often an absent record is tried again: production's half second would only cost time."""
Answering = Callable[[Receipt | None], None]


class Mailbox:
    """A spool on a disk that may be full, and what lies in it by name."""

    def __init__(self, world: World, host: str) -> None:
        self._world, self._host = world, host
        self.folder = world.ground.folder / "spools" / host
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

        spool.append = refuse_when_full  # type: ignore[method-assign]
        return spool


class Gateway:
    """One gateway: takes in what came, answers only for what is kept, empties its spool."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.mailbox = Mailbox(world, name)
        self.in_spool: dict[str, set[str]] = {}
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
        found = set()
        for path in self.spool.waiting():
            found |= {str(one["trigger_of"]) for one in self._read(path)}
        return found

    def _read(self, path: Any) -> list[dict[str, Any]]:
        from gateway.door import _unpacked
        from tests.simulation.people import trigger_of

        return [{"trigger_of": trigger_of(_unpacked(one))} for one in self.spool.read(path)]


class Peer(Protocol):
    """A destination as the night plays it."""

    name: str

    def tell(self, telling: Telling, back: Callable[[Answer], None]) -> None: ...


class Dispatcher:
    """One dispatcher: wakes, claims, tells, writes; may freeze and speak as a ghost later."""

    def __init__(self, world: World, name: str, policy: Policy, peers: dict[str, Peer]) -> None:
        self.world, self.name, self.policy, self.peers = world, name, policy, peers
        self.others: list[Dispatcher] = []
        self.life = 0
        self.is_up = False
        self.frozen_until = 0.0
        self._woken_at: float | None = None
        self.start()

    def start(self) -> None:
        """A new life, under a new name: leases of the old one are given back by the others."""
        self.life += 1
        self.worker = f"{self.name}-{self.life}"
        self.is_up = True
        engine: Any = self.world.ground.engine
        self.loop = Loop(engine, self.policy, {}, None, self.worker)  # type: ignore[arg-type]
        self._hearing = _Hearing(engine, self.policy, Telephony("", "", ""), None)
        self.wake(0.0)

    def die(self, seconds: float) -> None:
        """It is gone: the record sees its session end, and somebody starts it again."""
        self.is_up = False
        worker = self.worker
        self.world.say(f"{self.name} is down for {seconds:.0f} s")
        for other in self.others:
            other.wake(SLOW_POLL_S)
        self.world.at(min(1.0, seconds), lambda: self._freed(worker))
        self.world.at(seconds, self.start)

    def _freed(self, worker: str) -> None:
        """What the living do each second for the dead (turn.free_dead); asked again until done."""
        self.world.on("dispatcher")
        try:
            freed = self.world.act(lambda s: store.free_leases(s, worker, self.world.now))
        except (RecordAway, SQLAlchemyError):
            self.world.at(1.0, lambda: self._freed(worker))
            return
        if freed:
            self.world.saw("freed")
            self.world.say(f"{freed} leases of {worker} are given back")

    def wake(self, seconds: float) -> None:
        """Look at the record then, or earlier if that was planned."""
        at = self.world.t + seconds
        if self._woken_at is not None and self._woken_at <= at:
            return
        self._woken_at = at
        self.world.at(seconds, lambda: self._turn(at))

    def answers(self) -> bool:
        """Neither dead nor frozen."""
        return self.is_up and self.world.t >= self.frozen_until

    def nudged(self) -> None:
        """Something was committed; a nudge may be lost, then the slow poll finds it."""
        lost = self.world.chance(self.world.faults.nudge_lost)
        if lost:
            self.world.saw("nudge_lost")
        self.wake(SLOW_POLL_S if lost else 0.02)

    def _turn(self, at: float) -> None:
        if self._woken_at != at:
            return
        self._woken_at = None
        if not self.is_up:
            return
        if self.world.t < self.frozen_until:
            self.wake(self.frozen_until - self.world.t)
            return
        self.world.on(self.name, may_crash=True)
        try:
            self.world.ground.run(self.loop._write_again())
            claimed, _ = self.loop._claim({}, frozenset())
            next_at = None if claimed else self.loop._next_look()
        except Crash:
            self.die(self.world.rng.uniform(1, 10))
            return
        except (RecordAway, SQLAlchemyError):
            self.wake(AWAY_S)
            return
        for one in claimed:
            self._tell(one)
        if claimed:
            self.wake(0.0)
        elif next_at is not None:
            self.wake(max(0.001, (next_at - self.world.clock_of_host()).total_seconds()))

    def _tell(self, claimed: Claimed) -> None:
        """One attempt: the answer comes back, or the time limit does."""
        world, life = self.world, self.life
        told = self.policy.destination(claimed.destination)
        limit = told.timeout_s if told else 5.0
        waiting = [True]
        world.say(f"{self.name} tells {claimed.destination} that {claimed.telling.reference} is"
                  f" {claimed.telling.topic} (attempt {claimed.attempt})")  # fmt: skip
        if claimed.attempt > 1:
            world.saw("told again")

        def back(answer: Answer) -> None:
            if waiting and life == self.life and self.is_up:
                waiting.clear()
                self._answered(Answered(claimed, answer))

        peer = self.peers[claimed.destination]
        world.send("destinations", lambda: peer.tell(claimed.telling, back))
        world.at(limit, lambda: back(Later("timeout")))
        if world.chance(world.faults.frozen):
            world.saw("frozen")
            self.frozen_until = world.t + world.rng.uniform(5, 60)
            for other in self.others:
                other.wake(SLOW_POLL_S)
            world.say(f"{self.name} freezes until {self.frozen_until - world.t:.0f} s from now")

    def _answered(self, answered: Answered) -> None:
        self.loop._answers.put_nowait(answered)
        self.world.at(max(0.005, self.frozen_until - self.world.t), lambda: self._write(self.life))

    def _write(self, life: int) -> None:
        if not self.is_up or life != self.life or self.loop._answers.empty():
            return
        self.world.on(self.name, may_crash=True)
        waiting = list(self.loop._answers._queue)  # type: ignore[attr-defined]
        before = self._held([one.claimed.delivery for one in waiting])
        try:
            self.world.ground.run(self.loop._write())
        except Crash:
            self.die(self.world.rng.uniform(1, 10))
            return
        except (RecordAway, SQLAlchemyError):
            self.wake(AWAY_S)
            return
        self._no_ghost_speaks(waiting, before)

    def _held(self, deliveries: Sequence[UUID]) -> dict[UUID, Any]:
        names = ",".join(f"'{one}'" for one in deliveries)
        rows = self.world.ground.rows(
            f"SELECT id, lease_token, state, said, next_try_at FROM delivery WHERE id IN ({names})"
        )
        return {row.id: row for row in rows}

    def _no_ghost_speaks(self, written: Sequence[Answered], before: dict[UUID, Any]) -> None:
        """What somebody else has claimed meanwhile is his: a ghost's answer changes nothing."""
        after = self._held([one.claimed.delivery for one in written])
        living = {
            one.claimed.delivery for one in written
            if before[one.claimed.delivery].lease_token == one.claimed.token
        }  # fmt: skip
        for one in written:
            row = before[one.claimed.delivery]
            if one.claimed.delivery not in living:
                self.world.saw("ghost")
                if after[one.claimed.delivery] != row:
                    self.world.broken(
                        f"{self.worker} wrote an answer that was no longer its own:"
                        f" {one.answer} under {one.claimed.token}, {row} became"
                        f" {after[one.claimed.delivery]}"
                    )

    def hear(self, destination: str, said: AnswerSaid | NotReached) -> str:
        """What a destination says by itself, in production's transaction: ok, again or refused."""
        if not self.is_up or self.world.t < self.frozen_until:
            return "again"
        told = self.policy.destination(destination)
        if told is None:
            return "refused"
        self.world.on(self.name, may_crash=True)
        try:
            self._hearing._write_now(told, said)
        except Crash:
            self.die(self.world.rng.uniform(1, 10))
            return "again"
        except (RecordAway, SQLAlchemyError):
            return "again"
        except Refusal as refusal:
            self.world.saw(f"answer refused: {type(refusal).__name__}")
            return "refused"
        return "ok"
