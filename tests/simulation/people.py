"""Ana and the others, in a simulated night: handsets that go on until a receipt, and operators."""

import json
from base64 import b32encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from gateway.formats import READERS
from gateway.heard import Channel, Form, Heard, Receipt
from tests.simulation.house import KEYS, Gateway
from tests.simulation.world import World
from tests.world import HERE, Carried
from tests.world import World as Ground
from tgd.alerts import acts
from tgd.alerts.acts import Actor
from tgd.errors import RecordAway, Refusal
from tgd.records import Alert
from tgd.rules.access import Role
from tgd.rules.alert import Lane, Outcome, Verified
from tgd.store import nudges

SMS_AFTER_S = 10.0
REPEATS_S = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
NAMES = ("Ana", "Bella", "Chloe", "Diane", "Emma")
SIGNS_APART_S = 8.0
"""A console gives one every 4 s; half as many cost half as much and keep it as well."""
GONE_S, DOZES_S = 150.0, 900.0
STAGES = ("takes", "verifies", "dozes", "asks")
REASON = "Vérifié avec elle, par téléphone"
BRUNO, BERTA = Actor("bruno", Role.OPERATOR), Actor("berta", Role.OPERATOR)
SALIMA, SONIA = Actor("salima", Role.SUPERVISOR), Actor("sonia", Role.SUPERVISOR)


def trigger_of(heard: Heard) -> str:
    """The press that a message tells of, as the evidence names it."""
    named = getattr(READERS[heard.form](heard.raw), "id", None)
    return named or f"sms:{heard.transport_id}"


class Phone:
    """A handset: keeps its press, sends it again under the same id until a receipt, then by SMS."""

    def __init__(self, world: World, name: str, carried: Carried, gateways: list[Gateway]) -> None:
        self.world, self.name, self.carried, self._gateways = world, name, carried, gateways
        self.done: set[str] = set()

    def press(self, kind: str = "press") -> None:
        """She presses."""
        world = self.world
        self.carried.counter += 1
        trigger = b32encode(world.rng.randbytes(8)).decode().lower().rstrip("=")
        world.pressed.add(trigger)
        word = "presses" if kind == "press" else f"presses ({kind})"
        world.say(f"{self.name} {word}: {trigger[:6]}")
        counter, begun = self.carried.counter, world.t
        said: dict[str, Any] = {
            "trigger": trigger, "counter": counter, "kind": kind,
            "at": world.now.isoformat(), "position": HERE, "battery_pct": 63,
        }  # fmt: skip
        letter = {"press": "P", "test": "T"}[kind]
        self.carried.counter -= 1
        text = self.carried.signed_sms(KEYS, trigger=trigger, kind=letter)
        self._try(trigger, json.dumps(said).encode(), text, begun, 0)

    def _try(self, trigger: str, raw: bytes, text: str, begun: float, n: int) -> None:
        if trigger in self.done:
            return
        self.world.send("mqtt", lambda: self._by_mqtt(raw))
        if self.world.t - begun >= SMS_AFTER_S and n % 2:
            self.world.saw("sms")
            Text(self.world, self.carried.number, text, self._gateways)
        pause = REPEATS_S[min(n, len(REPEATS_S) - 1)] * self.world.rng.uniform(0.9, 1.1)
        self.world.at(pause, lambda: self._try(trigger, raw, text, begun, n + 1))

    def _by_mqtt(self, raw: bytes) -> None:
        gateway = self._one_that_answers()
        if gateway is None:
            return
        now = self.world.now + timedelta(seconds=self.world.offsets[gateway.name])
        name = self.world.rng.randbytes(16).hex()
        heard = Heard(Channel.MQTT, Form.ALERT, self.carried.handset, True, name, raw, now)
        gateway.hear(heard, self._receipt)

    def _one_that_answers(self) -> Gateway | None:
        up = [g for g in self._gateways if g.is_up]
        return self.world.rng.choice(up) if up else None

    def _receipt(self, receipt: Receipt | None) -> None:
        """The gateway gives it: from here on it is a promise, whether it arrives or not."""
        if receipt is None or receipt.trigger is None:
            return
        trigger = receipt.trigger
        self.world.told.add(trigger)
        self.world.saw(f"receipt from {receipt.kept.value}")
        self.world.send("mqtt", lambda: self._knows(trigger))

    def _knows(self, trigger: str) -> None:
        if trigger not in self.done:
            self.world.say(f"{self.name}'s handset knows that {trigger[:6]} is received")
        self.done.add(trigger)
        self.world.heard_back.add(trigger)


