"""One simulated night: its time, its network, its record, and what is judged after every commit.

One thread, one integer: equal seeds give equal nights. Time is a heap of what happens next; nothing
sleeps. The gateways and dispatchers in it are production's own (`house.py`), the people and peers
around them are a few lines each (`people.py`, `peers.py`).
"""

import hashlib
import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import structlog

from dispatch.remembering import Remembered
from tests import promises
from tests.evidence import Evidence, Noted
from tests.simulation.faults import Faults
from tests.simulation.ground import Away, Ground
from tgd import clock, ids, killpoint
from tgd.database import transaction

START = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
SHOWN = 20


def _silence(*_: Any) -> Any:
    """The night tells its own story; production's log would only hide it."""
    raise structlog.DropEvent


class Crash(BaseException):
    """This process dies here: its memory is lost, the record and the spool stay."""


class PromiseBroken(AssertionError):
    """A promise was broken; the message is the story of the night."""


class World:
    """A night."""

    def __init__(self, seed: int, ground: Ground, faults: Faults) -> None:
        self.seed, self.ground, self.faults = seed, ground, faults
        self.drawn = faults
        self.rng = Random(seed * 2 + 1)
        self.t = 0.0
        self._heap: list[tuple[float, float, int, Callable[[], None]]] = []
        self._tie = 0
        self.trace: deque[str] = deque(maxlen=2000)
        self.length_asked = ""
        """The words that play as long a night again."""
        self._written: dict[int, datetime] = {}
        self._digest = hashlib.sha256()
        self.met: Counter[str] = Counter()
        self.offsets: Counter[str] = Counter()
        self.host = ""
        self.crashable = False
        self.changed = False
        self.cuts: set[str] = set()
        self.pressed: set[str] = set()
        self.told: set[str] = set()
        self.heard_back: set[str] = set()
        self.ledgers: dict[str, list[Noted]] = {}
        self.rung: list[Noted] = []
        self.healed_at: datetime | None = None
        self.spooled: Callable[[], set[str]] = set
        self.named: Callable[[], set[str]] = set
        self.changes = 0
        """How often somebody wrote something: what was read before may be old."""
        self.remembered: tuple[int, Remembered] | None = None
        self.on_cut: list[tuple[str, Callable[[], None]]] = []
        self.on_nudge: list[tuple[str, Callable[[], None]]] = []
        self.checks = 0

    # -- time

    @property
    def now(self) -> datetime:
        """This moment, truly."""
        return START + timedelta(seconds=self.t)

    def at(self, seconds: float, do: Callable[[], None]) -> None:
        """Something happens so much later."""
        self._tie += 1
        heapq.heappush(self._heap, (self.t + max(0.0, seconds), self.rng.random(), self._tie, do))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.t + seconds
        while self._heap and self._heap[0][0] <= end:
            self.t, _, _, do = heapq.heappop(self._heap)
            self.host = ""
            do()
            if self.changed:
                self.changed = False
                self.check()
        self.t = end

    def chance(self, likely: float) -> bool:
        """Whether something of this likelihood happens now; a likelihood of 0 draws nothing."""
        return likely > 0 and self.rng.random() < likely

    def on(self, host: str, *, may_crash: bool = False) -> None:
        """What follows runs on this host, with its clock."""
        self.host, self.crashable = host, may_crash

    def clock_of_host(self) -> datetime:
        """What the clock of the present host says."""
        return self.now + timedelta(seconds=self.offsets[self.host])

    def say(self, what: str) -> None:
        """A line of the story."""
        line = f"{self.now:%d %H:%M:%S}  {what}"
        self._digest.update(line.encode())
        self.trace.append(line)

    def saw(self, fault: str) -> None:
        """This fault or branch was met in this night."""
        self.met[fault] += 1

    @property
    def digest(self) -> str:
        """One number for the whole story."""
        return self._digest.hexdigest()

    # -- what is away

    def cut(self, what: str) -> None:
        """A network, the record or a disk is away from now on; who looks all the time sees it."""
        self.cuts.add(what)
        for other, see in self.on_cut:
            if other == what:
                see()

    def mend(self, what: str) -> None:
        """It is back."""
        self.cuts.discard(what)

    # -- network

    def send(self, way: str, do: Callable[[], None], quickly: float = 0.05) -> None:
        """Through the network: lost, twice, late, or not at all while this way is cut."""
        if way in self.cuts:
            self.saw(f"{way}_cut")
            return
        if self.chance(self.faults.loss):
            self.saw("loss")
            return
        twice = self.chance(self.faults.repetition)
        late = self.faults.delay_s > 0 and self.chance(0.3)
        self.met["repetition"] += twice
        self.met["delay_s"] += late
        for _ in range(1 + twice):
            self.at(self.rng.uniform(0, self.faults.delay_s if late else quickly), do)

    # -- the record's weather, production's kill points

    def transaction_begins(self) -> None:
        """The record may be away, or refuse this one."""
        if "record" in self.cuts:
            self.saw("record_away")
            raise Away("away")
        if self.chance(self.faults.record_refuses / 2):
            self.saw("record_refuses")
            raise Away("refused at its beginning")

    def transaction_commits(self, commit: Callable[[], None], nudges: set[str]) -> None:
        """The commit may be refused; or it happens, and nobody learns of it."""
        if self.chance(self.faults.record_refuses / 2):
            self.saw("record_refuses")
            raise Away("refused at its commit")
        self.changed |= bool(nudges)
        self.changes += bool(nudges)
        for channel, wake in self.on_nudge:
            if channel in nudges:
                wake()
        if self.chance(self.faults.ambiguous):
            commit()
            self.saw("ambiguous")
            self.say(f"the record commits for {self.host} and says that it failed")
            raise Away("said to have failed")

    def passed(self, point: str) -> None:
        """Production passes a kill point."""
        if self.crashable and self.chance(self.faults.crash):
            self.saw("crash")
            self.saw(f"crash at {point}")
            self.say(f"{self.host} dies at {point}")
            raise Crash(point)

    @contextmanager
    def playing(self) -> Iterator[None]:
        """The time, the chance and the record are this night's."""
        spoken = structlog.get_config()
        structlog.configure(processors=[_silence])
        ids.seed(self.seed)
        clock.tell_by(self.clock_of_host, lambda: self.t)
        self.ground.loop.tell_by(lambda: self.t)
        killpoint.watch(self.passed)
        self.ground.weather = self
        try:
            yield
        finally:
            self.ground.weather = None
            killpoint.watch(None)
            self.ground.loop.let_go()
            self.ground.loop.tell_by()
            clock.tell_by()
            ids.seed(None)
            structlog.configure(**spoken)

    def act(self, do: Callable[[Any], Any]) -> Any:
        """One transaction of somebody at the console."""
        with transaction(self.ground.engine) as session:
            return do(session)

    # -- what is judged

    def evidence(self, since: datetime | None = None, *, final: bool = False) -> Evidence:
        """What lies on the table now."""
        record = self.ground.evidence(since.isoformat() if since else "-infinity")
        record["journal"] = [self._when_written(line) for line in record["journal"]]
        record["alerts"] = [self._when_opened(a, record["journal"]) for a in record["alerts"]]
        shown = {str(a.id) for a in record["alerts"]}
        old = {t.trigger for t in self.ground.rows("SELECT trigger FROM alert_trigger")} - {
            t.trigger for t in record["triggers"]
        } if since else set()  # fmt: skip
        forgotten = {t.removeprefix("?") for t in old}
        ledgers = {
            name: [n for n in lines if not since or n.alert in shown]
            for name, lines in self.ledgers.items()
        }
        return Evidence(
            now=self.now, **record, ledgers=ledgers,
            rung=[r for r in self.rung if not since or r.alert in shown],
            receipts=frozenset((self.heard_back if final else self.told) - forgotten),
            spooled=frozenset(self.spooled()), named=frozenset(self.named()),
            pressed=frozenset(self.pressed - forgotten),
            healed_at=self.healed_at,
            slowest=timedelta(seconds=min([0, *self.offsets.values()])),
        )  # fmt: skip

    def _when_written(self, line: Any) -> Any:
        """The line with the moment when it was first there: hosts date their lines by their own
        clocks, and one that is a day ahead would make every wait look a day long."""
        return line._replace(at=self._written.setdefault(line.seq, self.now))

    def _when_opened(self, alert: Any, lines: list[Any]) -> Any:
        """The alert with the true moments of its opening and its closing."""
        true = {line.act: line.at for line in lines if line.alert == alert.id}
        closed_at = alert.closed_at and true.get("AlertClosed", alert.closed_at)
        return alert._replace(
            opened_at=true.get("AlertOpened", alert.opened_at), closed_at=closed_at
        )

    def check(self) -> None:
        """Safety, now."""
        self.checks += 1
        since = self.now - timedelta(hours=30) if self.t > 30 * 3600 else None
        try:
            promises.keep_safe(self.evidence(since))
        except AssertionError as broken:
            raise PromiseBroken(self.story(str(broken))) from broken

    def judge(self, listening: str | None, room: str | None) -> None:
        """Everything, when the faults are over and the grace has passed.

        `listening`: the platform, when it listens in time; `room`: the control room, likewise.
        """
        evidence = self.evidence(final=True)
        try:
            promises.keep(evidence)
            if listening:
                said_no = self.drawn.platform == "refuses"
                promises.alerts_are_told_in_time(evidence, listening, said_no=said_no)
                promises.the_end_is_told(evidence, listening)
            if room:
                promises.the_police_is_told(evidence, room)
        except AssertionError as broken:
            raise PromiseBroken(self.story(str(broken))) from broken

    def broken(self, why: str) -> None:
        """A promise that only the night itself can see is broken."""
        raise PromiseBroken(self.story(why))

    def story(self, broken: str) -> str:
        """What a human needs to see it again."""
        lines = "\n  ".join(list(self.trace)[-SHOWN:])
        faults = ", ".join(f"{k}={v}" for k, v in self.drawn.named().items())
        return (
            f"{broken}\nseed {self.seed}, at {self.now:%d %H:%M:%S}\nfaults: {faults}\n  {lines}\n"
            f"again: python -m tests.simulation --seed {self.seed}{self.length_asked}"
        )
