"""Institutions whose own software reports situations by a token: refer, and nothing else.

A partner is no account: it signs in nowhere, reads nothing, and learns of a report only that it is
kept. Its token is shown once and kept as a hash.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlmodel import Session

from tgd import ids
from tgd.allocation import referring
from tgd.allocation.acting import NotThere, clean, write
from tgd.allocation.courts import COMMAND_LINE
from tgd.errors import Incomplete, NotAllowed, WrongState
from tgd.records import Partner
from tgd.store import files
from tgd.store import partners as store

LONGEST_NAME = 40
OTHER_REQUEST = "This Idempotency-Key was used for another request."


def add_partner(
    session: Session, name: str, courts: Sequence[str], now: datetime, by: str = COMMAND_LINE
) -> tuple[Partner, str]:
    """A partner that reports to these courts, and its token, shown this once. Raises Incomplete,
    NotThere."""
    said = " ".join(name.split())
    if not said or len(said) > LONGEST_NAME or not said.isprintable():
        raise Incomplete(f"A partner's name has 1 to {LONGEST_NAME} printable characters.")
    if not courts:
        raise Incomplete("Name a court to which it reports.")
    if any(files.court(session, code) is None for code in courts):
        raise NotThere("There is no such court.")
    token = ids.new_secret()
    row = Partner(id=ids.new(now), name=said, token_hash=_kept(token), courts=sorted(set(courts)),
                  made_by=by, made_at=now)  # fmt: skip
    files.add(session, row)
    write(session, by, "PartnerMade", now, partner=str(row.id), courts=row.courts)
    return row, token


def revoke_partner(
    session: Session, partner: UUID, now: datetime, by: str = COMMAND_LINE
) -> None:  # fmt: skip
    """Its token is worth nothing any more; what it has reported stays. Raises WrongState."""
    if not store.revoke(session, partner, by, now):
        raise WrongState("There is no such partner, or its token was revoked already.")
    write(session, by, "PartnerRevoked", now, partner=str(partner))


def known_partner(session: Session, token: str) -> UUID | None:
    """Whose token this is; None for nobody's."""
    found = store.by_token(session, _kept(token))
    return found.id if found else None


def report(
    session: Session, token: str, said: dict[str, Any], now: datetime, *, key: str = ""
) -> UUID:
    """Keep what a partner reports; under the same key once, whichever console hears it again.

    Raises NotAllowed for a token that is none, NotThere for a court to which it does not report,
    Incomplete, WrongState for another report under the same key.
    """
    partner = store.by_token(session, _kept(token))
    if partner is None:
        raise NotAllowed
    if said["court"] not in partner.courts:
        raise NotThere("There is no such court.")
    known = uuid5(partner.id, key) if key else ids.new(now)
    before = store.reported(session, known)
    if before is not None:
        same = (said["court"], said["name"], clean(said["words"]), said["contact"], said["urgent"])
        if tuple(before) != same:
            raise WrongState(OTHER_REQUEST)
        return known
    referring.refer(
        session, None, said["court"], said["name"], said["words"], now, source=partner.name,
        contact=said["contact"], is_urgent=said["urgent"], by=f"partner {partner.name}",
        referral=known,
    )  # fmt: skip
    return known


def _kept(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
