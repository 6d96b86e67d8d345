"""What somebody outside the pages must be told about files and handsets, and how often; white."""

from datetime import datetime, timedelta
from enum import StrEnum

from tgd.rules.deadlines import DeadlineKind

FIRST_RETRY_S, SLOWEST_RETRY_S = 15.0, 3600.0
SENT_AGAIN_FOR = timedelta(days=1)
"""A text of a day that does not arrive is sent again so long: then the next day's says the same."""


class NoticeKind(StrEnum):
    """Why somebody is told."""

    REMINDER = "reminder"  # a deadline of a file has come near, or has passed
    ESCALATION = "escalation"  # and its owner has not acknowledged it
    HANDSET = "handset"  # lost, stolen, broken, or found again
    STOCK = "stock"  # what is always left in a stock was used: order
    SHEET = "sheet"  # whoever keeps a copy of a case sheet has an old one
    ERASURE = "erasure"  # whoever keeps a copy of a case sheet erases it: the handset is back
    PROFILE = "profile"  # who carries which handset, for the platform that keeps profiles
    UNDELIVERED = "undelivered"  # a text about one of these did not arrive


def is_for_machines(kind: NoticeKind) -> bool:
    """Whether no telephone is told of it: nobody keeps a copy of a case sheet on one."""
    return kind in (NoticeKind.SHEET, NoticeKind.ERASURE, NoticeKind.PROFILE)


RELEASE_IS_NEAR = timedelta(days=2)


def is_urgent(
    kind: DeadlineKind, due_at: datetime, now: datetime, *, is_first: bool, is_reported_urgent: bool
) -> bool:
    """Whether a deadline that comes near cannot wait for tomorrow's text: said for the first time,
    and she is in danger now, agrees no more to what she carries, or he comes out."""
    if not is_first:
        return False
    if kind is DeadlineKind.REFERRAL_WAITING:
        return is_reported_urgent
    if kind is DeadlineKind.RELEASE:
        return due_at - now <= RELEASE_IS_NEAR
    return kind is DeadlineKind.CONSENT_WITHDRAWN


def telling_key(
    notice: str, kind: NoticeKind, to_human: bool, destination: str, day: str, *,
    urgent: str = "",
) -> str:  # fmt: skip
    """One notice is told once to each destination; a human's telephone hears of deadlines once a
    day, for it says no more than to look, and of each handset and each urgent matter by itself.

    An urgent matter is named: what prosecutor and association are told of one release is one text.
    """
    if to_human and kind is not NoticeKind.HANDSET:
        return f"{kind}:{urgent or day}:{destination}"
    return f"{notice}:{destination}"


def again_at(attempt: int, now: datetime) -> datetime:
    """When it is told again after so many attempts: for ever, at last once an hour."""
    return now + timedelta(seconds=min(FIRST_RETRY_S * 2 ** min(attempt - 1, 20), SLOWEST_RETRY_S))


def sent_again_at(
    kind: NoticeKind, attempt: int, made_at: datetime, now: datetime
) -> datetime | None:
    """When a text that did not arrive is sent again; None: tomorrow there is another one."""
    is_repeated = kind not in (NoticeKind.HANDSET, NoticeKind.STOCK)
    if is_repeated and now - made_at >= SENT_AGAIN_FOR:
        return None
    return again_at(attempt, now)
