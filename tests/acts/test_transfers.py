"""She moves: the other court signs, and in that moment the file, her handset and access are its."""

from datetime import timedelta

import pytest

from tests.acts.allocating import allocations, made_walk, open_kinds, state_of  # noqa: F401
from tests.walking import EXAMPLE, LEAD, NANTERRE, OTHER_POOL, POOL, REASONS, Walk
from tgd.allocation import chasing, deciding, equipping, reading, returning, sheets, transferring
from tgd.allocation.acting import NotThere, NotYet
from tgd.casework import facts
from tgd.errors import NotAllowed, WrongState
from tgd.papers.decision import decision
from tgd.papers.heading import Asked
from tgd.purge import purge
from tgd.records import Decision, FileTransfer, Handset
from tgd.rules.access import Role
from tgd.rules.deadlines import DeadlineKind
from tgd.store import files, transfers

MOVED = "She lives in Exempleville from today, with her sister."


def ask(walk: Walk, who: str = "Camille", court: str = EXAMPLE, why: str = MOVED):
    return transferring.ask_transfer(walk.session, walk.officer(who), walk.id, court, why, walk.now)


def accept(walk: Walk, asked: FileTransfer, who: str = "Paul", pool: str = OTHER_POOL, **more):
    return transferring.accept(
        walk.session, walk.officer(who), asked.id, pool, MOVED, walk.now, **more
    )


def reached_by(walk: Walk) -> set[str]:
    found = set()
    for who in ("Camille", "Cyril", "Paul", "Lea", "Noa"):
        try:
            facts.file_of(walk.session, walk.officer(who), walk.id, walk.now)
        except NotThere:
            continue
        found.add(who)
    return found


def test_until_the_other_court_signs_nothing_changes(walk: Walk) -> None:
    walk.until("hand_over")
    ask(walk)
    assert walk.file().court == NANTERRE
    assert reached_by(walk) == {"Camille", "Cyril", "Lea"}
    (waiting,) = transferring.transfers_shown(walk.session, walk.officer("Paul"), walk.now)[
        "waiting"
    ]
    assert (waiting["name"], waiting["reasons"], waiting["carries"]) == ("Ana FICTIVE", MOVED, True)


def test_file_handset_deadlines_and_access_go_in_one_moment(walk: Walk) -> None:
    walk.until("hand_over")
    before = walk.file().ends_at
    signed = accept(walk, ask(walk))
    assert isinstance(signed, Decision)
    assert (signed.kind, signed.by, signed.on_call) == ("transfer", "Paul", False)
    assert (walk.file().court, walk.file().state, walk.file().ends_at) == (
        EXAMPLE, "active", before,
    )  # fmt: skip
    assert reached_by(walk) == {"Paul", "Lea"}
    handset = walk.session.get(Handset, walk.handset, populate_existing=True)
    assert (handset.pool, handset.state) == (OTHER_POOL, "issued")
    assert [a.court for a in allocations(walk)] == [EXAMPLE]
    assert "transfer_waiting" not in open_kinds(walk)
    mine = {d.case_file for d in reading.deadlines_shown(walk.session, walk.officer("Paul"))}
    assert walk.id in mine
    theirs = {d.case_file for d in reading.deadlines_shown(walk.session, walk.officer("Camille"))}
    assert walk.id not in theirs
    with pytest.raises(NotThere):
        sheets.follow_up(walk.session, walk.officer("Camille"), walk.id, "Hello.", walk.now)


def test_the_court_before_keeps_the_number_and_the_answer_and_no_name(walk: Walk) -> None:
    walk.until("hand_over")
    accept(walk, ask(walk))
    said = transferring.transfers_shown(walk.session, walk.officer("Cyril"), walk.now)
    assert said["waiting"] == []
    (line,) = said["listed"]
    assert (line["number"], line["outcome"], line["answered_by"], line["is_here"]) == (
        walk.file().number, "accepted", "Paul", False,
    )  # fmt: skip
    assert "Ana" not in str(said)
    assert MOVED not in str(said), "words about her went with the file"
    (came,) = transferring.transfers_shown(walk.session, walk.officer("Paul"), walk.now)["listed"]
    assert came["is_here"]


def test_a_handset_that_is_only_prepared_stays_where_it_lies(walk: Walk) -> None:
    walk.until("press")
    accept(walk, ask(walk))
    handset = walk.session.get(Handset, walk.handset, populate_existing=True)
    assert (handset.pool, handset.state) == (POOL, "in_stock")
    assert "hand_over_waiting" in open_kinds(walk)
    with pytest.raises(WrongState):
        equipping.provision(
            walk.session, walk.officer("Sofia"), walk.handset, walk.now, secret="s" * 43
        )


@pytest.mark.parametrize("step", ["refer", "assess", "advise", "open", "grant", "withdraw"])
def test_a_file_goes_in_every_state_that_has_not_ended(walk: Walk, step: str) -> None:
    walk.until(step)
    before = walk.file().state
    accept(walk, ask(walk))
    assert (walk.file().court, walk.file().state) == (EXAMPLE, before)


def test_what_has_ended_goes_nowhere(walk: Walk) -> None:
    walk.until("withdraw")
    asked = ask(walk)
    walk.take_back()
    for act in (lambda: accept(walk, asked), lambda: ask(walk)):
        with pytest.raises(WrongState, match="has ended"):
            act()
    assert transferring.transfers_shown(walk.session, walk.officer("Paul"), walk.now)[
        "waiting"
    ] == []  # fmt: skip


