"""A prosecutor decides: Ana's walk from referral to return, as those who walk it with her say it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from tests.walking import EXAMPLE, LEAD, MET, NANTERRE, OTHER_POOL, POOL, REASONS, SHEET, Walk
from tgd.allocation import chasing, courts, deciding, equipping, referring, returning, sheets, stock
from tgd.allocation.acting import NotThere, NotYet
from tgd.errors import Incomplete, NotAllowed, SomebodyWasFaster, WrongState
from tgd.records import (
    Allocation,
    CaseSheet,
    Deadline,
    Decision,
    Handset,
    Journal,
    ProtectedPerson,
    SheetCopy,
)
from tgd.rules.allocation import DecisionKind, EndReason
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.guards import Missing
from tgd.rules.handset import ConsentScope, IncidentKind
from tgd.rules.law import Condition, Route
from tgd.store import deadlines, equipment


@pytest.fixture
def walk(world) -> Walk:
    return Walk(world).settle_in()


def state(walk: Walk, handset: str | None = None) -> tuple[str, str]:
    walk.session.expire_all()
    found = walk.session.get(Handset, handset or walk.handset)
    return walk.file().state, found.state if found else ""


def open_kinds(walk: Walk) -> set[str]:
    return {one.kind for one in deadlines.of_file(walk.session, walk.id)}


def test_ana_walks_from_referral_to_return_and_the_handset_is_in_the_stock_again(walk):
    walk.until("hand_over")
    assert state(walk) == ("active", "issued")
    walk.go_on("hand_over")
    assert state(walk) == ("closed", "in_stock")
    assert walk.file().purge_at is not None
    assert open_kinds(walk) == {"platform_erasure", "traces_erasure"}
