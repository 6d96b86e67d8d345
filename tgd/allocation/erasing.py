"""What is kept of a file outside is asked back by the service itself, and its erasure is heard.

The platform is told when the file has ended, with the moment by which its copy must be gone, and
says when it is. Rooms and associations read the sheet here: whoever of them has printed it is asked
by the registry.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session

from tgd.allocation.acting import write
from tgd.allocation.sheets import PLATFORM
from tgd.records import CaseFile
from tgd.rules.deadlines import DeadlineKind
from tgd.rules.notice import NoticeKind
from tgd.store import deadlines, equipment, files, notices, purging


def ask(session: Session, seen: CaseFile, erase_by_at: datetime, now: datetime) -> None:
    """Every copy outside must be gone by then; a platform that has one is told so."""
    if not equipment.erase_copies(session, seen.id, erase_by_at):
        return
    if purging.open_copies(session, seen.id, PLATFORM):
        about = f"by {erase_by_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        notices.add(session, NoticeKind.ERASURE, about, now, file=seen.id)


def hear_erased(session: Session, file_id: UUID, by: str, now: datetime) -> bool:
    """The platform says that its copy is gone: that settles the deadline. False when it is no
    news."""
    seen = files.case_file(session, file_id)
    copies = purging.copies_erased(session, file_id, now, PLATFORM)
    kinds = [DeadlineKind.PLATFORM_ERASURE]
    is_settled = seen is not None and deadlines.settle(session, file_id, kinds, by, now)
    if not (copies or is_settled):
        return False
    write(session, by, "CopiesErased", now, file=file_id, copies=copies, holder=PLATFORM)
    return True
