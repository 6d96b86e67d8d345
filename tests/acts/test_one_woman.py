"""Neighbour and hospital report the same woman: one history, one open file, one grant."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from tests.acts.allocating import acts, made_walk, open_kinds  # noqa: F401  (a fixture)
from tests.acts.racing import both, rounds
from tests.walking import EXAMPLE, NANTERRE, REASONS, SHEET, Walk
from tgd import ids
from tgd.allocation import deciding, equipping, recognising, referring, sheets
from tgd.allocation.acting import officer
from tgd.casework import facts, file_acts
from tgd.errors import Incomplete, NotAllowed, Refusal, SomebodyWasFaster, WrongState
from tgd.purge import purge
from tgd.records import CaseFile, Decision, Notice, ProtectedPerson, Referral
from tgd.rules.access import Role
from tgd.rules.allocation import DecisionKind
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.guards import Missing
from tgd.store import files, namesakes


def report(walk: Walk, name: str = "Anna Fictive", court: str = NANTERRE, **more: Any) -> UUID:
    """Somebody reports her by the public form: the record does not know that it is she."""
    seen = referring.refer(
        walk.session, None, court, name, "She cries at night.", walk.now, source="a neighbour",
        **more,
    )  # fmt: skip
    return seen.id


def same(walk: Walk, second: UUID, known: UUID | None = None, who: str = "Greta") -> CaseFile:
    return recognising.same_person(
        walk.session, walk.officer(who), second, known or walk.id, walk.now
    )


def file_of(walk: Walk, file_id: UUID) -> CaseFile:
    seen = files.case_file(walk.session, file_id)
    assert seen is not None
    return seen


def shown(walk: Walk, file_id: UUID, who: str = "Greta") -> dict[str, Any]:
    return facts.file_of(walk.session, walk.officer(who), file_id, walk.now)


def referrals(walk: Walk, file_id: UUID) -> int:
    asked = select(Referral).where(Referral.case_file == file_id)
    return len(walk.session.exec(asked).all())


def refuse(walk: Walk) -> None:
    deciding.decide(
        walk.session, walk.officer("Camille"), walk.id, DecisionKind.REFUSE, REASONS, walk.now
    )


def test_a_name_like_hers_is_shown_to_who_decides_and_to_nobody_else(walk: Walk) -> None:
    walk.until("open")
    sheets.change_circumstances(walk.session, walk.officer("Lea"), walk.id, SHEET, walk.now)
    report(walk, "Bea INVENTEE")
    report(walk, court=EXAMPLE)
    second = report(walk)
    found = shown(walk, second)["namesakes"]
    assert [(one["id"], one["name"], one["born"]) for one in found] == [
        (str(walk.id), "Ana FICTIVE", "1990-02-03")
    ], "not the stranger, and not the other court's"
    assert [one["id"] for one in shown(walk, walk.id, "Camille")["namesakes"]] == [str(second)]
    assert shown(walk, walk.id, "Lea")["namesakes"] == []
    walk.go_on("open")
    assert shown(walk, walk.id, "Camille")["namesakes"] == [], "it is decided"


def test_in_a_large_court_a_particle_hides_no_namesake(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many files as are compared have a “d” in their names, and are newer than hers."""
    monkeypatch.setattr(namesakes, "MOST", 3)
    hers = report(walk, "Ana d'Exemple")
    for name in ("Bea INVENTEE DU BOURG", "Dora FICTIVE", "Edda INVENTEE"):
        walk.world.wait(minutes=1)
        report(walk, name)
    second = report(walk, "Anna D’EXEMPLE")
    assert [one["id"] for one in shown(walk, second)["namesakes"]] == [str(hers)]


