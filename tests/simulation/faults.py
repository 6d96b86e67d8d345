"""What can go wrong in a night, drawn from its seed: swarm, so that worlds differ in kind.

Each fault is absent in about half of the seeds. When the bad hours end, most are healed; those
drawn into `lasting` stay for ever, and the service has to cope with them.
"""

from dataclasses import dataclass, field, replace
from random import Random

HOUR = 3600.0
PLATFORM_MODES = ("deaf", "lying", "slow", "refuses", "breaks", "later")
"""deaf: silence. lying: a 200 that confirms nothing, and nothing kept. slow: kept, and its answer
comes too late. refuses: 400. breaks: 500. later: 202, and the acknowledgement by the other way."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How likely each fault is; zero or None when this night has none of it."""

    loss: float = 0.0
    repetition: float = 0.0
    delay_s: float = 0.0
    """The longest delay of a message; different delays also change the order."""
    mqtt_cut: float = 0.0
    """Share of the bad hours in which no handset reaches us by MQTT."""
    sms_cut: float = 0.0
    crash: float = 0.0
    """Chance at each passage of a kill point."""
    frozen: float = 0.0
    """Chance that a dispatcher stops in the middle of telling, and wakes up a minute later."""
    record_refuses: float = 0.0
    """Chance that a transaction cannot begin or cannot commit."""
    record_away: float = 0.0
    """Share of the bad hours without a record."""
    ambiguous: float = 0.0
    """Chance that a commit happens and says that it failed."""
    spool_refuses: float = 0.0
    """Share of the bad hours in which the spool's disk is full."""
    nudge_lost: float = 0.0
    platform: str | None = None
    second_deaf: bool = False
    room_deaf: bool = False
    room_mute: float = 0.0
    """Chance that the control room has it and acknowledges nothing."""
    telephone_dead: bool = False
    answer_lost: float = 0.0
    """Chance that what a destination says by itself is lost on its way, or said twice."""
    clock_step_s: float = 0.0
    """By how much the clocks of single hosts step in the bad hours."""
    vanishes: float = 0.0
    """Chance that an operator who took an alert does nothing more."""
    nobody: bool = False
    """No operator is at the console, no human picks up."""
    policy_changes: bool = False
    """A destination is taken out of the policy, and comes back."""
    dead_gateway: bool = False
    dead_dispatcher: bool = False
    lasting: frozenset[str] = field(default_factory=frozenset)

    def named(self) -> dict[str, object]:
        """The faults that this night has, for a human."""
        pairs = {name: getattr(self, name) for name in self.__slots__}
        shown = {n: v for n, v in pairs.items() if v and n != "lasting"}
        return shown | {"lasting": sorted(self.lasting)}

    def healed(self) -> "Faults":
        """What is left when the bad hours are over."""
        kept = {name: getattr(self, name) for name in self.lasting}
        return replace(Faults(), **kept, lasting=self.lasting)


NONE = Faults()
MAY_LAST = ("platform", "second_deaf", "nobody", "nudge_lost", "dead_gateway", "dead_dispatcher",
            "vanishes", "room_mute")  # fmt: skip


def draw(chance: Random) -> Faults:
    """The faults of one seed."""

    def perhaps(most: float) -> float:
        return chance.uniform(most / 10, most) if chance.random() < 0.5 else 0.0

    def sometimes(share: float = 0.3) -> bool:
        return chance.random() < share

    faults = Faults(
        loss=perhaps(0.5),
        repetition=perhaps(0.3),
        delay_s=perhaps(40.0),
        mqtt_cut=perhaps(0.7),
        sms_cut=perhaps(0.7),
        crash=perhaps(0.06),
        frozen=perhaps(0.1),
        record_refuses=perhaps(0.15),
        record_away=perhaps(0.4),
        ambiguous=perhaps(0.15),
        spool_refuses=perhaps(0.5),
        nudge_lost=perhaps(0.5),
        platform=chance.choice(PLATFORM_MODES) if sometimes(0.6) else None,
        second_deaf=sometimes(),
        room_deaf=sometimes(),
        room_mute=perhaps(0.6),
        telephone_dead=sometimes(),
        answer_lost=perhaps(0.4),
        clock_step_s=chance.choice((-2, 2, 26)) * HOUR if sometimes() else 0.0,
        vanishes=perhaps(0.8),
        nobody=sometimes(0.2),
        policy_changes=sometimes(0.2),
        dead_gateway=sometimes(0.2),
        dead_dispatcher=sometimes(0.2),
    )
    lasting = {name for name in MAY_LAST if sometimes(0.5)}
    # one of the two ways to humans outside may be dead for ever, never both
    lasting.add(chance.choice(("room_deaf", "telephone_dead")))
    return replace(faults, lasting=frozenset(lasting))
