"""She carries a handset that is recalled: somebody is told until another one is in her hands."""

from datetime import datetime

from sqlmodel import Session

from tgd.allocation.acting import handset
from tgd.records import CaseFile
from tgd.rules.allocation import AllocationState
from tgd.rules.deadlines import REPLACE_WITHIN, DeadlineKind, Planned
from tgd.store import deadlines

RUNS = (AllocationState.ACTIVE, AllocationState.SUSPENDED)
"""After the end of the period it is asked back in any case."""


def watch(session: Session, seen: CaseFile, handset_id: str, now: datetime) -> bool:
    """Plan its replacement if it is recalled; whether there is something to replace.

    A file without a court (by the command line's shortcut) is on nobody's page: the answer of the
    recall names its handset, and whoever gave it replaces it.
    """
    is_due = seen.court is not None and seen.state in RUNS
    if not is_due or handset(session, handset_id).recall is None:
        return False
    waits = Planned(DeadlineKind.RECALL_WAITING, now + REPLACE_WITHIN)
    deadlines.plan(session, seen.id, [waits], now)
    return True


def settle(session: Session, seen: CaseFile, by: str, now: datetime) -> None:
    """It is replaced, recalled no longer, or not in her hands any more."""
    deadlines.settle(session, seen.id, [DeadlineKind.RECALL_WAITING], by, now)
