"""Nights whose plot is found by Hypothesis: a promise that breaks shrinks to a few sentences.

The plot is drawn step by step; all noise (delays, who is woken, what humans do) comes from one
integer, so that long unhappy nights cost no choices and shrink well.
"""

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.simulation import night
from tests.simulation.dispatchers import Dispatcher
from tests.simulation.faults import HOUR, PLATFORM_MODES, Faults
from tests.simulation.ground import Ground
from tests.simulation.house import Gateway
from tests.simulation.world import World

pytestmark = pytest.mark.timeout(900)
GRACE_S = 300.0
LASTS = {"platform", "room_deaf", "nobody", "nudge_lost", "vanishes"}
AWAY = {
    "mqtt": "The handsets' network",
    "sms": "The SMS provider",
    "record": "The record",
    "disk": "The spool's disk",
}
PLATFORM = {
    None: "well", "deaf": "deaf", "lying": "lying", "slow": "slow to answer",
    "refuses": "refusing everything", "breaks": "broken", "later": "answering later",
}  # fmt: skip
IN_CI = settings(
    max_examples=int(os.environ.get("TGD_TEST_STORIES", "12")), stateful_step_count=8,
    deadline=None, derandomize=True, database=None, print_blob=False,
    suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
)  # fmt: skip


class Story(RuleBasedStateMachine):
    """What may happen in a story, one sentence each, told with the lines of the night."""

    ground: ClassVar[Ground]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()

    @initialize(noise=st.integers(0, 2**16))
    def the_night_begins(self, noise: int) -> None:
        """Two handsets, two gateways, two dispatchers, nothing wrong yet."""
        self.world = World(noise, self.ground, Faults())
        self._stack.enter_context(self.world.playing())
        self.night = night.make(self.world, handsets=2)
        for gateway in self.night.gateways:
            self._stack.callback(lambda g=gateway: g.spool.close())

    @rule(who=st.sampled_from((0, 1)), kind=st.sampled_from(("press", "press", "press", "test")))
    def presses(self, who: int, kind: str) -> None:
        """Ana or Bella presses."""
        self._tell(f"{self.night.phones[who].name} presses{' a test' if kind == 'test' else ''}.")
        self.night.phones[who].press(kind)

    @rule(seconds=st.sampled_from((1, 15, 60, 200)))
    def time_passes(self, seconds: int) -> None:
        """Nothing else happens for a while."""
        self._tell(f"{seconds} s pass.")
        self.world.run(seconds)

    @rule(what=st.sampled_from(tuple(AWAY)))
    def is_cut_off(self, what: str) -> None:
        """A network, the record or the spool's disk goes away; the next time, it is back."""
        change = self.world.mend if what in self.world.cuts else self.world.cut
        change(what)
        is_away = what in self.world.cuts
        self._tell(f"{AWAY[what]} {'goes away' if is_away else 'is back'}.")

    @rule(mode=st.sampled_from((None, *PLATFORM_MODES)))
    def the_platform_becomes(self, mode: str | None) -> None:
        """The platform misbehaves for ever, or is well again."""
        self._tell(f"The platform is {PLATFORM[mode]}.")
        self._change(platform=mode)

    @precondition(lambda self: not self.world.faults.telephone_dead)
    @rule(deaf=st.booleans())
    def the_room_is_deaf(self, deaf: bool) -> None:
        """The control room's hub takes nothing."""
        self._tell(f"The control room's hub {'takes nothing' if deaf else 'works'}.")
        self._change(room_deaf=deaf)

    @rule()
    def nobody_is_there(self) -> None:
        """Every chair is empty."""
        self._tell("Every chair is empty.")
        self._change(nobody=True)

    @rule(which=st.sampled_from((0, 1)))
    def a_gateway_dies(self, which: int) -> None:
        """Killed; somebody starts it again."""
        self._kill(self.night.gateways[which])

    @rule(which=st.sampled_from((0, 1)))
    def a_dispatcher_dies(self, which: int) -> None:
        """Killed; somebody starts it again."""
        self._kill(self.night.dispatchers[which])

    @rule(loss=st.sampled_from((0.0, 0.6)), ambiguous=st.sampled_from((0.0, 0.4)))
    def things_get_worse(self, loss: float, ambiguous: float) -> None:
        """Messages are lost; commits happen and say that they failed."""
        self._tell(f"{loss:.0%} of messages are lost, {ambiguous:.0%} of commits say they failed.")
        self._change(loss=loss, ambiguous=ambiguous)

    @precondition(lambda self: not any(self.world.offsets.values()))
    @rule(which=st.integers(0, 3), hours=st.sampled_from((2, -2)))
    def a_clock_steps(self, which: int, hours: int) -> None:
        """One host is wrong from now on; two that are wrong at once are no promise of ours."""
        host = (*self.night.gateways, *self.night.dispatchers)[which]
        self._tell(f"The clock of {host.name} steps by {hours:+d} h.")
        self._change(clock_step_s=hours * HOUR)
        night.step(self.night, host.name)

    @rule(lost=st.sampled_from((1.0, 0.0)))
    def nudges_are_lost(self, lost: float) -> None:
        """Who waits to be woken finds what is new by looking himself."""
        self._tell(f"{'Every nudge is lost' if lost else 'Nudges arrive again'}.")
        self._change(nudge_lost=lost)

    @rule()
    def whoever_takes_vanishes(self) -> None:
        """From now on an operator takes an alert and is gone, at once or a step later."""
        self._tell("Whoever takes an alert vanishes.")
        self._change(vanishes=1.0)

    def _kill(self, host: Gateway | Dispatcher) -> None:
        self._tell(f"{host.name} dies.")
        if host.is_up:
            host.die(5.0)

    def _tell(self, sentence: str) -> None:
        self.world.say(sentence)

    def _change(self, **faults: Any) -> None:
        lasting = self.world.faults.lasting | LASTS
        self.world.faults = replace(self.world.faults, lasting=lasting, **faults)
        self.world.drawn = self.world.faults

    def teardown(self) -> None:
        """Heal, but not everything; then everybody's promise is due."""
        with self._stack:
            if hasattr(self, "night"):
                self.night.heal()
                self.world.run(GRACE_S)
                faults = self.world.faults
                self.world.judge(
                    None if faults.platform else "platform",
                    None if faults.room_deaf else "control-room-92",
                )


def test_whatever_the_story_every_promise_is_kept(ground: Ground) -> None:
    """A few stories of eight sentences in CI; TGD_TEST_STORIES=1000 tells more."""
    Story.ground = ground
    run_state_machine_as_test(Story, settings=IN_CI)