class Text:
    """One SMS at its provider, which offers it until we take it (the webhook, then its list)."""

    def __init__(
        self, world: World, number: str, text: str, gateways: list[Gateway], *,
        is_strange: bool = False,
    ) -> None:  # fmt: skip
        self._is_strange = is_strange
        self.world, self._number, self._text, self._gateways = world, number, text, gateways
        self.sid = f"SM{world.rng.randbytes(16).hex()}"
        self._taken = False
        world.send("sms", self._offer, 5.0)

    def _offer(self) -> None:
        if self._taken:
            return
        if self._is_strange:  # the network may lose a text for good; what arrived is a press
            self.world.pressed.add(f"sms:{self.sid}")
        up = [g for g in self._gateways if g.is_up]
        if up:
            gateway = self.world.rng.choice(up)
            now = self.world.now + timedelta(seconds=self.world.offsets[gateway.name])
            raw = self._text.encode()
            self.heard = Heard(Channel.SMS, Form.SMS, self._number, False, self.sid, raw, now)
            gateway.hear(self.heard, self._answered)
        self.world.at(self.world.rng.uniform(20, 60), self._offer)

    def _answered(self, receipt: Receipt | None) -> None:
        """A 2xx to the provider is a promise too: it offers no more."""
        if receipt is not None:
            self._taken = True
            named = trigger_of(self.heard)
            self.world.told.add(named)
            if named.startswith("sms:"):
                self.world.heard_back.add(named)


def give_handsets(world: World, gateways: list[Gateway], count: int) -> list[Phone]:
    """So many protected people carry a handset."""

    def give(session: Session) -> list[Carried]:
        ground = Ground(session, KEYS, world.now)
        return [
            ground.give(name, number=f"+336399800{n:02d}")
            for n, name in enumerate(NAMES[:count], 1)
        ]

    carried = world.act(give)
    return [Phone(world, n, c, gateways) for n, c in zip(NAMES, carried, strict=False)]


def dora_writes(world: World, gateways: list[Gateway]) -> None:
    """A stranger sends a text: an alert like any other, and nothing disclosed."""
    world.say("Dora, unknown to us, sends a text")
    words = "au secours il est devant la porte"
    Text(world, "+33639980099", words, gateways, is_strange=True)


