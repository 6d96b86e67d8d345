"""What a campaign must have met, or it has shown nothing: each fault, and each line of the plan."""

import linecache
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from dispatch import owning, routing, turn
from tests.simulation.faults import PLATFORM_MODES

FAULTS = {
    "loss", "repetition", "delay_s", "mqtt_cut", "sms_cut", "crash", "frozen", "record_refuses",
    "record_away", "ambiguous", "spool_refuses", "nudge_lost", "platform-second deaf",
    "room_deaf", "room_mute", "telephone_dead", "answer_lost", "clock_step_s", "vanishes",
    "screen gone, verifies", "screen gone, asks", "dozes", "nobody", "policy_changes",
    *(f"platform {mode}" for mode in PLATFORM_MODES),
}  # fmt: skip
ROADS = {
    "sms", "spooled", "drained", "nothing keeps", "receipt from record", "receipt from spool",
    "told blind", "adopted", "answer kept without the record", "kept answer heard",
    "ledger_refuses", "told again", "repeated at a destination", "ghost", "freed", "answer twice",
    "gateway-2 is gone for ever", "dispatcher-2 is gone for ever",
}  # fmt: skip


def not_met(met: Counter[str]) -> set[str]:
    """Which fault or road the campaign has never seen."""
    return {name for name in all_names() if not met[name]}


def all_names() -> set[str]:
    """Every fault and every road."""
    return FAULTS | ROADS


PLANS = frozenset({str(routing.__file__), str(owning.__file__)})
UNREACHED: dict[str, str] = {
    # "source line of a file of the plan": "why no night comes here"
    "return Plan()": "a canary is born closed with nothing due: it is never claimed",
    "return isinstance(destination, HEARS_EXERCISES) and destination.lane_exercise":
        "nobody announces an exercise in a night yet: tests/acts and tests/rules do",
}  # fmt: skip


class Lines:
    """Which lines of the plan were run: the situations are kept, and planned again under a trace.

    Tracing every night would double its time; situations repeat, so few are planned again.
    """

    def __init__(self) -> None:
        self._situations: dict[Any, tuple[Any, ...]] = {}

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep one of each kind of situation that production plans in meanwhile."""
        right = turn.plan

        def plan(alert: Any, deliveries: Any, policy: Any, now: Any) -> Any:
            made = right(alert, deliveries, policy, now)
            kind = (
                alert.state, alert.lane, alert.owner is None, alert.owner_seen_at is None,
                alert.verified, alert.waits > 0, alert.updates > 0,
                frozenset((d.destination, d.topic, d.state, d.next_try_at is None)
                          for d in deliveries),
                len(made.tell), len(made.again), len(made.withdraw), made.lapse,
                len(policy.destinations),
                alert.closed_at is not None and now > alert.closed_at + routing.CLOSED_NOTICE_FOR,
            )  # fmt: skip
            self._situations.setdefault(kind, (alert, list(deliveries), policy, now))
            return made

        turn.plan = plan
        try:
            yield
        finally:
            turn.plan = right

    def never_run(self) -> set[str]:
        """The lines of the plan that no situation of the campaign came to."""
        return all_lines() - self.run()

    def run(self) -> set[str]:
        """The lines of the plan that some situation came to."""
        run: set[tuple[str, int]] = set()

        def trace(frame: FrameType, _: str, __: Any) -> Any:
            if frame.f_code.co_filename not in PLANS:
                return None
            run.add((frame.f_code.co_filename, frame.f_lineno))
            return trace

        sys.settrace(trace)
        try:
            for situation in self._situations.values():
                routing.plan(*situation)
        finally:
            sys.settrace(None)
        return {_place(*where) for where in _lines_of_plan() & run}


def all_lines() -> set[str]:
    """Every line of the plan that a night can come to."""
    return {_place(*where) for where in _lines_of_plan() if _text(*where) not in UNREACHED}


def _place(file: str, number: int) -> str:
    return f"{Path(file).name}:{number} {_text(file, number)}"


def _text(file: str, number: int) -> str:
    return linecache.getline(file, number).strip()


def _lines_of_plan() -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for module in (routing, owning):
        for made in vars(module).values():
            code = getattr(made, "__code__", None)
            if isinstance(code, CodeType) and code.co_filename == module.__file__:
                found |= {(code.co_filename, line) for line in _lines(code)}
    return found


def _lines(code: CodeType) -> set[int]:
    own = {line for _, _, line in code.co_lines() if line is not None} - {code.co_firstlineno}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            own |= _lines(inner)
    return own
