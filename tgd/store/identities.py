"""By what handsets prove themselves, all at once, for a gateway's memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from tgd.rules.handset import PROVES_NOTHING, HandsetState


@dataclass(frozen=True, slots=True)
class Proofs:
    """The hashes of secrets by handset id, and the handsets whose certificate counts, each with the
    moment before which none does: that of its last erasure."""

    secrets: dict[str, str]
    certified: dict[str, datetime | None]


_ASKED = "SELECT id, secret_hash, state, certified_since FROM handset"


def proofs(session: Session) -> Proofs:
    """Those of every handset."""
    return _proofs(session.connection().execute(text(_ASKED)))


def proofs_of(session: Session, handset: str) -> Proofs:
    """Those of one handset; empty for one that we do not know."""
    asked = text(f"{_ASKED} WHERE id = :id")
    return _proofs(session.connection().execute(asked, {"id": handset}))


def _proofs(rows: Iterable[Any]) -> Proofs:
    found = list(rows)
    return Proofs(
        {row.id: row.secret_hash for row in found if row.secret_hash is not None},
        {
            row.id: row.certified_since
            for row in found
            if HandsetState(row.state) not in PROVES_NOTHING
        },
    )
