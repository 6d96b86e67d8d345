"""Those who are told, in a simulated night: platforms, the telephone, the control room.

Each keeps a ledger of its own, answers as its protocol does, and can misbehave.
"""

from collections.abc import Callable
from itertools import count

from dispatch.formats.answers_in import AnswerSaid, NotReached
from dispatch.telling import Answer, Later, Received, Refused, Sent, Telling, Topic
from tests.evidence import Noted
from tests.simulation.world import World

Back = Callable[[Answer], None]
Say = Callable[[str, AnswerSaid | NotReached], str]
REASON = "Patrouille sur place, personne en sécurité"


class _Peer:
    """What every destination has: a name, a ledger, and a voice of its own."""

    def __init__(self, world: World, name: str, say: Say) -> None:
        self.world, self.name, self._say = world, name, say
        self._numbers = count(1)
        self._seen: set[str] = set()

    def _keeps(self, telling: Telling) -> bool:
        """Into the ledger, once per key; False for what it had already."""
        if telling.key in self._seen:
            self.world.saw("repeated at a destination")
            return False
        self._seen.add(telling.key)
        book = self.world.ledgers.setdefault(self.name, [])
        book.append(Noted(telling.alert, telling.topic.value, telling.key, self.world.now))
        return True

    def _rings(self, telling: Telling) -> None:
        noted = Noted(telling.alert, telling.topic.value, telling.key, self.world.now)
        self.world.rung.append(noted)
        self.world.say(f"{self.name} rings for {telling.reference}")

    def _answers(self, seconds: float, said: AnswerSaid | NotReached) -> None:
        """It says something by itself, until somebody here has heard it; or it is lost."""
        self.world.at(seconds, lambda: self._try_to_say(said))

    def _try_to_say(self, said: AnswerSaid | NotReached) -> None:
        if self.world.chance(self.world.faults.answer_lost / 2):
            self.world.saw("answer_lost")
            return
        heard = self._say(self.name, said)
        word = getattr(said, "state", "not reached")
        if heard == "again":
            self.world.at(self.world.rng.uniform(1, 5), lambda: self._try_to_say(said))
        elif heard == "ok":
            self.world.say(f"{self.name} says {word}")
            if self.world.chance(self.world.faults.answer_lost / 2):
                self.world.saw("answer twice")
                self.world.at(self.world.rng.uniform(1, 60), lambda: self._try_to_say(said))

    def _said(self, telling: Telling, state: str, by: str | None = None) -> AnswerSaid:
        closes = {"outcome": "made_safe", "reason": REASON} if state == "closed" else {}
        return AnswerSaid(id=f"{self.name}-{next(self._numbers)}", key=telling.key,
                          alert=telling.alert, state=state, by=by, **closes)  # fmt: skip

    def _fails(self, telling: Telling, why: str) -> NotReached:
        return NotReached(f"{self.name}-{next(self._numbers)}", telling.key, telling.alert, why)


class Platform(_Peer):
    """A telemonitoring platform; its agents sometimes take an alert and end it."""

    def tell(self, telling: Telling, back: Back) -> None:
        """One request."""
        mode = self._mode()
        if mode is not None:
            self.world.saw(f"{self.name} {mode}")
        if mode in ("deaf", "lying", "refuses", "breaks"):
            answers: dict[str, Answer] = {
                "lying": Sent(10.0, "unconfirmed"), "refuses": Refused("http_400"),
                "breaks": Later("http_500"),
            }  # fmt: skip
            if mode in answers:
                self.world.at(0.1, lambda: back(answers[mode]))
            return
        is_new = self._keeps(telling)
        if mode == "slow":
            return
        if mode == "later":
            self._answers(self.world.rng.uniform(0.5, 15), self._said(telling, "received"))
        answer: Answer = Sent(10.0, "accepted") if mode == "later" else Received("received")
        self.world.send("destinations", lambda: back(answer))
        if is_new and telling.topic is Topic.OPENED and self.name == "platform":
            self._agent(telling)

    def _mode(self) -> str | None:
        if self.name == "platform":
            return self.world.faults.platform
        return "deaf" if self.world.faults.second_deaf else None

    def _agent(self, telling: Telling) -> None:
        if telling.lane == "test" or self.world.faults.nobody or not self.world.rng.random() < 0.25:
            return
        self._answers(self.world.rng.uniform(5, 90), self._said(telling, "taken", "agent-7"))
        if self.world.rng.random() < 0.5:
            self._answers(
                self.world.rng.uniform(100, 400), self._said(telling, "closed", "agent-7")
            )


class Telephone(_Peer):
    """A telephone: it rings, somebody presses 1 or does not; a text arrives or does not."""

    def __init__(self, world: World, name: str, say: Say, *, text: bool = False) -> None:
        super().__init__(world, name, say)
        self._is_text = text

    def tell(self, telling: Telling, back: Back) -> None:
        """One call or one text."""
        if telling.lane == "test":
            self.world.broken(f"{self.name} was told of a test")
        if self.world.faults.telephone_dead:
            self.world.saw("telephone_dead")
            self.world.at(0.2, lambda: back(Later("http_503")))
            return
        self._rings(telling)
        within = 60.0 if self._is_text else 45.0
        self.world.send("destinations", lambda: back(Sent(within, "sent", "CA1")))
        if self._is_text:
            self._keeps(telling)
            self._answers(self.world.rng.uniform(2, 20), self._said(telling, "received"))
        elif not self.world.faults.nobody and self.world.rng.random() < 0.5:
            self._keeps(telling)
            self._answers(self.world.rng.uniform(8, 40), self._said(telling, "taken"))
        else:
            self._answers(self.world.rng.uniform(25, 40), self._fails(telling, "no-answer"))


class ControlRoom(_Peer):
    """A control room behind a hub: the machine acknowledges, then a human takes, a patrol goes."""

    def tell(self, telling: Telling, back: Back) -> None:
        """One message by the hub."""
        if telling.lane == "test":
            self.world.broken(f"{self.name} was told of a test")
        if self.world.faults.room_deaf:
            self.world.saw("room_deaf")
            return
        self._rings(telling)
        is_new = self._keeps(telling)
        self.world.send("destinations", lambda: back(Sent(20.0, "sent")))
        if self.world.chance(self.world.faults.room_mute):
            self.world.saw("room_mute")
            return
        self._answers(self.world.rng.uniform(0.5, 5), self._said(telling, "received"))
        if is_new and telling.topic in (Topic.OPENED, Topic.REQUESTED):
            self._humans(telling)

    def _humans(self, telling: Telling) -> None:
        chance = self.world.rng
        if self.world.faults.nobody or chance.random() < 0.3:
            return
        at = chance.uniform(10, 90)
        self._answers(at, self._said(telling, "taken", "cic-3"))
        if chance.random() < 0.8:
            at += chance.uniform(60, 300)
            self._answers(at, self._said(telling, "on_scene", "cic-3"))
            self._answers(at + chance.uniform(30, 200), self._said(telling, "closed", "cic-3"))
