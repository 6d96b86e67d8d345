"""The service, broken on purpose in one place each: what the promises are worth.

A mutant replaces one function of production for as long as its block lasts. Each must be caught
within a stated number of seeds; a mutant that lives shows a promise that is missing. A timer put
off for days is no mutant here: the record takes a look so far ahead for due now (decision 0012).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from sqlalchemy import text

from dispatch import adopting, owning, resting, routing, turn
from dispatch.facts import AlertFacts
from dispatch.policy import Policy
from dispatch.telling import Sent
from gateway import door
from gateway.heard import Kept, Receipt
from tests.simulation.faults import HOUR, Faults
from tests.simulation.night import Length
from tgd.alerts import acts, canaries, raising
from tgd.rules.alert import AlertState
from tgd.rules.delivery import DeliveryState
from tgd.store import alerts, dispatching

Broken = tuple[Any, str, Any]


@dataclass(frozen=True)
class Mutant:
    """One way to be wrong."""

    sentence: str
    weather: Faults
    """The faults in which it shows; a random draw finds it too, in more nights."""
    broken: Callable[[], list[Broken]]

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Production is wrong in this way meanwhile."""
        with ExitStack() as stack:
            for owner, name, wrong in self.broken():
                right = getattr(owner, name)
                stack.callback(setattr, owner, name, right)
                setattr(owner, name, wrong)
            yield


def _no_rest() -> list[Broken]:
    return [(resting.Rests, "still", lambda _: frozenset())]


def _receipt_first() -> list[Broken]:
    right = door.Door._keep

    async def keep(self: Any, batch: Any) -> None:
        door._answer([(one, Receipt(Kept.RECORD, door._own_id(one.heard))) for one in batch])
        await right(self, batch)

    return [(door.Door, "_keep", keep)]


def _forgotten_first() -> list[Broken]:
    async def empty(self: Any, path: Any) -> bool:
        batch = [door._unpacked(one) for one in self._spool.read(path)]
        self._spool.forget(path)
        return await self._taken(batch)

    return [(door.Door, "_empty", empty)]


def _sent_is_received() -> list[Broken]:
    right = turn.outcome

    def outcome(answer: Any) -> Any:
        said = right(answer)
        return (DeliveryState.RECEIVED, *said[1:]) if isinstance(answer, Sent) else said

    return [(turn, "outcome", outcome)]


def _never_the_same() -> list[Broken]:
    right = raising.raise_or_join
    numbers = count()

    def raised(session: Any, presses: Any, now: Any) -> Any:
        return right(
            session, [replace(p, trigger=f"{p.trigger}:{next(numbers)}") for p in presses], now
        )

    return [(canaries, "raise_or_join", raised)]


def _joins_what_is_over() -> list[Broken]:
    def latest(session: Any, sources: Any) -> Any:
        return list(
            session.connection().execute(
                text(
                    "SELECT DISTINCT ON (source, lane) id, source, lane, state, labels, trust,"
                    " handset FROM alert WHERE source = ANY(:s)"
                    " ORDER BY source, lane, opened_at DESC"
                ),
                {"s": sorted(set(sources))},
            )
        )

    return [(alerts, "open_alerts", latest)]


def _ghosts_may_speak() -> list[Broken]:
    fenced = dispatching._WRITE_ANSWERS.text
    believing = fenced.replace("AND d.lease_token = a.token", "")
    # what is returned is found by the token that was said, whatever the record's own is
    believing = believing.replace("d.lease_token, d.alert", "a.token AS lease_token, d.alert")
    assert "d.lease_token" in fenced
    assert "d.lease_token" not in believing
    return [(dispatching, "_WRITE_ANSWERS", text(believing))]


def _machine_is_enough() -> list[Broken]:
    right = routing.is_met

    def is_met(until: str, alert: Any, deliveries: Any) -> bool:
        arrived = any(d.state.has_arrived for d in deliveries)
        return right(until, alert, deliveries) or (until == "taken" and arrived)

    return [(routing, "is_met", is_met)]


def _police_never() -> list[Broken]:
    right = routing.may_hear
    return [(routing, "may_hear", lambda d, lane: d.kind != "cisu" and right(d, lane))]


def _tests_too() -> list[Broken]:
    return [(routing, "may_hear", lambda d, lane: True)]


def _other_keys() -> list[Broken]:
    right = turn.telling_of

    def telling(key: str, topic: str, alert: Any, known: Any, now: Any) -> Any:
        return right(f"{key}:{now.timestamp()}", topic, alert, known, now)

    return [(turn, "telling_of", telling)]


