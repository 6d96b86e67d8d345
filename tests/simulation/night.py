"""A whole night from one integer: bad hours, healing that does not heal everything, grace, and the
quiet hours until the end of the shift, in which nothing may be forgotten either.

`live(seed)` raises PromiseBroken with the story of the night, or gives what was met in it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from dispatch.policy import Policy
from tests.rules.night_of_plans import EXAMPLE
from tests.simulation.dispatchers import SLOW_POLL_S, Dispatcher
from tests.simulation.faults import Faults, draw
from tests.simulation.ground import Ground
from tests.simulation.house import Gateway
from tests.simulation.peers import ControlRoom, Platform, Telephone
from tests.simulation.people import (
    BERTA,
    BRUNO,
    Console,
    Phone,
    dora_writes,
    give_handsets,
    relieve,
)
from tests.simulation.world import World
from tgd.store import nudges


@dataclass(frozen=True, slots=True)
class Length:
    """How long each part lasts, and how often each handset is pressed in it."""

    bad_s: float = 480.0
    grace_s: float = 300.0
    presses: tuple[int, ...] = (1, 1, 1, 2)
    quiet_s: float = 0.0
    """With what lasts of the faults, and a relief that closes what was left open."""
    quiet_presses: int = 3

    @property
    def hours(self) -> float:
        """One round of all."""
        return (self.bad_s + self.grace_s + self.quiet_s) / 3600


RELIEF_S = 600.0
"""Long enough to close what is open, by hand."""
ROUND_S = 1800.0
"""How often the supervisor asks for what is still open: an alert that stays open for hours teaches
nothing new, and each minute of it is looked at."""
REPAIRED_AFTER = 1
"""Rounds until somebody has repaired what lasted: beyond half an hour each one is like the last."""
QUIET_END_S = 3600.0
"""Before the end nobody presses any more, so that each press can be judged."""
EVENING = Length()
"""Only the bad time and the grace."""
WHOLE = Length(quiet_s=12.5 * 3600 - EVENING.bad_s - EVENING.grace_s)
"""Twelve hours and a half: a shift of operators with its hand-over."""


@dataclass
class Night:
    """Everybody in a night."""

    world: World
    gateways: list[Gateway]
    dispatchers: list[Dispatcher]
    phones: list[Phone]
    policy: Policy
    length: Length = EVENING

    def heal(self) -> None:
        """The bad hours are over; what was drawn as lasting stays."""
        world = self.world
        world.faults = world.faults.healed()
        world.cuts.clear()
        world.healed_at = world.now
        world.say(f"the bad hours are over; what lasts: {world.faults.named()}")
        for dispatcher in self.dispatchers:
            dispatcher.frozen_until = world.t
            dispatcher.wake(0.0)
        self.bury()

    def bury(self) -> None:
        """One gateway, one dispatcher may be gone for ever."""
        for is_dead, host in (
            (self.world.faults.dead_gateway, self.gateways[1]),
            (self.world.faults.dead_dispatcher, self.dispatchers[1]),
        ):
            if is_dead and host.is_up:
                self.world.saw(f"{host.name} is gone for ever")
                if isinstance(host, Dispatcher) or not host.spool.waiting():
                    host.die(1e9)


def make(world: World, policy: Policy = EXAMPLE, handsets: int = 0) -> Night:
    """Everybody in place, at eight in the evening; call it inside `playing`."""
    world.ground.clear()
    quiet, world.faults = world.faults, Faults()
    gateways = [Gateway(world, f"gateway-{n}") for n in (1, 2)]
    world.spooled = lambda: set().union(*(g.spooled() for g in gateways))
    world.named = lambda: set().union(*(g.named() for g in gateways))
    phones = give_handsets(world, gateways, handsets or world.rng.choice((1, 1, 2)))
    dispatchers: list[Dispatcher] = []
    peers = _peers(world, dispatchers)
    dispatchers += [Dispatcher(world, f"dispatcher-{n}", policy, peers) for n in (1, 2)]
    for one in dispatchers:
        one.others = [other for other in dispatchers if other is not one]
    world.on_nudge.append((nudges.DISPATCH, lambda: nudge(world, dispatchers)))
    for gateway, dispatcher in zip(gateways, dispatchers, strict=True):
        _on_one_host(world, gateway, dispatcher)
    for actor in (BRUNO, BERTA):
        Console(world, actor)
    world.faults = quiet
    return Night(world, gateways, dispatchers, phones, policy)


def _on_one_host(world: World, gateway: Gateway, dispatcher: Dispatcher) -> None:
    """One looks into the other's spool, and both see when the record goes."""
    gateway.mailbox.on_kept = lambda: dispatcher.side.look_soon()
    for see in (gateway.record_went, dispatcher.record_went):
        world.on_cut.append(("record", see))
    for channel in (nudges.DISPATCH, nudges.CONSOLE):
        world.on_nudge.append((channel, lambda: dispatcher.side.something_changed()))


