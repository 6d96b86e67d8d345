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
from tests.simulation.faults import PLATFORM_MODES, Faults
from tests.simulation.ground import Ground
from tests.simulation.world import World

pytestmark = pytest.mark.timeout(900)
GRACE_S = 300.0
IN_CI = settings(
    max_examples=int(os.environ.get("TGD_TEST_STORIES", "12")), stateful_step_count=8,
    deadline=None, derandomize=True, database=None, print_blob=False,
    suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
)  # fmt: skip


class Story(RuleBasedStateMachine):
    """What may happen in a story, one sentence each."""

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
        self.night.phones[who].press(kind)

    @rule(seconds=st.sampled_from((1, 15, 60, 200)))
    def time_passes(self, seconds: int) -> None:
        """Nothing else happens for a while."""
        self.world.run(seconds)

    @rule(what=st.sampled_from(("mqtt", "sms", "record", "disk")))
    def is_cut_off(self, what: str) -> None:
        """A network, the record or the spool's disk goes away; the next time, it is back."""
        change = self.world.mend if what in self.world.cuts else self.world.cut
        change(what)
        self.world.say(f"{what} {'goes' if what in self.world.cuts else 'is back'}")

    @rule(mode=st.sampled_from((None, *PLATFORM_MODES)))
    def the_platform_becomes(self, mode: str | None) -> None:
        """The platform misbehaves for ever, or is well again."""
        self._change(platform=mode)

    @precondition(lambda self: not self.world.faults.telephone_dead)
    @rule(deaf=st.booleans())
    def the_room_is_deaf(self, deaf: bool) -> None:
        """The control room's hub takes nothing."""
        self._change(room_deaf=deaf)

    @rule()
    def nobody_is_there(self) -> None:
        """Every chair is empty."""
        self._change(nobody=True)

    @rule(which=st.sampled_from((0, 1)))
    def a_gateway_dies(self, which: int) -> None:
        """Killed; somebody starts it again."""
        if self.night.gateways[which].is_up:
            self.night.gateways[which].die(5.0)

    @rule(which=st.sampled_from((0, 1)))
    def a_dispatcher_dies(self, which: int) -> None:
        """Killed; somebody starts it again."""
        if self.night.dispatchers[which].is_up:
            self.night.dispatchers[which].die(5.0)

    @rule(loss=st.sampled_from((0.0, 0.6)), ambiguous=st.sampled_from((0.0, 0.4)))
    def things_get_worse(self, loss: float, ambiguous: float) -> None:
        """Messages are lost; commits happen and say that they failed."""
        self._change(loss=loss, ambiguous=ambiguous)

    def _change(self, **faults: Any) -> None:
        lasting = self.world.faults.lasting | {"platform", "room_deaf", "nobody"}
        self.world.faults = replace(self.world.faults, lasting=frozenset(lasting), **faults)
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