def test_the_court_that_is_asked_is_reminded_and_the_one_that_waits_cannot_quiet_it(
    walk: Walk,
) -> None:
    walk.until("hand_over")
    ask(walk)
    told = [t for t in walk.chase() if t.kind is DeadlineKind.TRANSFER_WAITING]
    assert [t.to for t in told] == [Role.PROSECUTOR]
    with pytest.raises(NotThere):
        chasing.acknowledge(walk.session, walk.officer("Camille"), told[0].deadline, walk.now)
    due = {d.kind for d in reading.deadlines_shown(walk.session, walk.officer("Paul"))}
    assert "transfer_waiting" in due
    chasing.acknowledge(walk.session, walk.officer("Paul"), told[0].deadline, walk.now)
    walk.world.now = walk.file().ends_at
    walk.live_until((walk.now + timedelta(days=2)).date())
    assert walk.file().state == "expired"
    assert "transfer_waiting" in open_kinds(walk), "the end of the period answers nothing"


def test_a_refusal_leaves_it_and_is_told_to_the_court_that_had_asked(walk: Walk) -> None:
    walk.until("hand_over")
    asked = ask(walk)
    short = transferring.refuse(walk.session, walk.officer("Paul"), asked.id, "No.", walk.now)
    assert isinstance(short, NotYet)
    refused = transferring.refuse(walk.session, walk.officer("Paul"), asked.id, REASONS, walk.now)
    assert refused is None
    assert walk.file().court == NANTERRE
    assert "transfer_waiting" not in open_kinds(walk)
    (line,) = transferring.transfers_shown(walk.session, walk.officer("Camille"), walk.now)[
        "listed"
    ]
    assert (line["outcome"], line["answer"]) == ("refused", REASONS)
    with pytest.raises(WrongState, match="answered already"):
        accept(walk, asked)
    assert isinstance(ask(walk), FileTransfer), "and it may be asked again"


def test_who_asks_and_who_answers(walk: Walk) -> None:
    walk.until("hand_over")
    for who, error in (("Greta", NotAllowed), ("Lea", NotAllowed), ("Paul", NotThere)):
        with pytest.raises(error):
            ask(walk, who)
    for court in (NANTERRE, "TJ-NOWHERE"):
        with pytest.raises(NotThere):
            ask(walk, court=court)
    assert isinstance(ask(walk, why="moved"), NotYet)
    asked = ask(walk)
    with pytest.raises(WrongState, match="asked already"):
        ask(walk)
    for who, error in (("Camille", NotThere), ("Sacha", NotAllowed), ("Bruno", NotAllowed)):
        with pytest.raises(error):
            accept(walk, asked, who)
    with pytest.raises(NotThere, match="stock"):
        accept(walk, asked, pool=POOL)
    transferring.withdraw_transfer(walk.session, walk.officer("Cyril"), walk.id, walk.now)
    with pytest.raises(WrongState):
        accept(walk, asked)
    with pytest.raises(WrongState):
        transferring.withdraw_transfer(walk.session, walk.officer("Cyril"), walk.id, walk.now)


def test_another_association_may_accompany_her_there(walk: Walk) -> None:
    walk.until("hand_over")
    accept(walk, ask(walk), association="Another association")
    assert reached_by(walk) == {"Paul", "Noa"}
    (copy,) = facts.file_of(walk.session, walk.officer("Noa"), walk.id, walk.now)["person"][
        "copies"
    ]
    assert copy["name"] == "Another association"
    assert copy["name"] != LEAD


def test_her_file_says_that_the_sheet_is_older_than_the_move(walk: Walk) -> None:
    walk.until("hand_over")
    walk.world.wait(minutes=1)
    accept(walk, ask(walk))
    said = facts.file_of(walk.session, walk.officer("Paul"), walk.id, walk.now)
    assert said["came_from"]["from_court"] == NANTERRE
    assert said["person"]["confirmed_at"] < said["came_from"]["answered_at"]


def test_papers_name_the_court_that_signed(walk: Walk) -> None:
    walk.until("hand_over")
    walk.world.wait(minutes=1)
    accept(walk, ask(walk))
    asked = Asked(walk.officer("Paul"), walk.now, str)
    courts = {
        one.kind: decision(walk.session, asked, walk.id, one.id)["court"]
        for one in files.decisions(walk.session, walk.id)
    }
    assert courts == {"grant": "TJ de Nanterre", "transfer": "TJ d'Exemple"}


def test_the_new_court_renews_takes_back_and_forgets_all_of_it(walk: Walk) -> None:
    walk.until("hand_over")
    asked = ask(walk)
    transfer = asked.id
    accept(walk, asked)
    renewed = deciding.renew(walk.session, walk.officer("Paul"), walk.id, REASONS, walk.now)
    assert isinstance(renewed, Decision)
    walk.world.now = walk.file().ends_at
    walk.chase()
    assert state_of(walk, walk.handset) == "return_due"
    given = returning.take_back(
        walk.session, walk.officer("Paul"), walk.id, "Lea, Association Exemple", walk.now
    )
    assert not isinstance(given, NotYet)
    assert walk.file().state == "closed"
    walk.world.now = walk.file().purge_at
    purge(walk.session, walk.now)
    walk.session.expire_all()
    assert walk.file().state == "purged"
    assert walk.file().counts["transfers"] == 1
    assert transfers.transfer(walk.session, transfer) is None
