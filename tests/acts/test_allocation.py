"""Ana's allocation from referral to decision: who reports, what is advised, who signs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from tests.acts.allocating import (
    WITHOUT,
    acts,
    decide,
    made_walk,  # noqa: F401  (a fixture)
    open_kinds,
    state,
)
from tests.walking import EXAMPLE, NANTERRE, REASONS, Walk
from tgd.allocation import courts, deciding, referring
from tgd.allocation.acting import NotThere, NotYet
from tgd.casework import facts
from tgd.errors import Incomplete, SomebodyWasFaster
from tgd.records import Decision, Journal, Notice
from tgd.rules.allocation import DecisionKind
from tgd.rules.guards import Missing
from tgd.rules.law import Condition, Route
from tgd.store import equipment


def test_ana_walks_from_referral_to_return_and_the_handset_is_in_the_stock_again(walk):
    walk.until("hand_over")
    assert state(walk) == ("active", "issued")
    walk.go_on("hand_over")
    assert state(walk) == ("closed", "in_stock")
    assert walk.file().purge_at is not None
    assert open_kinds(walk) == {"platform_erasure", "traces_erasure"}


def test_every_act_has_a_line_and_no_line_names_anybody(walk):
    walk.until("hand_over").go_on("hand_over")
    said = [
        "ReferralReceived", "AssessmentSubmitted", "OpinionGiven", "FileOpened",
        "ConditionRecorded", "DecisionSigned", "HandsetReserved", "HandsetProvisioned",
        "ConsentGiven", "CaseSheetWritten", "TestCallValidated", "HandsetHandedOver",
        "HandsetReturned", "HandsetWipeBegun", "HandsetWiped", "HandsetRestocked",
    ]  # fmt: skip
    assert [act for act in said if act not in acts(walk)] == []
    details = str([line.detail for line in walk.session.exec(select(Journal))])
    assert not [word for word in ("Ana", "Hugo", "Exemples", "63998") if word in details]


def test_anybody_reports_by_any_means_and_somebody_is_reminded(walk):
    seen = referring.refer(
        walk.session, None, NANTERRE, "Bella FICTIVE", "My neighbour is in danger.", walk.now,
        source="neighbour", is_urgent=True,
    )  # fmt: skip
    assert seen.state == "reported"
    walk.file_id = seen.id
    assert open_kinds(walk) == {"referral_waiting"}
    with pytest.raises(NotThere):
        referring.refer(walk.session, None, "TJ-NOWHERE", "Bella F", "Help her.", walk.now)
    with pytest.raises(Incomplete):
        referring.refer(walk.session, None, NANTERRE, " ", "Help her.", walk.now)


def test_a_second_report_of_ana_goes_into_her_open_file(walk):
    walk.until("assess")
    again = referring.refer(
        walk.session, walk.officer("Camille"), NANTERRE, "", "The police called.", walk.now,
        person=walk.file().person,
    )  # fmt: skip
    assert again.id == walk.id
    with pytest.raises(NotThere):
        referring.refer(
            walk.session, walk.officer("Paul"), NANTERRE, "", "Mine.", walk.now,
            person=walk.file().person,
        )  # fmt: skip


def test_camille_is_told_which_route_holds_and_which_condition_lacks(walk):
    walk.until("open")
    advice = referring.advice_of(walk.session, walk.officer("Camille"), walk.id, walk.now)
    assert (advice.route, advice.holds) == (None, False)
    assert Condition.NO_COHABITATION in advice.against
    walk.find()
    advice = referring.advice_of(walk.session, walk.officer("Camille"), walk.id, walk.now)
    assert (advice.route, advice.holds, advice.against) == (Route.BAN, True, ())
    assert advice.findings[0].reference == "art. 41-3-1 CPP, al. 1"


def test_camille_decides_against_the_advice_with_a_longer_reason(walk):
    walk.until("open")
    assert decide(walk, "Camille", DecisionKind.GRANT, "short") == NotYet(
        (Missing.REASON, Missing.REASON_AGAINST_ADVICE)
    )
    refused = decide(walk, "Camille", DecisionKind.GRANT, "He was seen near.")
    assert refused == NotYet((Missing.REASON_AGAINST_ADVICE,))
    assert refused.sentences == ["A decision against the advice says why in 40 characters."]
    signed = decide(walk, "Camille", DecisionKind.GRANT, WITHOUT)
    assert signed.against_advice
    assert signed.text_version == "41-3-1/2024-06-15"
    assert walk.file().state == "granted"


def test_a_decision_lasts_six_calendar_months_of_the_court(walk):
    walk.until("grant")
    signed = walk.session.exec(select(Decision)).one()
    assert signed.begins_on == date(2026, 11, 23)
    assert signed.ends_at == datetime(2027, 5, 23, 22, 0, tzinfo=UTC)  # 24 May 0:00 in Paris
    assert walk.file().ends_at == signed.ends_at


def test_a_signed_decision_is_never_changed_by_anybody(walk):
    walk.until("grant")
    signed = walk.session.exec(select(Decision)).one()
    walk.session.commit()
    signed.reasons = "Something else, and longer."
    with pytest.raises(Exception, match="never changed"):
        walk.session.flush()
    walk.session.rollback()


def test_who_comes_second_is_told_who_has_decided(walk):
    walk.until("find")
    assert decide(walk, "Camille", DecisionKind.GRANT).kind == "grant"
    told = decide(walk, "Cyril", DecisionKind.REFUSE)
    assert told == deciding.AlreadyDecided("Camille", DecisionKind.GRANT, walk.now)
    assert len(walk.session.exec(select(Decision)).all()) == 1


def test_camille_asks_for_more_and_the_association_answers(walk):
    walk.until("find")
    decide(walk, "Camille", DecisionKind.ASK_FOR_MORE, "Since when does he know where she lives?")
    assert walk.file().state == "under_evaluation"
    lea = facts.file_of(walk.session, walk.officer("Lea"), walk.id, walk.now)
    assert [d["reasons"] for d in lea["decision"]] == ["Since when does he know where she lives?"]
    told = select(Notice).where(Notice.to_role == "association", Notice.case_file == walk.id)
    assert walk.session.exec(told).one().about == "referral_waiting"
    walk.assess()
    walk.advise()
    walk.open()
    walk.grant()
    assert walk.file().state == "granted"
    lea = facts.file_of(walk.session, walk.officer("Lea"), walk.id, walk.now)
    assert [d["reasons"] is None for d in lea["decision"]].count(False) == 1, "not of the grant"


def test_a_refusal_reaches_the_day_of_forgetting(walk):
    walk.until("find")
    decide(walk, "Camille", DecisionKind.REFUSE, REASONS)
    assert walk.file().state == "refused"
    assert walk.file().purge_at is not None
    assert open_kinds(walk) == set()


def test_by_night_another_prosecutor_decides_on_call_and_the_decision_says_so(walk):
    walk.until("find")
    with pytest.raises(NotThere):
        decide(walk, "Paul", DecisionKind.GRANT)
    courts.clear(
        walk.session, walk.officer("Camille"), "Paul", walk.now + timedelta(hours=12), walk.now,
        court=NANTERRE, kind="on_call",
    )  # fmt: skip
    assert decide(walk, "Paul", DecisionKind.GRANT).on_call
    with pytest.raises(NotThere):  # he hands his delegation on to nobody
        courts.clear(
            walk.session, walk.officer("Paul"), "Cyril", walk.now + timedelta(1), walk.now,
            court=NANTERRE,
        )  # fmt: skip
    walk.world.wait(hours=13)
    with pytest.raises(NotThere):
        referring.advice_of(walk.session, walk.officer("Paul"), walk.id, walk.now)


def test_a_page_that_is_older_than_the_file_changes_nothing(walk):
    walk.until("open")
    shown = walk.file().version
    walk.find()
    with pytest.raises(SomebodyWasFaster):
        decide(walk, "Camille", DecisionKind.GRANT, version=shown)
    assert walk.file().state == "decision_pending"


def test_a_court_overseas_counts_its_own_days(world):
    world.now = datetime(2026, 8, 30, 21, 30, tzinfo=UTC)  # already 31 August there
    walk = Walk(world).settle_in()
    seen = referring.refer(
        walk.session, walk.officer("Paul"), EXAMPLE, "Chloé FICTIVE", "She needs it.", walk.now
    )
    walk.file_id = seen.id
    paul = walk.officer("Paul")
    referring.open_file(walk.session, paul, walk.id, walk.now)
    signed = decide(walk, "Paul", DecisionKind.GRANT, WITHOUT)
    assert signed.begins_on == date(2026, 8, 31)
    assert signed.ends_at == datetime(2027, 2, 28, 20, 0, tzinfo=UTC)  # 1 March 0:00 there
    assert equipment.sheet(walk.session, walk.id) is None
