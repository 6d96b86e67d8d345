"""Two people move, keep or take over the same thing at once: one does, the other is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.acts.racing import both, rounds, won
from tests.conftest import NOW
from tests.walking import EXAMPLE, NANTERRE, OTHER_POOL, POOL, REASONS, Walk
from tests.world import World
from tgd import accounts
from tgd.allocation import courts, equipping, returning, stock, transferring
from tgd.allocation.acting import officer
from tgd.records import Allocation, FileTransfer, Handset, HandsetTransfer, Provisioning
from tgd.rules.access import Role
from tgd.rules.handset import HandsetState

THIRD_POOL = "NANTERRE-2"
THIRD = "TJ-TIERS"
Racer = Callable[[Session], Any]


@pytest.fixture
def walk(session: Session, keys: Any) -> Walk:
    """A second prosecutor in the other court, a third court, and a second stock in the first."""
    walk = Walk(World(session, keys, NOW)).settle_in()
    courts.make_court(session, THIRD, "TJ tiers", "Europe/Paris", NOW)
    courts.make_pool(session, THIRD_POOL, NANTERRE, "Commissariat", NOW)
    accounts.make_account(session, "Pia", Role.PROSECUTOR, "no hash", NOW)
    walk.people["Pia"] = ("Pia", Role.PROSECUTOR)
    courts.clear(session, None, "Pia", NOW + timedelta(days=900), NOW, court=EXAMPLE)
    return walk


def by(walk: Walk, who: str, act: Callable[..., Any], *about: Any, **more: Any) -> Racer:
    """This act of this person; what it gives, or a word where it gives nothing."""
    now, role = walk.now, walk.people[who][1]
    return lambda s: act(s, officer(s, who, role, now), *about, now, **more) or "done"


def one_wins(engine: Engine, *acts: Racer) -> int:
    answers = both(engine, *acts)
    winners = won(answers)
    assert len(winners) == 1, answers
    return winners[0]


def handset_of(walk: Walk, handset: str) -> Handset:
    found = walk.session.get(Handset, handset, populate_existing=True)
    assert found is not None
    return found


def test_a_handset_is_sent_to_one_of_two_stocks(walk: Walk, engine: Engine) -> None:
    for _ in range(rounds(20)):
        handset = walk.order(None)
        walk.session.commit()
        pools = (OTHER_POOL, THIRD_POOL)
        winner = one_wins(engine, *[by(walk, "Sofia", stock.transfer, handset, p) for p in pools])
        assert handset_of(walk, handset).pool == pools[winner]
        sent = walk.session.exec(
            select(HandsetTransfer.to_pool).where(HandsetTransfer.handset == handset)
        ).all()
        assert sent == [pools[winner]]
        walk.session.commit()


def test_a_handset_is_kept_for_her_or_sent_away(walk: Walk, engine: Engine) -> None:
    for _ in range(rounds(10)):
        walk.until("grant")
        handset = walk.order(None)
        walk.session.commit()
        winner = one_wins(
            engine,
            by(walk, "Greta", equipping.reserve, walk.id, handset),
            by(walk, "Sofia", stock.transfer, handset, OTHER_POOL),
        )
        there = handset_of(walk, handset)
        assert (there.state, there.pool) == [("reserved", POOL), ("in_stock", OTHER_POOL)][winner]
        walk.session.commit()


def test_a_handset_on_its_way_is_received_once(walk: Walk, engine: Engine) -> None:
    accounts.make_account(walk.session, "Sami", Role.STOCK_MANAGER, "no hash", NOW)
    walk.people["Sami"] = ("Sami", Role.STOCK_MANAGER)
    courts.clear(walk.session, None, "Sami", NOW + timedelta(days=900), NOW, court=EXAMPLE)
    for _ in range(rounds(20)):
        handset = walk.order(None)
        stock.transfer(walk.session, walk.officer("Sofia"), handset, OTHER_POOL, walk.now)
        walk.session.commit()
        people = ("Sacha", "Sami")
        winner = one_wins(engine, *[by(walk, who, stock.receive, handset) for who in people])
        (sent,) = walk.session.exec(
            select(HandsetTransfer).where(HandsetTransfer.handset == handset)
        ).all()
        assert sent.received_by == people[winner]
        walk.session.commit()


def test_two_handsets_are_not_kept_for_one_file(walk: Walk, engine: Engine) -> None:
    for _ in range(rounds(10)):
        walk.until("grant")
        handsets = [walk.order(None), walk.order(None)]
        walk.session.commit()
        winner = one_wins(
            engine, *[by(walk, "Greta", equipping.reserve, walk.id, h) for h in handsets]
        )
        kept = walk.session.exec(
            select(Provisioning.handset).where(
                Provisioning.case_file == walk.id, Provisioning.ended_at.is_(None)
            )
        ).all()
        assert kept == [handsets[winner]]
        assert handset_of(walk, handsets[1 - winner]).state == HandsetState.IN_STOCK
        walk.session.commit()


def transfer_of(walk: Walk, file_id: UUID) -> FileTransfer:
    (found,) = walk.session.exec(
        select(FileTransfer)
        .where(FileTransfer.case_file == file_id)
        .execution_options(populate_existing=True)
    ).all()
    return found


def test_one_of_two_courts_is_asked_to_take_a_file_over(walk: Walk, engine: Engine) -> None:
    for _ in range(rounds(20)):
        walk.until("open")
        walk.session.commit()
        asked = [("Camille", EXAMPLE), ("Cyril", THIRD)]
        winner = one_wins(
            engine,
            *[by(walk, w, transferring.ask_transfer, walk.id, c, REASONS) for w, c in asked],
        )
        assert transfer_of(walk, walk.id).to_court == asked[winner][1]
        walk.session.commit()


@pytest.mark.parametrize("other", ["accepts too", "refuses", "asks for it no longer"])
def test_a_file_goes_to_another_court_once(walk: Walk, engine: Engine, other: str) -> None:
    """With its handset in her hands: what the record says of both is the winner's answer."""
    for _ in range(rounds(5)):
        walk.handset = walk.order(None)
        walk.until("hand_over")
        walk.ask_elsewhere()
        walk.session.commit()
        asked = transfer_of(walk, walk.id).id
        against = {
            "accepts too": by(walk, "Pia", transferring.accept, asked, OTHER_POOL, REASONS),
            "refuses": by(walk, "Pia", transferring.refuse, asked, REASONS),
            "asks for it no longer": by(walk, "Camille", transferring.withdraw_transfer, walk.id),
        }[other]
        winner = one_wins(
            engine, by(walk, "Paul", transferring.accept, asked, OTHER_POOL, REASONS), against
        )
        goes = winner == 0 or other == "accepts too"
        found = transfer_of(walk, walk.id)
        assert found.answered_by == ["Paul", "Camille" if "longer" in other else "Pia"][winner]
        assert (found.outcome == "accepted") is goes
        there = handset_of(walk, walk.handset)
        held = walk.session.exec(
            select(Allocation.court).where(
                Allocation.handset == walk.handset, Allocation.ended_at.is_(None)
            )
        ).all()
        where = (EXAMPLE, OTHER_POOL) if goes else (NANTERRE, POOL)
        assert (walk.file().court, there.pool, held) == (*where, [where[0]])
        walk.session.commit()


def test_a_handset_comes_back_into_one_pair_of_hands(walk: Walk, engine: Engine) -> None:
    for _ in range(rounds(5)):
        walk.handset = walk.order(None)
        walk.until("withdraw")
        walk.session.commit()
        one_wins(
            engine,
            by(walk, "Greta", returning.take_back, walk.id, "Lea, Association Exemple"),
            by(walk, "Camille", returning.settle, walk.id, REASONS),
        )
        assert walk.file().state == "closed"
        walk.session.commit()