def _unwritten_end() -> list[Broken]:
    class Forgetful:
        @staticmethod
        def write(session: Any, lines: Any) -> None:
            kept = [line for line in lines if line.act != "AlertClosed"]
            raising.journal.write(session, kept)

    return [(acts, "journal", Forgetful)]


def _never_closed() -> list[Broken]:
    return [(routing, "_closing", lambda *_: [])]


def _key_lost() -> list[Broken]:
    right = door._unpacked
    return [(door, "_unpacked", lambda packed: replace(right(packed), alert=None))]


def _told_as_new() -> list[Broken]:
    right = adopting._row

    def row(one: Any, told: Any, alert: Any, now: Any) -> dict[str, Any]:
        made = right(one, told, alert, now)
        again = {"state": DeliveryState.PENDING, "next_try_at": now, "received_at": None}
        return made | again | {"key": f"{one.key}:again", "topic": "opened"}

    return [(adopting, "_row", row)]


def _taken_alone(alert: AlertFacts, policy: Policy) -> bool:
    return alert.state is AlertState.TAKEN


WITHIN = 8
"""In how many seeds, from 0 on, each must have been caught."""
SHORT = Length(bad_s=300.0, grace_s=240.0, presses=(3,))

_NOBODY = Faults(nobody=True, lasting=frozenset({"nobody"}))
_NO_RECORD = Faults(record_away=0.8, nobody=True, lasting=frozenset({"nobody"}))
MUTANTS = {
    "receipt before commit": Mutant(
        "The handset is told before the record has its press.",
        Faults(record_refuses=0.5, spool_refuses=0.9), _receipt_first),
    "forgotten before commit": Mutant(
        "The spool's file is removed before the record has it.",
        Faults(record_away=0.7, crash=0.3), _forgotten_first),
    "no repetition known": Mutant(
        "A press that comes twice counts twice.", Faults(repetition=0.9), _never_the_same),
    "always a new alert": Mutant(
        "A press never joins the open alert.", _NOBODY,
        lambda: [(alerts, "open_alerts", lambda session, sources: [])]),
    "joins what is over": Mutant(
        "A press joins an alert that is closed.", Faults(), _joins_what_is_over),
    "police never told": Mutant("The control room is left out.", Faults(), _police_never),
    "sent is received": Mutant(
        "What left counts as arrived.", Faults(platform="lying"), _sent_is_received),
    "a machine is enough": Mutant(
        "A machine's yes stops the ringing of humans.", _NOBODY, _machine_is_enough),
    "ghosts may speak": Mutant(
        "Who was given up for dead still writes answers.", replace(_NOBODY, frozen=0.5),
        _ghosts_may_speak),
    "ownership for ever": Mutant(
        "An owner who does nothing keeps the alert.",
        Faults(vanishes=1.0, lasting=frozenset({"vanishes"})),
        lambda: [(routing, "lapses_at", lambda alert, policy, now: None)]),
    "a gone screen keeps it": Mutant(
        "An owner whose screen is gone keeps what was verified or asked.",
        Faults(vanishes=1.0, lasting=frozenset({"vanishes"})),
        lambda: [(owning, "_out_of_sight_at", lambda alert, policy, now: None)]),
    "danger without the police": Mutant(
        "An owner who found danger and asks nobody for help keeps the alert.",
        Faults(vanishes=1.0, lasting=frozenset({"vanishes"})),
        lambda: [(owning, "_owes_an_act", _taken_alone)]),
    "another key each time": Mutant(
        "An attempt has a key of its own.", Faults(platform="slow"), _other_keys),
    "tests ring": Mutant("A test is told to everybody.", _NOBODY, _tests_too),
    "the end is told to nobody": Mutant(
        "Who has the beginning never hears of the end.", Faults(), _never_closed),
    "one pair of eyes": Mutant(
        "One person ends what nobody heard or saw.", Faults(),
        lambda: [(acts, "needs_second", lambda *_, **__: False)]),
    "unwritten end": Mutant("A closing is not in the journal.", Faults(), _unwritten_end),
    "spool key lost": Mutant(
        "What was told from the spool opens another alert when the record is back.", _NO_RECORD,
        _key_lost),
    "no pause of its own": Mutant(
        "A dispatcher believes the dates of another clock alone.",
        Faults(clock_step_s=26 * HOUR, nobody=True), _no_rest),
    "told as new on return": Mutant(
        "What was told from the spool is told again as new when the record is back.", _NO_RECORD,
        _told_as_new),
}  # fmt: skip
