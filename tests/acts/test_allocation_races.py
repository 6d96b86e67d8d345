"""Two people at once: the schema and compare-and-set leave one winner, and tell the other."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from tests.acts.racing import both, rounds, won
from tests.conftest import NOW
from tests.walking import REASONS, Walk
from tests.world import World
from tgd import inventory
from tgd.allocation import deciding, equipping, stock
from tgd.allocation.acting import NotYet, officer
from tgd.errors import Refusal
from tgd.records import Allocation, CaseFile, Decision, Handset, ProtectedPerson
from tgd.rules.access import Role
from tgd.rules.allocation import DecisionKind, EndReason
from tgd.rules.handset import IncidentKind


@pytest.fixture
def walk(session, keys) -> Walk:
    return Walk(World(session, keys, NOW)).settle_in()


def test_two_prosecutors_sign_at_once_and_one_is_told_who_has(walk, engine):
    kinds = {"Camille": DecisionKind.GRANT, "Cyril": DecisionKind.REFUSE}

    def sign(who: str, file_id: UUID) -> Callable[[Session], Any]:
        return lambda session: deciding.decide(
            session, officer(session, who, Role.PROSECUTOR, walk.now), file_id, kinds[who],
            REASONS, walk.now,
        )  # fmt: skip

    winners = set()
    for _ in range(rounds(20)):
        walk.until("find")
        walk.session.commit()
        answers = both(engine, sign("Camille", walk.id), sign("Cyril", walk.id))
        signed = [a for a in answers if isinstance(a, Decision)]
        told = [a for a in answers if isinstance(a, deciding.AlreadyDecided)]
        assert (len(signed), len(told)) == (1, 1), answers
        assert (told[0].by, told[0].kind) == (signed[0].by, signed[0].kind)
        kept = walk.session.exec(select(Decision).where(Decision.case_file == walk.id)).all()
        assert [d.kind for d in kept] == [signed[0].kind]
        winners.add(signed[0].by)
        walk.session.commit()
    print(f"\n{rounds(20)} races of two prosecutors, won by {sorted(winners)}")


def test_one_handset_is_kept_for_one_of_two_files(walk, engine):
    def keep(file_id: UUID, handset: str) -> Callable[[Session], Any]:
        return lambda session: equipping.reserve(
            session, officer(session, "Greta", Role.REGISTRY, walk.now), file_id, handset, walk.now
        )

    for _ in range(rounds(20)):
        walk.until("grant")
        first = walk.id
        walk.until("grant")
        handset = walk.order(None)
        walk.session.commit()
        answers = both(engine, keep(first, handset), keep(walk.id, handset))
        assert sum(isinstance(a, Refusal) for a in answers) == 1, answers
        kept = walk.session.get(Handset, handset, populate_existing=True)
        assert (kept.state, kept.version) == ("reserved", 3)
        walk.session.commit()


def hand_over(walk: Walk, file_id: UUID) -> Callable[[Session], Any]:
    return lambda session: equipping.hand_over(
        session, officer(session, "Greta", Role.REGISTRY, walk.now), file_id, walk.now
    )


def withdraw(walk: Walk, file_id: UUID) -> Callable[[Session], Any]:
    return lambda session: deciding.withdraw(
        session, officer(session, "Camille", Role.PROSECUTOR, walk.now), file_id,
        EndReason.DANGER_ENDED, REASONS, walk.now, safety_checked=True, release_checked=True,
    )  # fmt: skip


def test_a_hand_over_and_a_withdrawal_at_once_leave_one_of_both(walk, engine):
    for _ in range(rounds(5)):
        walk.handset = walk.order(None)
        walk.until("test")
        walk.session.commit()
        answers = both(engine, hand_over(walk, walk.id), withdraw(walk, walk.id))
        done = [a for a in answers if not isinstance(a, Refusal | NotYet)]
        walk.session.expire_all()
        pair = (walk.file().state, walk.session.get(Handset, walk.handset).state)
        assert pair in {("active", "issued"), ("withdrawn", "return_due"), ("closed", "in_stock")}
        assert len(done) == 1 or pair == ("withdrawn", "return_due")
        walk.session.commit()


def unreserve(walk: Walk, file_id: UUID) -> Callable[[Session], Any]:
    def act(session: Session) -> str:
        greta = officer(session, "Greta", Role.REGISTRY, walk.now)
        equipping.unreserve(session, greta, file_id, walk.now)
        return "let go"

    return act


def lose(walk: Walk, handset: str) -> Callable[[Session], Any]:
    return lambda session: stock.report_incident(
        session, officer(session, "Lea", Role.ASSOCIATION, walk.now), handset, IncidentKind.LOST,
        "Dans le bus", walk.now,
    )  # fmt: skip


def test_a_hand_over_and_its_handset_let_go_at_once_leave_one_of_both(walk, engine):
    for _ in range(rounds(5)):
        walk.handset = walk.order(None)
        walk.until("test")
        walk.session.commit()
        answers = both(engine, hand_over(walk, walk.id), unreserve(walk, walk.id))
        walk.session.expire_all()
        pair = (walk.file().state, walk.session.get(Handset, walk.handset).state)
        assert pair in {("active", "issued"), ("granted", "in_stock")}, answers
        walk.session.commit()


def test_a_replacement_handed_over_while_the_first_is_said_to_be_lost(walk, engine):
    """Both touch her file and the handset that she had: they take turns."""
    for _ in range(rounds(5)):
        walk.handset = walk.order(None)
        walk.until("hand_over")
        first = walk.handset
        walk.handset = walk.order(None)
        for step in ("reserve", "provision", "test"):
            getattr(walk, step)()
        walk.session.commit()
        answers = both(engine, hand_over(walk, walk.id), lose(walk, first))
        done = [a for a in answers if not isinstance(a, Refusal)]
        assert done, answers
        walk.session.expire_all()
        open_ones = walk.session.exec(
            select(Allocation).where(
                Allocation.person == walk.file().person, Allocation.ended_at.is_(None)
            )
        ).all()
        assert len(open_ones) == 1, answers
        walk.session.commit()


def given(
    session: Session, handset: str, person: UUID, decision: UUID | None, begins: int = 0,
    ended: int | None = None,
) -> str:  # fmt: skip
    """A row past the acts, for 180 days from a day on; it may have ended on another one."""
    first = NOW + timedelta(days=begins)
    session.add(
        Allocation(
            id=uuid4(), handset=handset, person=person, decision=decision,
            period=Range(first, first + timedelta(days=180)),
            ended_at=None if ended is None else NOW + timedelta(days=ended),
        )
    )  # fmt: skip
    session.flush()
    return "given"


@pytest.fixture
def two(session):
    """Ana and Bella, two handsets, and a grant for each."""
    people, phones, grants = [uuid4(), uuid4()], ["hana", "hbella"], []
    for person, phone in zip(people, phones, strict=True):
        session.add(ProtectedPerson(id=person, name="Une FICTIVE", places=[]))
        session.add(Handset(id=phone, state="issued", enrolled_at=NOW))
        session.flush()
        grants.append(
            inventory.decide_on_paper(session, person, (NOW, NOW + timedelta(days=180)), NOW)
        )
    session.commit()
    return people, phones, grants


def race_of_rows(engine: Engine, *rows: Callable[[Session], Any], deadlocks: bool = False) -> int:
    """One row is there afterwards, and gone for the next race; gives whose."""
    answers = both(engine, *rows, deadlocks=deadlocks)
    winners = won(answers)
    assert len(winners) == 1, answers
    assert deadlocks or isinstance(answers[1 - winners[0]], IntegrityError), answers
    with Session(engine) as session:
        assert len(session.exec(select(Allocation)).all()) == 1
        session.connection().exec_driver_sql("DELETE FROM allocation")
        session.commit()
    return winners[0]


@pytest.mark.parametrize("one", ["handset", "person"])
def test_the_schema_knows_no_second_allocation_of_a_handset_or_to_a_person(two, engine, one):
    people, phones, grants = two
    for _ in range(rounds(20)):
        race_of_rows(
            engine,
            lambda s: given(s, phones[0], people[0], grants[0]),
            lambda s: (
                given(s, phones[0], people[1], grants[1])
                if one == "handset"
                else given(s, phones[1], people[0], grants[0])
            ),
        )


@pytest.mark.parametrize("one", ["handset", "person"])
@pytest.mark.parametrize("ended", [None, 200], ids=["one still open", "both ended"])
def test_the_schema_knows_no_overlapping_period(two, engine, one, ended):
    """The first has ended and its period has not: the second begins a hundred days too early."""
    people, phones, grants = two
    for _ in range(rounds(20)):
        race_of_rows(
            engine,
            lambda s: given(s, phones[0], people[0], grants[0], ended=90),
            lambda s: (
                given(s, phones[0], people[1], grants[1], 80, ended)
                if one == "handset"
                else given(s, phones[1], people[0], grants[0], 80, ended)
            ),
            deadlocks=True,
        )


@pytest.mark.parametrize("wrong", ["nobody's", "another's", "none"])
def test_a_hand_over_without_a_decision_never_wins_against_one_with_it(two, engine, wrong):
    people, phones, grants = two
    decision = {"nobody's": uuid4(), "another's": grants[1], "none": None}[wrong]
    for _ in range(rounds(20)):
        winner = race_of_rows(
            engine,
            lambda s: given(s, phones[0], people[0], grants[0]),
            lambda s: given(s, phones[0], people[0], decision),
        )
        assert winner == 0


def test_who_comes_second_at_the_command_line_is_told_so_and_never_that_the_record_is_away(
    session, engine
):
    """Ana's and Bella's neighbours are both given the same handset, and Ana two of them."""
    for n in range(rounds(20)):
        first, second = (
            inventory.enroll(session, f"+3363998{2 * n + k:04d}", NOW, secret="s") for k in (0, 1)
        )
        ana, bella = uuid4(), uuid4()
        for person in (ana, bella):
            session.add(ProtectedPerson(id=person, name="Une FICTIVE", places=[]))
        session.commit()
        days = (NOW, NOW + timedelta(days=180))
        rivals = [(first, ana), (first, bella)] if n % 2 else [(first, ana), (second, ana)]
        answers = both(
            engine,
            *[lambda s, r=r, days=days: inventory.allocate(s, *r, days, NOW) for r in rivals],
        )
        refused = [a for a in answers if isinstance(a, inventory.Overlaps)]
        assert len(refused) == 1, answers
        assert sum(isinstance(a, UUID) for a in answers) == 1, answers


@pytest.mark.parametrize("wrong", ["nobody's", "another's", "a refusal", "none"])
def test_the_schema_knows_no_hand_over_without_a_grant_for_that_person(two, session, wrong):
    people, phones, grants = two
    decision = {"nobody's": uuid4(), "another's": grants[1], "none": None}.get(wrong)
    if wrong == "a refusal":
        file = session.exec(select(CaseFile).where(CaseFile.person == people[0])).one()
        other = CaseFile(
            id=uuid4(), person=people[0], state="refused", opened_at=NOW, changed_at=NOW,
            purge_at=NOW,
        )  # fmt: skip
        refusal = Decision(
            id=uuid4(), case_file=other.id, person=people[0], kind="refuse", reasons=REASONS,
            text_version="x", advice={}, by="Camille", signed_at=NOW, content_hash="x",
        )  # fmt: skip
        session.add_all([other, refusal])
        session.flush()
        assert file.id != other.id
        decision = refusal.id
    with pytest.raises(IntegrityError):
        given(session, phones[0], people[0], decision)
    session.rollback()


@pytest.mark.parametrize("state", ["closed", "refused", "expired"])
def test_the_schema_knows_no_end_without_a_reason_or_a_day_of_forgetting(two, session, state):
    people, _, _ = two
    session.add(CaseFile(id=uuid4(), person=people[0], state=state, opened_at=NOW, changed_at=NOW))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