def test_what_the_neighbour_reported_goes_on_in_her_open_file(walk: Walk) -> None:
    walk.until("open")
    second = report(walk, is_urgent=True)
    kept = same(walk, second)
    assert kept.id == walk.id
    assert (referrals(walk, walk.id), referrals(walk, second)) == (2, 0)
    gone = file_of(walk, second)
    assert (gone.state, gone.merged_into) == ("merged", walk.id)
    assert gone.purge_at is not None
    assert shown(walk, second)["deadlines"] == []
    assert {one.kind for one in walk.chase()} == {DeadlineKind.REFERRAL_WAITING}, "it was urgent"
    assert {"FileMerged", "FileJoined"} <= set(acts(walk))
    assert [o["id"] for o in shown(walk, walk.id)["others"]] == [str(second)]
    assert shown(walk, second)["merged_into"] == str(walk.id)


def test_the_second_row_of_her_name_is_emptied(walk: Walk) -> None:
    walk.until("open")
    second = report(walk)
    double = file_of(walk, second).person
    same(walk, second)
    row = walk.session.get(ProtectedPerson, double, populate_existing=True)
    assert row is not None
    assert row.name == ""
    assert file_of(walk, second).person == walk.file().person


def test_an_urgent_report_of_a_woman_who_carries_one_is_told_at_once(walk: Walk) -> None:
    walk.until("hand_over")
    before = open_kinds(walk)
    same(walk, report(walk, is_urgent=True))
    assert open_kinds(walk) == before, "nothing is to be decided"
    told = select(Notice).where(Notice.case_file == walk.id, col(Notice.is_urgent))
    assert walk.session.exec(told).first() is not None


def test_after_a_refusal_the_new_file_goes_on_with_her_history(walk: Walk) -> None:
    walk.until("find")
    refuse(walk)
    first, walk.file_id = walk.id, report(walk)
    assert same(walk, walk.id, first).id == walk.id
    assert walk.file().state == "reported"
    assert walk.file().person == file_of(walk, first).person
    assert [o["id"] for o in shown(walk, walk.id)["others"]] == [str(first)]
    for step in (walk.open, walk.find, walk.grant):
        step()
    assert walk.file().state == "granted"
    assert "PersonRecognised" in acts(walk)


def test_a_known_woman_gets_no_second_open_file_and_no_second_grant(walk: Walk) -> None:
    walk.until("grant")
    second = report(walk)
    same(walk, second)
    with pytest.raises(WrongState):
        deciding.decide(
            walk.session, walk.officer("Camille"), second, DecisionKind.GRANT, REASONS * 2, walk.now
        )
    granted = select(Decision).where(Decision.kind == "grant")
    assert len(walk.session.exec(granted).all()) == 1
    double = CaseFile(
        id=ids.new(walk.now), court=NANTERRE, person=walk.file().person, state="decision_pending",
        opened_at=walk.now, changed_at=walk.now,
    )  # fmt: skip
    assert files.add_unless_refused(walk.session, double) == "case_file_one_open"
    with pytest.raises(IntegrityError, match="case_file_one_open"), walk.session.begin_nested():
        walk.session.connection().execute(
            text("UPDATE case_file SET state = 'granted' WHERE id = :id"), {"id": second}
        )


def test_a_merged_file_says_into_which(walk: Walk) -> None:
    walk.until("refer")
    with pytest.raises(IntegrityError, match="merged_somewhere"), walk.session.begin_nested():
        walk.session.connection().execute(
            text("UPDATE case_file SET state = 'merged', purge_at = now() WHERE id = :id"),
            {"id": walk.id},
        )


def test_only_an_undecided_file_of_ones_own_court_is_joined(walk: Walk) -> None:
    walk.until("grant")
    second, elsewhere = report(walk), report(walk, court=EXAMPLE)
    with pytest.raises(WrongState, match="not decided"):
        same(walk, walk.id, second)
    with pytest.raises(Incomplete, match="within your reach"):
        same(walk, second, elsewhere)
    with pytest.raises(Incomplete, match="within your reach"):
        recognising.same_person(walk.session, walk.officer("Greta"), second, None, walk.now)
    with pytest.raises(NotAllowed):
        same(walk, second, who="Lea")
    with pytest.raises(WrongState, match="of one person"):
        same(walk, second, second)
    assert same(walk, second).id == walk.id


