"""A virtual clock and the simplest executor of plans: what dispatch does, without a record."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dispatch.facts import AlertFacts, DeliveryFacts
from dispatch.policy import Policy, read_policy
from dispatch.routing import Plan, plan
from dispatch.telling import Topic
from tgd.rules.alert import AlertEvent, AlertState, Lane, after
from tgd.rules.delivery import DeliveryState, next_try

ROOT = Path(__file__).parents[2]
OPENED = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
EXAMPLE = read_policy((ROOT / "deploy/policy.example.toml").read_text(), ROOT / "deploy")
NAMES = [d.name for d in EXAMPLE.destinations]
HUMANS = {"supervisor", "supervisor-sms", "control-room-92", "control-room-92-line"}


def opened(lane: Lane = Lane.REAL, **facts: Any) -> AlertFacts:
    """An alert that was opened just now."""
    made: dict[str, Any] = {
        "id": "a1", "lane": lane, "state": AlertState.OPEN, "opened_at": OPENED,
        "waiting_since": OPENED, "waits": 0, "updates": 0, "owner": None, "acted_at": None,
        "requested_at": None, "acknowledged_at": None, "closed_at": None,
    }  # fmt: skip
    return AlertFacts(**made | facts)


@dataclass
class Night:
    """One alert, its deliveries, those who are deaf; `told` is what was rung and when."""

    alert: AlertFacts = field(default_factory=opened)
    policy: Policy = EXAMPLE
    deaf: frozenset[str] = frozenset()
    now: datetime = OPENED
    deliveries: dict[str, DeliveryFacts] = field(default_factory=dict)
    told: list[tuple[float, str, Topic, str]] = field(default_factory=list)
    looks: int = 0
    on_told: Callable[["Night", str, Topic], None] = lambda night, name, topic: None

    @property
    def age_s(self) -> float:
        """Seconds since the opening."""
        return (self.now - OPENED).total_seconds()

    def look(self) -> Plan:
        """One turn now: plan, tell, and hear the answers at once."""
        self.looks += 1
        made = plan(self.alert, list(self.deliveries.values()), self.policy, self.now)
        if made.lapse:
            self.nobody()
            return made
        for key in made.withdraw:
            self.deliveries[key] = replace(
                self.deliveries[key], state=DeliveryState.WITHDRAWN, next_try_at=None
            )
        for tell in made.tell:
            assert tell.key not in self.deliveries, "told twice"
            self.deliveries[tell.key] = DeliveryFacts(
                tell.key, tell.destination, tell.topic, tell.round, DeliveryState.PENDING, 0,
                None, self.now,
            )  # fmt: skip
        for key in [*(t.key for t in made.tell), *made.again]:
            self._tell(key)
        return made

    def _tell(self, key: str) -> None:
        one = self.deliveries[key]
        attempts = one.attempts + 1
        self.told.append((self.age_s, one.destination, one.topic, key))
        if one.destination in self.deaf:
            at = next_try(attempts, self.now, 0, retry_after_s=None)
            self.deliveries[key] = replace(one, attempts=attempts, next_try_at=at)
        else:
            self.deliveries[key] = replace(
                one, attempts=attempts, state=DeliveryState.RECEIVED, next_try_at=None
            )
            self.on_told(self, one.destination, one.topic)

    def until(self, age_s: float) -> None:
        """Let time pass up to this age, looking whenever the plan asked for it."""
        end = OPENED + timedelta(seconds=age_s)
        while True:
            made = self.look()
            at = self.now if made.tell or made.again else self._hurried(made.look_again_at)
            if at is None:
                assert self.alert.state is AlertState.CLOSED, "an open alert was forgotten"
                self.now = max(self.now, end)
                return
            assert at > self.now or made.lapse or made.again or made.tell or made.withdraw
            if max(at, self.now) > end:
                self.now = end
                return
            # an executor that is a hair late, as all are
            self.now = max(at, self.now + timedelta(milliseconds=1))

    def _hurried(self, at: datetime | None) -> datetime | None:
        """An answer that was written makes its alert be looked at for the next try."""
        tries = [d.next_try_at for d in self.deliveries.values() if d.next_try_at is not None]
        return min([*tries, *([at] if at else [])], default=None)

    def taken(self, by: str = "bruno") -> None:
        """Somebody answers for it."""
        state = AlertState.TAKEN if self.alert.state is AlertState.OPEN else self.alert.state
        self.alert = replace(self.alert, state=state, owner=by, acted_at=self.now)

    def nobody(self) -> None:
        """Its ownership lapsed."""
        self.alert = replace(
            self.alert, state=after(self.alert.state, AlertEvent.LAPSE), owner=None,
            acted_at=None, owner_seen_at=None, waiting_since=self.now, waits=self.alert.waits + 1,
        )  # fmt: skip

    def requested(self) -> None:
        """An intervention is asked for, perhaps again."""
        state = after(self.alert.state, AlertEvent.REQUEST)
        times = self.alert.requests + 1
        self.alert = replace(self.alert, state=state, requested_at=self.now, requests=times)

    def acknowledged(self) -> None:
        """The control room has it."""
        self.alert = replace(self.alert, state=AlertState.ACKNOWLEDGED, acknowledged_at=self.now)

    def closed(self) -> None:
        """A human ended it."""
        self.alert = replace(self.alert, state=AlertState.CLOSED, closed_at=self.now)

    def rung(self, topic: Topic | None = None, since_s: float = -1) -> set[str]:
        """Who was told (of this topic, since then)."""
        return {n for at, n, t, _ in self.told if (topic is None or t is topic) and at > since_s}

    def first_s(self, name: str, topic: Topic | None = None) -> float | None:
        """When this destination was first told, of this topic or of anything."""
        found = (at for at, n, t, _ in self.told if n == name and topic in (None, t))
        return min(found, default=None)
