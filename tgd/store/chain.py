"""Questions of the journal: append, the head of the chain, what is not sealed yet."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from tgd.records import Journal
from tgd.store import many

_SEALER_LOCK = 0x7467641


def append(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """New lines, in this transaction."""
    many.add(session, (Journal, rows))


def may_seal(session: Session) -> bool:
    """True for the one sealer of this moment; the lock ends with the transaction."""
    taken = session.connection().execute(
        text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": _SEALER_LOCK}
    )
    return bool(taken.scalar_one())


def head(session: Session, start: bytes) -> tuple[int, bytes]:
    """The last sealed place and its hash; (0, start) when nothing is sealed."""
    last = session.exec(
        select(Journal)
        .where(col(Journal.place).is_not(None))
        .order_by(col(Journal.place).desc())
        .limit(1)  # first() alone lets the server send the whole journal
    ).first()
    return (last.place or 0, last.hash or start) if last else (0, start)


_UNSEALED = (
    # columns, not objects: they are hashed once and forgotten
    select(*Journal.__table__.columns)  # type: ignore[attr-defined]
    .where(col(Journal.place).is_(None))
    .order_by(col(Journal.seq))
)


def unsealed(session: Session, limit: int) -> Sequence[Any]:
    """Committed lines without a seal, oldest number first."""
    return session.connection().execute(_UNSEALED.limit(limit)).all()


_WRITE_SEALS = text(
    """
    UPDATE journal SET place = s.place, hash = s.hash
    FROM unnest(CAST(:seqs AS bigint[]), CAST(:places AS bigint[]), CAST(:hashes AS bytea[]))
         AS s(seq, place, hash)
    WHERE journal.seq = s.seq
    """
)


def write_seals(session: Session, seals: Sequence[tuple[int | None, int, bytes]]) -> None:
    """Give each line its place and hash."""
    if seals:
        seqs, places, hashes = (list(column) for column in zip(*seals, strict=True))
        session.connection().execute(
            _WRITE_SEALS, {"seqs": seqs, "places": places, "hashes": hashes}
        )


def count_unsealed(session: Session) -> int:
    """How many lines wait for the sealer."""
    found = session.exec(
        select(func.count()).select_from(Journal).where(col(Journal.place).is_(None))
    )
    return found.one()


def sealed_in_order(session: Session, batch: int = 1000) -> Iterator[Sequence[Journal]]:
    """All sealed lines by place, in batches, so that a long journal is read in little memory."""
    place = 0
    while True:
        lines = session.exec(
            select(Journal)
            .where(col(Journal.place) > place)
            .order_by(col(Journal.place))
            .limit(batch)
        ).all()
        if not lines:
            return
        yield lines
        place = lines[-1].place or 0
        session.expunge_all()
