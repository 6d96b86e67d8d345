"""SIGKILL between every two statements of an act: before or after, never between; she goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.acts.killed import AFTER_COMMIT, BEFORE_COMMIT, ON_THE_WIRE
from tests.acts.killing import DONE, KILLED, Program, program
from tests.acts.remembered import fingerprint, places_of
from tests.walking import EXAMPLE, OTHER_POOL, Walk
from tgd import journal
from tgd.errors import WrongState
from tgd.records import Handset
from tgd.store import chain

MOST_STATEMENTS = 200


@dataclass
class Desk:
    """The program whose children act and die, and the record that they leave."""

    program: Program
    engine: Engine
    walk: Walk
    done: int = 0
    """How many steps of the walk are done."""

    def do(self, act: str, where: int | str) -> int:
        """One act in a process of its own; its exit code, or -9."""
        return self.program.ask(self.walk, act=act, where=where)


@pytest.fixture
def desk(record_url: str, engine: Engine, keys: Any) -> Iterator[Desk]:
    with program(record_url, engine, keys) as (started, walk):
        yield Desk(started, engine, walk)


def kill_everywhere(desk: Desk, act: str) -> int:
    """Kill the act at each place; gives how many statements it has. It is done in the end."""
    before = fingerprint(desk.engine)
    statements = 0
    for n in range(1, MOST_STATEMENTS):
        ended = desk.do(act, n)
        if ended == DONE:
            break
        assert ended == KILLED, f"“{act}” failed before statement {n}"
        assert fingerprint(desk.engine) == before, f"“{act}” left something at statement {n}"
        statements = n
    assert statements > 3
    assert fingerprint(desk.engine) != before, f"“{act}” changed nothing"
    return statements


def kill_around_the_commit(desk: Desk, act: str) -> str:
    """Before the commit nothing is there; on the wire it is all there or not at all; afterwards it
    is. Gives what became of the one on the wire."""
    before = fingerprint(desk.engine)
    assert desk.do(act, BEFORE_COMMIT) == KILLED
    assert fingerprint(desk.engine) == before
    assert desk.do(act, ON_THE_WIRE) == KILLED
    if fingerprint(desk.engine) != before:
        return "kept"
    assert desk.do(act, AFTER_COMMIT) == KILLED
    assert fingerprint(desk.engine) != before
    return "lost"


def go_to(desk: Desk, act: str) -> None:
    """The steps before this one, by the people themselves."""
    walk = desk.walk
    names = [step.__name__ for step in walk.steps]
    for step in walk.steps[desk.done : names.index(act)]:
        walk.world.wait(minutes=1)
        step()
    walk.world.wait(minutes=1)
    walk.session.commit()
    desk.done = names.index(act) + 1


ACTS = ("grant", "hand_over", "withdraw", "take_back")
AFTER = {"grant": "granted", "hand_over": "active", "withdraw": "withdrawn", "take_back": "closed"}


@pytest.mark.timeout(600)
def test_a_kill_between_any_two_statements_leaves_the_act_undone_and_she_goes_on(desk: Desk):
    killed = {}
    for act in ACTS:
        go_to(desk, act)
        killed[act] = kill_everywhere(desk, act)
        assert desk.walk.file().state == AFTER[act]
        desk.walk.session.commit()
    print(f"\nstatements killed before: {killed}")
    go_to_the_end(desk)


@pytest.mark.timeout(600)
def test_a_kill_around_the_commit_leaves_all_or_nothing_and_twice_is_refused(desk: Desk):
    found = {}
    for act in ACTS:
        go_to(desk, act)
        found[act] = kill_around_the_commit(desk, act)
        assert desk.walk.file().state == AFTER[act]
        again = decided_already(desk) if act == "grant" else refused_twice(desk, act)
        assert again, f"“{act}” was done twice"
        desk.walk.session.commit()
    print(f"\nwith the commit on the wire: {found}")
    go_to_the_end(desk)


ELSEWHERE = ("be_recalled", "ask_elsewhere", "be_taken_over")


@pytest.mark.timeout(600)
def test_a_kill_in_a_recall_or_a_transfer_leaves_her_and_her_handset_where_they_were(desk: Desk):
    """Between any two statements and around the commit: one court has file and handset, whole."""
    go_to(desk, "hand_over")
    desk.walk.hand_over()
    desk.walk.session.commit()
    killed = {}
    for act in ELSEWHERE:
        desk.walk.world.wait(minutes=1)
        killed[act] = kill_everywhere(desk, act)
        desk.walk.session.rollback()
    print(f"\nstatements killed before: {killed}")
    handset = desk.walk.session.get(Handset, desk.walk.handset, populate_existing=True)
    assert handset is not None
    assert (desk.walk.file().court, handset.pool, handset.state) == (EXAMPLE, OTHER_POOL, "issued")
    with pytest.raises(AssertionError, match="nobody is asked"):
        desk.walk.be_taken_over()


@pytest.mark.timeout(600)
def test_a_kill_around_the_commit_of_an_agreement_or_a_transfer_is_all_or_nothing(desk: Desk):
    go_to(desk, "hand_over")
    desk.walk.hand_over()
    desk.walk.ask_elsewhere()
    desk.walk.session.commit()
    for act in ("agree", "be_taken_over"):
        desk.walk.world.wait(minutes=1)
        kill_around_the_commit(desk, act)
        desk.walk.session.rollback()
    assert desk.walk.file().court == EXAMPLE


def decided_already(desk: Desk) -> bool:
    with pytest.raises(AssertionError, match="AlreadyDecided"):
        desk.walk.grant()
    desk.walk.session.rollback()
    return True


def refused_twice(desk: Desk, act: str) -> bool:
    """The person does not know, and does it again: told that it is done, and nothing changes."""
    before = fingerprint(desk.engine)
    with pytest.raises((WrongState, AssertionError)):
        getattr(desk.walk, act)()
    desk.walk.session.rollback()
    return fingerprint(desk.engine) == before


def go_to_the_end(desk: Desk) -> None:
    """The handset comes back to the stock, the file is purged, killed at every statement too."""
    walk = desk.walk
    walk.go_on("take_back")
    walk.session.commit()
    handset = walk.session.get(Handset, walk.handset, populate_existing=True)
    assert handset is not None
    assert (walk.file().state, handset.state) == ("closed", "in_stock")
    purge_at = walk.file().purge_at
    assert purge_at is not None
    walk.world.now = purge_at
    walk.session.commit()
    print(f"purge: {kill_everywhere(desk, 'purge')} statements")
    assert walk.file().state == "purged"
    assert places_of(walk.session, "Ana FICTIVE") == set()
    while journal.seal(walk.session):
        continue
    verdict = journal.verify(
        chain.sealed_in_order(walk.session), chain.count_unsealed(walk.session)
    )
    assert (verdict.broken_at, verdict.unsealed) == (None, 0)