def nudge(world: World, dispatchers: list[Dispatcher]) -> None:
    """NOTIFY wakes all; the first wins the claim, so only he is played. The others poll slowly."""
    first = world.rng.choice(dispatchers)
    for dispatcher in dispatchers:
        if dispatcher is first:
            dispatcher.nudged()
        elif not first.answers():
            dispatcher.wake(SLOW_POLL_S)


def _peers(world: World, dispatchers: list[Dispatcher]) -> dict[str, object]:
    def say(destination: str, said: object) -> str:
        alive = [d for d in dispatchers if d.is_up]
        return world.rng.choice(alive).hear(destination, said) if alive else "again"

    peers = [
        Platform(world, "platform", say), Platform(world, "platform-second", say),
        Telephone(world, "supervisor", say), Telephone(world, "supervisor-sms", say, text=True),
        ControlRoom(world, "control-room-92", say), Telephone(world, "control-room-92-line", say),
    ]  # fmt: skip
    return {peer.name: peer for peer in peers}


def live(
    seed: int, ground: Ground, faults: Faults | None = None, hours: float = 0.0,
    length: Length = EVENING,
) -> World:  # fmt: skip
    """One seed, from the evening to the judgement; `hours` repeats it with new faults each time.

    Raises PromiseBroken.
    """
    chance = Random(seed)
    drawn = draw(chance) if faults is None else faults
    world = World(seed, ground, drawn)
    world.length_asked = (" --whole" if length is WHOLE else "") + (
        f" --hours {hours:g}" if hours else ""
    )
    with world.playing():
        night = make(world)
        night.length = length
        try:
            _play(night, drawn, hours)
        finally:
            for gateway in night.gateways:
                gateway.spool.close()
    return world


def _play(night: Night, drawn: Faults, hours: float) -> None:
    world = night.world
    for number in range(max(1, round(hours / night.length.hours))):
        world.faults = world.drawn = drawn if number == 0 else drawn_again(world.seed, number)
        _bad_hour(night)
        world.run(night.length.bad_s)
        night.heal()
        world.run(night.length.grace_s)
        _judge(world)
        if night.length.quiet_s:
            _quiet_hours(night)
            _judge(world)


def _judge(world: World) -> None:
    platform = None if world.faults.platform else "platform"
    world.judge(platform, None if world.faults.room_deaf else "control-room-92")


def _quiet_hours(night: Night) -> None:
    """Hours in which hardly anything happens: a press now and then, and people who answer."""
    world, length = night.world, night.length
    world.faults = replace(world.faults, nobody=False, vanishes=0.0)
    relieve(world)
    for _ in range(length.quiet_presses):
        phone = world.rng.choice(night.phones)
        world.at(world.rng.uniform(0, length.quiet_s - QUIET_END_S), lambda p=phone: p.press())
    for number, seconds in enumerate(_rounds(length.quiet_s - RELIEF_S)):
        if number == REPAIRED_AFTER:
            world.faults, world.healed_at = Faults(), world.now
            world.say("what lasted is repaired; who is dead stays dead")
        world.run(seconds)
        relieve(world)
    world.run(RELIEF_S)
    left = world.ground.rows("SELECT count(*) AS n FROM alert WHERE state <> 'closed'")[0].n
    if left:
        world.broken(f"{left} alerts are still open although people answer for hours")


