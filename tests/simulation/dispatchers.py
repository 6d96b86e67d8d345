"""Production's own dispatchers in a simulated night: they wake, claim, tell, write, freeze and die.

`Loop`, `Blind` and the answers' transaction are the real ones. Only what waits for sockets and for
real time is played: when a dispatcher wakes, and how long a telling takes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
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
from tests.simulation.blind import BlindSide, forget_ledger
from tests.simulation.house import host_of
from tests.simulation.world import Crash, World
from tgd import clock
from tgd.errors import RecordAway, Refusal
from tgd.store import dispatching as store

SLOW_POLL_S = 1.0
AWAY_S = 2.0
"""How often an absent record is tried again: production's half second would only cost time."""


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
        self.folder = world.ground.folder / "spools" / host_of(name)
        self._woken_at: float | None = None
        self._polls = True
        """Production turns each second: nothing is played while that finds nothing new."""
        forget_ledger(self.folder)
        self.start()

    def start(self) -> None:
        """A new life, under a new name: leases of the old one are given back by the others."""
        self.life += 1
        self.worker = f"{self.name}-{self.life}"
        self.is_up = True
        engine: Any = self.world.ground.engine
        self.loop = Loop(engine, self.policy, {}, None, self.worker)  # type: ignore[arg-type]
        self._hearing = _Hearing(engine, self.policy, Telephony("", "", ""), None)
        self._polls = True
        self.side = BlindSide(self.world, self, self.folder)
        self.side.something_changed()
        self.side.look_soon()
        self.wake(0.0)

    def die(self, seconds: float) -> None:
        """It is gone: the record sees its session end, and somebody starts it again."""
        self.is_up = False
        self.side.close()
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

    def has_no_record(self) -> bool:
        """What production's loop says of itself: no turn on the record for too long."""
        return not self._polls and self.loop._has_not_turned()

    def record_went(self) -> None:
        """The next slow poll meets a record that does not answer."""
        self.wake(self.world.rng.uniform(0.0, SLOW_POLL_S))

    def _has_no_turn(self) -> None:
        if self._polls:
            self._polls = False
            self.loop.last_turn_at = clock.monotonic()
        self.side.look_soon()

    def _turn(self, at: float) -> None:
        if self._woken_at != at:
            return
        self._woken_at = None
        if not self.is_up:
            return
        if self.world.t < self.frozen_until:
            self.wake(self.frozen_until - self.world.t)
            return
        with self._on_the_record():
            claimed, next_at = self._claimed()
            if self.side.is_telling:
                self.wake(SLOW_POLL_S)
            if claimed:
                self.wake(0.0)
            elif next_at is not None:
                self.wake(max(0.001, (next_at - self.world.clock_of_host()).total_seconds()))

    @contextmanager
    def _on_the_record(self) -> Iterator[None]:
        """What it does there: it may die of it, or find the record away and try again later."""
        self.world.on(self.name, may_crash=True)
        try:
            yield
        except Crash:
            self.die(self.world.rng.uniform(1, 10))
        except (RecordAway, SQLAlchemyError):
            self._has_no_turn()
            self.wake(AWAY_S)

    def _claimed(self) -> tuple[bool, datetime | None]:
        """Production's turn: what was told without the record first, then the plan."""
        self.world.ground.run(self.loop._write_again())
        claimed, adopted = self.loop._claim(self.side.told(), self.side.busy())
        self._polls, self.loop.last_turn_at = True, clock.monotonic()
        for one in claimed:
            self._tell(one)
        if adopted:
            self.side.adopted(adopted)
        if claimed:
            self._say_changed()
        return bool(claimed), None if claimed else self.loop._next_look()

    def _say_changed(self) -> None:
        self.world.changes += 1
        for one in (self, *self.others):
            one.side.something_changed()

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

        self.peer_tell(claimed.telling, claimed.destination, back)
        world.at(limit, lambda: back(Later("timeout")))
        self.perhaps_freeze()

    def peer_tell(self, telling: Telling, name: str, back: Callable[[Answer], None]) -> None:
        """Through the network to a destination."""
        peer = self.peers[name]
        self.world.send("destinations", lambda: peer.tell(telling, back))

    def perhaps_freeze(self) -> None:
        """It may stop in the middle of telling, and wake up a minute later."""
        world = self.world
        if not world.chance(world.faults.frozen):
            return
        world.saw("frozen")
        self.frozen_until = world.t + world.rng.uniform(5, 60)
        self._has_no_turn()
        for other in self.others:
            other.wake(SLOW_POLL_S)
        world.say(f"{self.name} freezes until {self.frozen_until - world.t:.0f} s from now")

    def _answered(self, answered: Answered) -> None:
        self.loop._answers.put_nowait(answered)
        self.world.at(max(0.005, self.frozen_until - self.world.t), lambda: self._write(self.life))

    def _write(self, life: int) -> None:
        if not self.is_up or life != self.life or self.loop._answers.empty():
            return
        waiting = list(self.loop._answers._queue)  # type: ignore[attr-defined]
        before = self._held([one.claimed.delivery for one in waiting])
        with self._on_the_record():
            self.world.ground.run(self.loop._write())
            self._say_changed()
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
        kept = self.side.hear(destination, said)
        if kept is not None:
            return "ok" if kept == "kept" else "again"
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