def test_a_new_report_after_the_end_opens_a_file_of_the_same_woman(walk: Walk) -> None:
    walk.until("take_back")
    greta = walk.officer("Greta")
    made = recognising.new_file(walk.session, greta, walk.id, "He is back.", walk.now)
    assert (made.state, made.person, made.court) == ("reported", walk.file().person, NANTERRE)
    again = recognising.new_file(walk.session, greta, walk.id, "Again.", walk.now)
    assert again.id == made.id, "one more report in it"
    assert referrals(walk, made.id) == 2
    with pytest.raises(WrongState, match="add the report"):
        recognising.new_file(walk.session, greta, made.id, "Again.", walk.now)


def test_a_merged_file_is_forgotten_on_its_day_and_she_is_not(walk: Walk) -> None:
    walk.until("hand_over")
    second = report(walk)
    same(walk, second)
    walk.world.wait(days=190)
    purge(walk.session, walk.now)
    assert file_of(walk, second).state == "purged"
    assert file_of(walk, second).merged_into is None
    person = files.person(walk.session, walk.file().person)
    assert person is not None
    assert person.name == "Ana FICTIVE"


@pytest.mark.parametrize("number", ["", "42x", "TGD 42", "9" * 13])
def test_what_is_no_number_of_a_file_is_said(walk: Walk, number: str) -> None:
    walk.until("refer")
    one = file_acts.BY_NAME["same-person"]
    with pytest.raises(Incomplete, match="like TGD-000042"):
        one.doing(
            walk.session,
            walk.officer("Greta"),
            walk.id,
            {"file": number, "compared": True},
            walk.now,
            None,
        )


def joins(walk: Walk, second: UUID, known: UUID) -> Callable[[Session], Any]:
    return lambda session: recognising.same_person(
        session, officer(session, "Greta", Role.REGISTRY, walk.now), second, known, walk.now
    )


def test_two_who_recognise_her_at_once_leave_one_open_file(walk: Walk, engine: Any) -> None:
    """Of three files, two are each joined to the refused one at the same moment; and crosswise."""
    for crosswise in [False, True] * (rounds(10) // 2):
        walk.until("find")
        if not crosswise:
            refuse(walk)
        second, third = report(walk), report(walk)
        walk.session.commit()
        pairs = [(second, third), (third, second)] if crosswise else [
            (second, walk.id), (third, walk.id)]  # fmt: skip
        answers = both(engine, *[joins(walk, *pair) for pair in pairs])
        assert any(not isinstance(a, Refusal) for a in answers), answers
        assert all(isinstance(a, CaseFile | SomebodyWasFaster | WrongState) for a in answers)
        walk.session.expire_all()
        people = {file_of(walk, second).person, file_of(walk, third).person}
        opened = [f for f in (second, third) if file_of(walk, f).state != "merged"]
        assert len(opened) >= 1
        assert len(opened) == 1 or len(people) == 2
        walk.session.commit()


def test_what_she_agreed_to_once_gives_her_no_other_handset(walk: Walk) -> None:
    """Two months after the first came back she is reported anew: she is asked anew, too."""
    walk.until("take_back")
    walk.world.wait(days=60)
    greta = walk.officer("Greta")
    made = recognising.new_file(walk.session, greta, walk.id, "He is back.", walk.now)
    walk.file_id = made.id
    for step in (walk.open, walk.find, walk.grant):
        step()
    missing = equipping.readiness(walk.session, greta, walk.id, walk.now)
    assert {Missing.DEVICE_CONSENT, Missing.GEOLOCATION_ANSWER} <= set(missing)
    assert set(shown(walk, walk.id)["consents"].values()) == {None}
    walk.consent()
    missing = equipping.readiness(walk.session, greta, walk.id, walk.now)
    assert not {Missing.DEVICE_CONSENT, Missing.GEOLOCATION_ANSWER} & set(missing)
