"""What the stories of an allocation share: a court with its people, and questions to it."""

import pytest
from sqlmodel import col, select

from tests.walking import REASONS, Walk
from tgd.allocation import deciding
from tgd.records import Allocation, Handset, Journal
from tgd.rules.allocation import DecisionKind
from tgd.store import deadlines

WITHOUT = "Without the ban there is nothing yet, but he is on the run and was seen near her home."


@pytest.fixture(name="walk")
def made_walk(world) -> Walk:
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


def allocations(walk: Walk) -> list[Allocation]:
    walk.session.expire_all()
    return list(walk.session.exec(select(Allocation).order_by(col(Allocation.id))))


def real_alert(walk: Walk):
    return next(a for a in walk.world.alerts() if a.lane == "real" and a.state != "closed")


def state_of(walk: Walk, handset: str) -> str:
    return walk.session.get(Handset, handset, populate_existing=True).state
