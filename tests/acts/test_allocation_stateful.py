"""Any acts in any order against the real record: what must never be is never there."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, func, text
from sqlmodel import Session, col, select

from tests.acts.remembered import places_of
from tests.conftest import NOW
from tests.walking import LEAD, MET, OTHER_POOL, POOL, REASONS, SHEET, Walk
from tests.world import World
from tgd.allocation import (
    deciding,
    equipping,
    recalling,
    referring,
    releasing,
    returning,
    sheets,
    stock,
)
from tgd.errors import Refusal
from tgd.purge import purge
from tgd.records import (
    CaseFile,
    Consent,
    Deadline,
    Decision,
    Handset,
    HandsetIncident,
    Journal,
    Provisioning,
    TestPress,
)
from tgd.rules.allocation import ENDED, AllocationState, DecisionKind, EndReason, ToldHow
from tgd.rules.handset import (
    AsideReason,
    ConsentScope,
    HandsetState,
    IncidentKind,
    LiftReason,
)
from tgd.rules.law import Condition
from tgd.seal import Keys
from tgd.store import deadlines, equipment, files
from tgd.store.sources import sources

WALKS = int(os.environ.get("TGD_TEST_WALKS", "8"))
"""Walks of up to 25 acts; hundreds by hand (`TGD_TEST_WALKS=300`)."""
CARRIES = ("active", "suspended")
HANDSETS = st.integers(0, 2)
OPPI = {"framework": "immediate_provisional_protection_order", "since": "2026-11-23"}


class Court(RuleBasedStateMachine):
    """Ana's file, three handsets, and people who do what they may in any order."""

    engine: Engine
    reached: set[str]

    @initialize()
    def begin(self) -> None:
        self.session = Session(self.engine, expire_on_commit=False)
        self.walk = Walk(World(self.session, Keys(bytes(32)), NOW)).settle_in()
        self.walk.refer()
        self.handed = 0
        self.handsets = [self.walk.order(f"+3363998003{n}") for n in range(3)]
        self.walk.handset = self.handsets[0]

    def teardown(self) -> None:
        if hasattr(self, "session"):
            try:
                self.end_well()
            finally:
                self.session.close()

    def act(self, work: Callable[..., Any], who: str, *args: Any, **more: Any) -> Any:
        """One act in a savepoint: what is refused leaves no trace."""
        self.walk.world.wait(seconds=7)
        try:
            with self.session.begin_nested():
                return work(self.session, self.walk.officer(who), *args, self.walk.now, **more)
        except Refusal as refused:
            return refused

    def on_file(self, work: Callable[..., Any], who: str, *args: Any, **more: Any) -> Any:
        return self.act(work, who, self.walk.id, *args, **more)

    @rule()
    def prepare_the_file(self) -> None:
        self.on_file(referring.assess, "Lea", "grid", {"a": "b"})
        self.on_file(referring.open_file, "Camille")
        for condition, what in MET.items():
            self.on_file(referring.record_condition, "Greta", condition, what, "paper")

    @rule(kind=st.sampled_from([DecisionKind.GRANT] * 6 + [DecisionKind.ASK_FOR_MORE,
                                                           DecisionKind.REFUSE]))  # fmt: skip
    def decide(self, kind: DecisionKind) -> None:
        self.on_file(deciding.decide, "Camille", kind, REASONS)

    @rule(n=HANDSETS)
    def reserve_and_provision(self, n: int) -> None:
        self.on_file(equipping.reserve, "Greta", self.handsets[n])
        self.act(equipping.provision, "Sofia", self.handsets[n], secret="s" * 43)

    @rule(n=HANDSETS)
    def all_goes_well(self, n: int) -> None:
        self.prepare_the_file()
        self.decide(DecisionKind.GRANT)
        self.reserve_and_provision(n)
        self.ask_her(True)
        self.describe(True)
        self.press(n, "test")
        self.test_and_hand_over()

    @rule(n=HANDSETS)
    def all_goes_well_until_it_ends(self, n: int) -> None:
        self.all_goes_well(n)
        self.withdraw()

    @rule()
    def unreserve(self) -> None:
        self.on_file(equipping.unreserve, "Greta")

    @rule(agreed=st.sampled_from([True, True, False]))
    def ask_her(self, agreed: bool) -> None:
        self.on_file(equipping.record_consent, "Lea", ConsentScope.DEVICE, agreed=agreed)
        self.on_file(equipping.record_consent, "Lea", ConsentScope.GEOLOCATION, agreed=agreed)

    @rule(scope=st.sampled_from(ConsentScope))
    def she_withdraws(self, scope: ConsentScope) -> None:
        self.on_file(equipping.withdraw_consent, "Lea", scope)

    @rule(whole=st.sampled_from([True, True, False]))
    def describe(self, whole: bool) -> None:
        sheet = SHEET if whole else {"name": "Ana FICTIVE"}
        self.on_file(sheets.change_circumstances, "Lea", sheet)

    @rule(n=HANDSETS, kind=st.sampled_from(["test", "test", "press"]))
    def press(self, n: int, kind: str) -> None:
        self.walk.world.wait(seconds=7)
        self.walk.press(kind, self.handsets[n])

    @rule()
    def test_and_hand_over(self) -> None:
        self.walk.tell_nobody()
        self.on_file(equipping.test, "Greta")
        self.on_file(equipping.hand_over, "Greta")

    @rule()
    def renew(self) -> None:
        self.on_file(deciding.renew, "Camille", REASONS)

    @rule()
    def suspend(self) -> None:
        self.on_file(deciding.suspend, "Camille", (self.walk.now + timedelta(60)).date(), REASONS)

    @rule()
    def resume(self) -> None:
        self.on_file(deciding.resume, "Camille", REASONS)

    @rule()
    def withdraw(self) -> None:
        self.on_file(deciding.withdraw, "Camille", EndReason.DANGER_ENDED, REASONS,
                     safety_checked=True, release_checked=True)  # fmt: skip

    @rule(acknowledged=st.booleans())
    def he_comes_out(self, acknowledged: bool) -> None:
        self.on_file(releasing.expect_release, "Greta", (self.walk.now + timedelta(30)).date())
        self.on_file(releasing.tell_release, "Lea", ToldHow.IN_PERSON, acknowledged=acknowledged)

    @rule()
    def entrust_and_back(self) -> None:
        self.on_file(referring.entrust, "Greta", "Another association")
        self.on_file(referring.entrust, "Greta", LEAD)

    @rule(n=HANDSETS)
    def recall_and_lift(self, n: int) -> None:
        self.act(recalling.recall, "Sofia", "battery", "B1", "It swells.")
        self.act(recalling.lift_recall, "Sofia", self.handsets[n], LiftReason.CHECKED)

    @rule()
    def shorten(self) -> None:
        self.on_file(referring.record_condition, "Greta", Condition.BAN, {"bans": [OPPI]}, "paper")
        last_day = (self.walk.now + timedelta(days=40)).date()
        self.on_file(deciding.shorten, "Camille", last_day, REASONS)

    @rule(n=HANDSETS, kind=st.sampled_from(IncidentKind), other=st.none() | HANDSETS)
    def lose(self, n: int, kind: IncidentKind, other: int | None) -> None:
        replacement = self.handsets[other] if other is not None else None
        self.act(stock.report_incident, "Greta", self.handsets[n], kind, "In the tram.",
                 replacement=replacement)  # fmt: skip

    @rule(n=HANDSETS)
    def find(self, n: int) -> None:
        self.act(stock.report_found, "Lea", self.handsets[n])

    @rule(n=HANDSETS)
    def set_aside(self, n: int) -> None:
        self.act(stock.quarantine, "Sofia", self.handsets[n], AsideReason.DOUBT)

    @rule(n=HANDSETS)
    def send_away_and_back(self, n: int) -> None:
        self.act(stock.transfer, "Sofia", self.handsets[n], OTHER_POOL)
        self.act(stock.receive, "Sacha", self.handsets[n])
        self.act(stock.transfer, "Sacha", self.handsets[n], POOL)
        self.act(stock.receive, "Sofia", self.handsets[n])

    @rule(n=HANDSETS)
    def recondition(self, n: int) -> None:
        for work, args, more in (
            (returning.receive_back, (), {}), (returning.wipe, (), {}),
            (returning.prove_wiped, ("erased, report 17",), {}),
            (returning.back_to_stock, (), {"tested": True}),
        ):  # fmt: skip
            self.act(work, "Sofia", self.handsets[n], *args, **more)

    @rule()
    def take_back(self) -> None:
        self.on_file(returning.take_back, "Greta", "Lea")

    @rule(days=st.sampled_from([1, 20, 190]))
    def time_goes_by(self, days: int) -> None:
        self.walk.world.wait(days=days)
        while self.walk.chase():
            self.walk.world.wait(hours=1)
            if self.session.exec(select(Deadline)).first() is None:
                break
            if days != 190:
                break

    # What must never be

    def file(self) -> CaseFile:
        return self.walk.file()

    def there(self) -> list[Handset]:
        self.session.expire_all()
        return [h for h in (self.session.get(Handset, n) for n in self.handsets) if h]

    @invariant()
    def nobody_carries_without_decision_consent_and_test(self) -> None:
        if not hasattr(self, "session"):
            return
        file = self.file()
        self.reached.add(file.state)
        if file.state not in CARRIES:
            return
        signed = self.session.exec(select(Decision).where(Decision.case_file == file.id)).all()
        assert "grant" in {d.kind for d in signed}
        assert self.hand_overs(), file.state

    @invariant()
    def every_hand_over_stands_on_her_yes_and_a_press_of_that_handset(self) -> None:
        """The second one too, after a loss, an end or a consent that she has withdrawn."""
        if not hasattr(self, "session"):
            return
        for line in self.hand_overs()[self.handed :]:
            self.handed += 1
            agreed = self.session.exec(
                select(Consent)
                .where(Consent.scope == "device")
                .order_by(col(Consent.given_at).desc(), col(Consent.id).desc())
            ).first()
            assert agreed is not None
            assert agreed.withdrawn_at is None, "she does not agree"
            keyed = self.session.exec(
                select(func.max(Provisioning.provisioned_at)).where(
                    Provisioning.handset == line.handset
                )
            ).one()
            heard = self.session.exec(
                select(func.max(TestPress.heard_at)).where(TestPress.handset == line.handset)
            ).one()
            assert keyed is not None
            assert heard is not None
            assert heard >= keyed, "the press of other keys"

    def hand_overs(self) -> list[Journal]:
        asked = select(Journal).where(Journal.act == "HandsetHandedOver").order_by(col(Journal.seq))
        return list(self.session.exec(asked))

    @invariant()
    def no_handset_is_lost_between_two_people(self) -> None:
        if not hasattr(self, "session"):
            return
        for one in self.there():
            held = equipment.open_allocation(self.session, handset=one.id)
            kept = equipment.preparation(self.session, handset=one.id)
            with_her = one.state in ("issued", "lost", "stolen", "faulty", "return_due")
            assert held is None or with_her, one.state
            assert one.state != "issued" or held is not None
            is_kept = one.state in ("reserved", "provisioned")
            assert is_kept is (kept is not None), one.state
            self.reached.add(f"handset {one.state}")

    @invariant()
    def nobody_waits_in_silence(self) -> None:
        if not hasattr(self, "session"):
            return
        open_ones = self.session.exec(
            select(Deadline).where(
                Deadline.case_file == self.walk.id, col(Deadline.settled_at).is_(None)
            )
        ).all()
        assert all(one.look_again_at is not None for one in open_ones)
        file = self.file()
        if file.state in ENDED:
            assert file.purge_at is not None
        else:
            assert open_ones, f"nobody is reminded of a file that is {file.state}"
        if file.state == "active" and equipment.open_allocation(self.session, file_id=file.id):
            assert "test_due" in {one.kind for one in open_ones}, "she carries it untested"

    @invariant()
    def the_gateway_agrees(self) -> None:
        if not hasattr(self, "session"):
            return
        known = sources(self.session, self.handsets, [], self.walk.now).by_id
        for one in self.handsets:
            held = equipment.open_allocation(self.session, handset=one)
            runs = held is not None and held.period.upper > self.walk.now
            assert known[one].known.allocated is runs

    # Every end is reached, every handset comes back

    def end_well(self) -> None:
        self.session.connection().execute(
            text("UPDATE alert SET state = 'closed', outcome = 'other', reason = 'the end',"
                 " closed_by = 'Bruno', closed_at = opened_at, look_again_at = NULL"
                 " WHERE state <> 'closed'")
        )  # fmt: skip
        self.prepare_the_file()
        for _ in range(2):
            self.decide(DecisionKind.GRANT)
            self.withdraw()
            self.take_back()
            self.on_file(returning.settle, "Greta", REASONS)
        assert AllocationState(self.file().state) in ENDED
        assert self.file().purge_at is not None
        for n, _ in enumerate(self.handsets):
            self.recondition(n)
            self.set_aside(n)
            self.recondition(n)
        assert {h.state for h in self.there()} == {HandsetState.IN_STOCK.value}
        self.be_forgotten()

    def be_forgotten(self) -> None:
        """On its day nothing of the walk is left of her, whatever the walk was."""
        person, purge_at = self.file().person, self.file().purge_at
        assert purge_at is not None
        self.walk.world.now = max(self.walk.now, purge_at)
        if "release" in {one.kind for one in deadlines.of_file(self.session, self.walk.id)}:
            self.on_file(releasing.tell_release, "Lea", ToldHow.IN_PERSON, acknowledged=True)
        erased = purge(self.session, self.walk.now)
        assert [one.file for one, _ in erased.files] == [self.walk.id]
        assert self.file().state == "purged"
        for words in ("Ana FICTIVE", "Hugo FICTIF", "followed to her work", "06 39 98 00 11",
                      "3 rue des Exemples", REASONS):  # fmt: skip
            assert places_of(self.session, words) == set(), words
        said = select(HandsetIncident.words).where(HandsetIncident.case_file == self.walk.id)
        assert set(self.session.exec(said)) <= {""}, "of the stock's own losses words may stay"
        assert files.person(self.session, person) is not None


@pytest.mark.timeout(3600)
def test_any_acts_in_any_order_keep_what_must_be_kept(engine):
    reached: set[str] = set()
    machine = type("OnThisRecord", (Court,), {"engine": engine, "reached": reached})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=WALKS, stateful_step_count=25, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), database=None,
        ),
    )  # fmt: skip
    print(f"\nstates reached: {sorted(reached)}")
    wanted = {"active", "handset issued"} if WALKS >= 8 else set()
    wanted |= {"withdrawn", "expired", "suspended"} if WALKS >= 100 else set()
    assert wanted <= reached, reached
