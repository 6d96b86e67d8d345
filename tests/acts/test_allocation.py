"""A prosecutor decides: Ana's walk from referral to return, told by those who walk it with her."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlmodel import col, select

from tests.walking import EXAMPLE, LEAD, NANTERRE, REASONS, SHEET, Walk
from tests.world import Carried
from tgd.allocation import courts, deciding, equipping, reading, referring, returning, sheets
from tgd.allocation.acting import NotThere, NotYet
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.records import CaseSheet, Decision, Handset, Journal, ProtectedPerson, SheetCopy
from tgd.rules.allocation import AllocationState, DecisionKind, EndReason
from tgd.rules.guards import Missing
from tgd.rules.handset import ConsentScope
from tgd.rules.law import Condition, Route
from tgd.rules.scope import FileGroup
from tgd.store import deadlines, equipment

WITHOUT = "Without the ban there is nothing yet, but he is on the run and was seen near her home."


@pytest.fixture
def walk(world) -> Walk:
    return Walk(world).settle_in()


def state(walk: Walk, handset: str | None = None) -> tuple[str, str]:
    walk.session.expire_all()
    found = walk.session.get(Handset, handset or walk.handset)
    return walk.file().state, found.state if found else ""


def open_kinds(walk: Walk) -> set[str]:
    return {one.kind for one in deadlines.of_file(walk.session, walk.id)}


def decide(walk: Walk, who: str, kind: DecisionKind, reasons: str = REASONS, **more):
    return deciding.decide(
        walk.session, walk.officer(who), walk.id, kind, reasons, walk.now, **more
    )


def acts(walk: Walk) -> list[str]:
    return [line.act for line in walk.session.exec(select(Journal).order_by(col(Journal.seq)))]


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
    walk.assess()
    walk.advise()
    walk.open()
    walk.grant()
    assert walk.file().state == "granted"


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


def test_nothing_is_handed_over_until_nothing_is_missing(walk):
    walk.until("find")
    greta = walk.officer("Greta")
    with pytest.raises(WrongState):
        equipping.hand_over(walk.session, greta, walk.id, walk.now)
    walk.grant()
    missing = [equipping.readiness(walk.session, greta, walk.id, walk.now)]
    for step in (walk.reserve, walk.provision, walk.consent, walk.describe):
        step()
        missing.append(equipping.readiness(walk.session, greta, walk.id, walk.now))
        assert isinstance(equipping.hand_over(walk.session, greta, walk.id, walk.now), NotYet)
    assert [sorted(set(a) - set(b)) for a, b in pairwise(missing)] == [
        ["handset"], ["keys"], ["device_consent", "geolocation_answer"], ["area", "case_sheet"],
    ]  # fmt: skip
    assert missing[-1] == (Missing.TEST_PRESS,)
    assert equipping.test(walk.session, greta, walk.id, walk.now) == NotYet((Missing.TEST_PRESS,))
    walk.press()
    walk.test()
    walk.hand_over()


def test_two_handsets_swapped_in_the_drawer_are_found_out(walk):
    walk.until("describe")
    other = walk.order("+33639980022")
    walk.session.get(Handset, other).secret_hash = "x"
    walk.press(handset=other)  # somebody pressed the wrong one
    greta = walk.officer("Greta")
    assert equipping.test(walk.session, greta, walk.id, walk.now) == NotYet((Missing.TEST_PRESS,))
    assert isinstance(equipping.hand_over(walk.session, greta, walk.id, walk.now), NotYet)


def test_a_real_press_is_no_test_and_new_keys_need_a_new_test(walk):
    walk.until("describe")
    greta = walk.officer("Greta")
    walk.press("press")
    assert equipping.test(walk.session, greta, walk.id, walk.now) == NotYet((Missing.TEST_PRESS,))
    walk.press()
    walk.test()
    walk.world.wait(minutes=1)
    walk.provision()
    assert equipping.readiness(walk.session, greta, walk.id, walk.now) == (Missing.TEST_PRESS,)


def test_an_old_or_unfinished_sheet_is_read_through_again(walk):
    walk.until("test")
    walk.world.wait(days=31)
    greta = walk.officer("Greta")
    assert equipping.readiness(walk.session, greta, walk.id, walk.now) == (Missing.SHEET_CURRENT,)
    sheets.confirm_sheet(walk.session, walk.officer("Lea"), walk.id, walk.now)
    assert equipping.readiness(walk.session, greta, walk.id, walk.now) == ()
    unfinished = {k: v for k, v in SHEET.items() if k != "contacts"}
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, unfinished, walk.now)
    told = equipping.hand_over(walk.session, greta, walk.id, walk.now)
    assert told == NotYet((Missing.SHEET_COMPLETE,), ("contacts",))


def test_a_home_whose_force_nobody_knows_is_said(walk):
    walk.until("test")
    moved = SHEET | {"places": [{"label": "1 rue", "city": "Ailleurs", "insee": "99999"}]}
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, moved, walk.now)
    told = equipping.readiness(walk.session, walk.officer("Greta"), walk.id, walk.now)
    assert told == (Missing.AREA,)


def test_nothing_about_him_slips_into_the_sheet(walk):
    walk.until("grant")
    with pytest.raises(Incomplete):
        sheets.change_circumstances(
            walk.session, walk.officer("Lea"), walk.id, SHEET | {"restrained": "Hugo"}, walk.now
        )


def test_geolocation_is_asked_apart_and_a_no_is_an_answer(walk, world):
    walk.until("provision")
    greta = walk.officer("Greta")
    for scope, agreed in ((ConsentScope.DEVICE, True), (ConsentScope.GEOLOCATION, False)):
        equipping.record_consent(walk.session, greta, walk.id, scope, walk.now, agreed=agreed)
    walk.describe()
    walk.press()
    walk.test()
    walk.hand_over()
    here = {"position": {"lat": 48.89, "lon": 2.2}}
    carried = Carried(walk.handset, "+33639980021", "s" * 43)
    world.hear(world.press(carried, **here))
    alert = next(a for a in world.alerts() if a.lane == "real")
    assert "position_withheld" in alert.labels
    assert world.positions(alert.id) == []
    world.wait(seconds=1)  # of two answers in one instant nobody knows which was the last
    equipping.record_consent(
        walk.session, greta, walk.id, ConsentScope.GEOLOCATION, walk.now, agreed=True
    )
    world.hear(world.press(carried, **here))
    assert len(world.positions(alert.id)) == 1
    equipping.withdraw_consent(
        walk.session, greta, walk.id, ConsentScope.GEOLOCATION, walk.now + timedelta(seconds=1)
    )
    world.wait(minutes=1)
    world.hear(world.press(carried, **here))
    assert len(world.positions(alert.id)) == 1


def test_who_has_which_version_is_known_and_its_erasure_has_a_day(walk):
    walk.until("hand_over")
    moved = SHEET | {"pets": "no more cat"}
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, moved, walk.now)
    versions = walk.session.exec(select(CaseSheet).order_by(col(CaseSheet.version))).all()
    assert [v.version for v in versions] == [1, 2]
    copies = walk.session.exec(select(SheetCopy)).all()
    holders = {"platform", "control_room:control-room-92", f"association:{LEAD}"}
    assert {(c.sheet, c.holder) for c in copies} == {
        (v.id, holder) for v in versions for holder in holders
    }
    person = walk.session.get(ProtectedPerson, walk.file().person, populate_existing=True)
    assert person.note.endswith("pets: no more cat")
    walk.withdraw()
    walk.take_back()
    walk.session.expire_all()
    days = {(c.erase_by_at - walk.now).days for c in walk.session.exec(select(SheetCopy))}
    assert days == {3}


def test_a_page_that_is_older_than_the_file_changes_nothing(walk):
    walk.until("open")
    shown = walk.file().version
    walk.find()
    with pytest.raises(SomebodyWasFaster):
        decide(walk, "Camille", DecisionKind.GRANT, version=shown)
    assert walk.file().state == "decision_pending"


def test_a_withdrawal_looks_at_her_safety_and_at_his_release(walk):
    walk.until("hand_over")

    def withdraw(why=EndReason.BENEFICIARY_REQUEST, **checked):
        return deciding.withdraw(
            walk.session, walk.officer("Camille"), walk.id, why, REASONS, walk.now, **checked
        )

    told = withdraw(safety_checked=False, release_checked=False)
    assert told == NotYet((Missing.SAFETY_CHECK, Missing.RELEASE_CHECKED))
    told = withdraw(EndReason.RULES_BREACH, safety_checked=True, release_checked=True)
    assert told == NotYet((Missing.COMMITTEE_OPINION,))
    assert walk.file().state == "active"
    withdraw(safety_checked=True, release_checked=True)
    assert state(walk) == ("withdrawn", "return_due")
    assert open_kinds(walk) == {"return_due"}


def test_what_was_granted_and_never_handed_over_is_closed_and_the_handset_is_free(walk):
    walk.until("provision")
    walk.withdraw()
    assert state(walk) == ("closed", "in_stock")
    assert walk.file().purge_at is not None


def test_a_handset_is_taken_back_with_a_witness_and_not_during_an_alert(walk):
    walk.until("withdraw")
    greta = walk.officer("Greta")
    walk.press("press")
    told = returning.take_back(walk.session, greta, walk.id, " ", walk.now)
    assert told == NotYet((Missing.WITNESS, Missing.ALERT_OPEN))
    assert state(walk) == ("withdrawn", "return_due")


def test_an_erasure_needs_its_proof_and_a_handset_its_test(walk):
    walk.until("wipe")
    sofia = walk.officer("Sofia")
    told = returning.prove_wiped(walk.session, sofia, walk.handset, "done", walk.now)
    assert told == NotYet((Missing.WIPE_PROOF,))
    walk.prove()
    told = returning.back_to_stock(walk.session, sofia, walk.handset, walk.now, tested=False)
    assert told == NotYet((Missing.RESTOCK_TEST,))
    assert state(walk) == ("closed", "refurbished")


def test_each_one_sees_her_own_files_and_the_others_are_not_there(walk):
    walk.until("hand_over")
    for who in ("Paul", "Noa", "Bruno"):
        with pytest.raises((NotThere, NotAllowed)):
            sheets.follow_up(walk.session, walk.officer(who), walk.id, "Hello.", walk.now)
    with pytest.raises(NotThere):
        decide(walk, "Paul", DecisionKind.REFUSE)
    with pytest.raises(NotAllowed):
        decide(walk, "Greta", DecisionKind.REFUSE)
    with pytest.raises(NotAllowed):  # the stock manager never sees a person
        sheets.confirm_sheet(walk.session, walk.officer("Sofia"), walk.id, walk.now)
    with pytest.raises(NotThere):
        returning.wipe(walk.session, walk.officer("Sacha"), walk.handset, walk.now)
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "She sleeps again.", walk.now)


def test_bruno_reads_the_sheet_while_the_alert_is_open_and_not_after(walk, world):
    walk.until("hand_over")
    walk.press("press")
    alert = next(a for a in world.alerts() if a.lane == "real")
    bruno = walk.officer("Bruno")
    sheet = sheets.sheet_of_alert(walk.session, bruno, alert.id)
    assert sheet.sheet["name"] == "Ana FICTIVE"
    assert alert.person == walk.file().person
    for change in (
        "trust = 'unverified'",
        "trust = 'verified', state = 'closed',"
        " outcome = 'other', reason = 'x', closed_by = 'x', closed_at = now()",
    ):
        walk.session.connection().exec_driver_sql(f"UPDATE alert SET {change}")
        assert sheets.sheet_of_alert(walk.session, bruno, alert.id) is None


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


def test_lists_show_what_is_within_reach_and_nothing_else(walk):
    walk.until("hand_over")

    def numbers(who: str) -> list[int]:
        return [f.number for f in reading.files_shown(walk.session, walk.officer(who))]

    mine = [walk.file().number]
    assert [numbers(who) for who in ("Camille", "Greta", "Lea", "Paul", "Noa", "Bruno")] == [
        mine, mine, mine, [], [], [],
    ]  # fmt: skip
    assert reading.files_shown(
        walk.session, walk.officer("Camille"), states=(AllocationState.REPORTED,)
    ) == []  # fmt: skip
    assert {d.kind for d in reading.deadlines_shown(walk.session, walk.officer("Lea"))} == {
        "renewal_first", "test_due",
    }  # fmt: skip
    theirs = reading.deadlines_shown(walk.session, walk.officer("Paul"))
    assert [d for d in theirs if d.case_file is not None] == []
    (row,) = reading.stock_shown(walk.session, walk.officer("Sofia"))
    assert (row.id, row.state) == (walk.handset, "issued")
    assert not {"person", "name", "case_file"} & set(row._fields)
    assert reading.stock_shown(walk.session, walk.officer("Sacha")) == []
    with pytest.raises(NotAllowed):
        reading.files_shown(walk.session, walk.officer("Sofia"))


def test_parts_of_a_file_open_and_shut_with_the_alert(walk):
    walk.until("hand_over")
    with pytest.raises(NotThere):
        reading.file_shown(walk.session, walk.officer("Bruno"), walk.id)
    walk.press("press")
    _, groups = reading.file_shown(walk.session, walk.officer("Bruno"), walk.id)
    assert groups == {FileGroup.HANDSET, FileGroup.PERSON, FileGroup.DECISION}
    _, groups = reading.file_shown(walk.session, walk.officer("Lea"), walk.id)
    assert FileGroup.BAN_DATES in groups
    assert FileGroup.CONDITIONS not in groups