class Console:
    """Bruno at the console: takes, verifies, asks for the police, closes; sometimes he vanishes."""

    def __init__(self, world: World, actor: Actor) -> None:
        self.world, self.actor = world, actor
        self._watched: set[UUID] = set()
        self._vanishes: dict[UUID, str] = {}
        self._gone_until = world.now
        self._looking = False
        world.on_nudge.append((nudges.CONSOLE, self.nudged))

    def nudged(self) -> None:
        """Something changed on the screen; a human looks at it in his own time."""
        if self.world.faults.nobody:
            self.world.saw("nobody")
        elif not self._looking:
            self._looking = True
            self.world.at(self.world.rng.uniform(5, 60), self._look)

    def _look(self) -> None:
        self._looking = False
        if self.world.faults.nobody:
            return
        alert = self._do("takes the next alert", lambda s, now: acts.take_next(s, self.actor, now))
        if alert is None or not hasattr(alert, "id"):
            return
        if self.world.chance(self.world.faults.vanishes):
            self._vanishes[alert.id] = self.world.rng.choice(STAGES)
        if self._is_gone_after("takes", alert.id):
            return
        if not self._watched:
            self.world.at(SIGNS_APART_S, self._sign)
        self._watched.add(alert.id)
        self.world.at(self.world.rng.uniform(5, 50), lambda: self._verify(alert.id))

    def _is_gone_after(self, stage: str, alert: UUID) -> bool:
        """True when he does nothing more here, from this stage on.

        He never had it on his screen, or that screen is gone, or it stays there and he sleeps.
        """
        if self._vanishes.get(alert) != stage:
            return False
        self.world.saw({"takes": "vanishes", "dozes": "dozes"}.get(stage, f"screen gone, {stage}"))
        self.world.say(f"{self.actor.name} vanishes")
        if stage == "dozes":
            self.world.at(DOZES_S, lambda: self._watched.discard(alert))
        elif stage != "takes":
            self._watched.discard(alert)
            self._gone_until = self.world.now + timedelta(seconds=GONE_S)
            self.world.at(GONE_S, self.nudged)
        return True

    def _sign(self) -> None:
        """His screen is there, while something is on it."""
        if self._watched:
            self._do("", lambda s, now: acts.give_sign(s, self.actor.name, now))
            self.world.at(SIGNS_APART_S, self._sign)

    def _verify(self, alert: UUID) -> None:
        found = self.world.rng.choice((Verified.DANGER, Verified.SILENT, Verified.SAFE_VOICE))
        done = self._do(
            f"finds {found.value}", lambda s, now: acts.verify(s, self.actor, alert, found, now)
        )
        if done is None:
            self._watched.discard(alert)
        elif self._is_gone_after("verifies", alert):
            return
        elif found is Verified.SAFE_VOICE:
            self._later(20, lambda: self._close(alert, Outcome.ACCIDENTAL))
        elif not self._is_gone_after("dozes", alert):
            self._later(10, lambda: self._request(alert))

    def _request(self, alert: UUID) -> None:
        done = self._do(
            "asks for the police",
            lambda s, now: acts.request_intervention(s, self.actor, alert, now),
        )
        if done is None:
            self._watched.discard(alert)
        elif self._is_gone_after("asks", alert):
            return
        elif self.world.rng.random() < 0.3:
            self._later(30, lambda: self._release(alert))
        else:
            self._later(300, lambda: self._close(alert, Outcome.MADE_SAFE))

    def _release(self, alert: UUID) -> None:
        self._watched.discard(alert)
        self._do("gives it back", lambda s, now: acts.release(s, self.actor, alert, now))

    def _close(self, alert: UUID, outcome: Outcome) -> None:
        closed = self._do(
            "closes it", lambda s, now: acts.close(s, self.actor, alert, outcome, REASON, now)
        )
        if closed is None or closed.state == "closed":
            self._watched.discard(alert)
        else:
            self._later(60, lambda: self._countersign(alert))

    def _countersign(self, alert: UUID) -> None:
        self._watched.discard(alert)
        self._do("and Salima countersigns", lambda s, now: acts.countersign(s, SALIMA, alert, now))

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        self.world.at(self.world.rng.uniform(seconds / 4, seconds), do)

    def _do(self, what: str, do: Callable[[Session, Any], Any]) -> Any:
        """One act; a refusal is the rule's word, a record that is away is seen on the screen."""
        if self.world.now < self._gone_until:
            return None
        self.world.on("console")
        try:
            done = self.world.act(lambda s: do(s, self.world.clock_of_host()))
        except Refusal as refusal:
            self.world.saw(f"{type(refusal).__name__}")
            return None
        except (RecordAway, SQLAlchemyError):
            return None
        if done is not None:
            self.world.say(f"{self.actor.name} {what}")
        return done


def relieve(world: World) -> None:
    """The next shift: Salima takes over what was left open, whoever had it, and Sonia signs too."""
    world.on("console")
    for row in world.ground.rows("SELECT id FROM alert WHERE state <> 'closed' ORDER BY number"):
        for act in (_taken, _found_safe, _closed, _signed):
            try:
                world.act(lambda s, act=act, one=row.id: act(s, SALIMA, one, world.now))
            except Refusal as refusal:  # it is hers, verified, or closed already
                world.saw(f"{type(refusal).__name__}")
        world.say("Salima closes what was left open")


def _taken(session: Session, actor: Actor, alert: UUID, now: datetime) -> None:
    acts.take(session, actor, alert, now, reason="Relève de fin de nuit")


def _found_safe(session: Session, actor: Actor, alert: UUID, now: datetime) -> None:
    acts.verify(session, actor, alert, Verified.SAFE_VOICE, now)


def _closed(session: Session, actor: Actor, alert: UUID, now: datetime) -> None:
    lane = session.get_one(Alert, alert).lane
    outcome = Outcome.TEST if lane == Lane.TEST else Outcome.ACCIDENTAL
    acts.close(session, actor, alert, outcome, REASON, now)


def _signed(session: Session, _: Actor, alert: UUID, now: datetime) -> None:
    acts.countersign(session, SONIA, alert, now)