def _rounds(seconds: float) -> list[float]:
    """How long from one round of the supervisor through the room to the next, until the end."""
    whole, rest = divmod(seconds, ROUND_S)
    return [ROUND_S] * int(whole) + [rest]


def drawn_again(seed: int, number: int) -> Faults:
    """The next bad hour of a long night has faults of its own."""
    return draw(Random(seed * 1000 + number))


def _bad_hour(night: Night) -> None:
    """When what happens in the bad hour: presses, strangers, cuts, steps of clocks."""
    world, faults = night.world, night.world.faults
    chance, bad_s = world.rng, night.length.bad_s
    world.healed_at = None
    for phone in night.phones:
        for _ in range(chance.choice(night.length.presses)):
            kind = "test" if chance.random() < 0.1 else "press"
            world.at(chance.uniform(0, bad_s), lambda p=phone, k=kind: p.press(k))
    if chance.random() < 0.3:
        world.at(chance.uniform(0, bad_s), lambda: dora_writes(world, night.gateways))
    _cut(world, "mqtt", faults.mqtt_cut, bad_s)
    _cut(world, "sms", faults.sms_cut, bad_s)
    _cut(world, "record", faults.record_away, bad_s)
    _cut(world, "disk", faults.spool_refuses, bad_s)
    if faults.dead_gateway or faults.dead_dispatcher:
        world.at(chance.uniform(0, bad_s), night.bury)
    if faults.clock_step_s:
        host = chance.choice((*night.gateways, *night.dispatchers)).name
        world.at(chance.uniform(0, bad_s), lambda: step(night, host))
    if faults.policy_changes:
        world.at(chance.uniform(0, bad_s), lambda: _change_policy(night))


def _cut(world: World, what: str, share: float, bad_s: float) -> None:
    """Away for this share of the hour, in three pieces."""
    for _ in range(3 if share else 0):
        begins, lasts = world.rng.uniform(0, bad_s), bad_s * share / 3
        world.at(begins, _said(world, f"no {what} for {lasts:.0f} s", world.cut, what))
        world.at(min(begins + lasts, bad_s), _said(world, f"{what} is back", world.mend, what))


def _said(world: World, words: str, do: Callable[[str], None], what: str) -> Callable[[], None]:
    def done() -> None:
        do(what)
        world.say(words)

    return done


def step(night: Night, host: str) -> None:
    """This host's clock is wrong from now on, and its dispatchers look at it."""
    world = night.world
    world.saw("clock_step_s")
    world.offsets[host] += int(world.faults.clock_step_s)
    world.say(f"the clock of {host} steps by {world.faults.clock_step_s / 3600:+.0f} h")
    for dispatcher in night.dispatchers:
        dispatcher.wake(1.0)


def _change_policy(night: Night) -> None:
    """The dispatchers are started again with a destination less, and later with it."""
    less = night.policy.model_copy(
        update={
            "destinations": tuple(
                d for d in night.policy.destinations if d.name != "platform-second"
            ),
            "steps": tuple(s for s in night.policy.steps if s.tell != ("platform-second",)),
        }
    )
    night.world.saw("policy_changes")
    for policy, seconds in ((less, 0.0), (night.policy, 200.0)):
        for dispatcher in night.dispatchers:
            night.world.at(seconds, lambda d=dispatcher, p=policy: _with_policy(d, p))


def _with_policy(dispatcher: Dispatcher, policy: Policy) -> None:
    dispatcher.policy = policy
    if dispatcher.is_up:
        dispatcher.die(2.0)
