"""Questions about who is speaking: handsets, their holders, what they agreed to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from tgd.rules.doubt import Known
from tgd.rules.handset import HandsetState

# One that is back in the stock names nobody: its keys are new, and who had it is at home.
# Whose agreement counts: of her whose allocation runs, else of her for whom it is being prepared
# (her test press at the hand-over), else of her who had it last.
_SOURCES = text(
    """
    SELECT h.id, h.number, h.state, h.last_counter, h.key_generation, h.is_test_device,
           h.is_canary,
           EXISTS (SELECT 1 FROM technical_item i WHERE i.handset = h.id
                   AND i.kind = 'sim_changed' AND i.settled_at IS NULL) AS sim_changed,
           EXISTS (SELECT 1 FROM exercise e WHERE e.handset = h.id AND e.begins_at <= :now
                   AND least(e.ends_at, coalesce(e.ended_at, e.ends_at)) > :now) AS in_exercise,
           CASE WHEN a.allocated OR h.state NOT IN ('in_stock', 'reserved', 'provisioned',
                     'ordered', 'wiping', 'refurbished', 'retired') THEN a.person END AS person,
           a.allocated, a.ended,
           coalesce((SELECT c.withdrawn_at IS NULL FROM consent c
                     WHERE c.person = w.person AND c.scope = 'geolocation' AND c.given_at <= :now
                     ORDER BY c.given_at DESC, c.id DESC LIMIT 1), false) AS geolocation
    FROM handset h
    LEFT JOIN LATERAL (
        SELECT person, period @> CAST(:now AS timestamptz) AS allocated,
               upper(period) <= :now AS ended
        FROM allocation WHERE handset = h.id AND lower(period) <= :now
        ORDER BY (period @> CAST(:now AS timestamptz)) DESC, lower(period) DESC LIMIT 1
    ) a ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN a.allocated THEN a.person ELSE coalesce((
            SELECT f.person FROM provisioning r JOIN case_file f ON f.id = r.case_file
            WHERE r.handset = h.id AND r.ended_at IS NULL), a.person) END AS person
    ) w
    WHERE h.id = ANY(:ids) OR h.number = ANY(:numbers)
    """
)


@dataclass(frozen=True, slots=True)
class Source:
    """One handset of ours as the record knows it now."""

    handset: str
    number: str | None
    person: UUID | None
    key_generation: int
    is_test_device: bool
    known: Known


@dataclass(frozen=True, slots=True)
class Sources:
    """The handsets that a batch of messages may come from, by id and by number."""

    by_id: dict[str, Source]
    by_number: dict[str, Source]

    def counted(self, handset: str, counter: int) -> None:
        """Remember a counter seen in this batch, so that its neighbour is judged against it."""
        source = self.by_id[handset]
        if source.known.last_counter is None or counter > source.known.last_counter:
            seen = replace(source, known=replace(source.known, last_counter=counter))
            self.by_id[handset] = seen
            if seen.number:
                self.by_number[seen.number] = seen


def sources(session: Session, ids: Iterable[str], numbers: Iterable[str], now: datetime) -> Sources:
    """Which of these ids and numbers are handsets of ours, who holds them, what was agreed."""
    rows = session.connection().execute(
        _SOURCES, {"ids": list(ids), "numbers": list(numbers), "now": now}
    )
    found = [_source(row) for row in rows]
    return Sources(
        {source.handset: source for source in found},
        {source.number: source for source in found if source.number},
    )


def _source(r: Any) -> Source:
    known = Known(
        handset=r.id,
        state=HandsetState(r.state),
        allocated=bool(r.allocated),
        allocation_ended=bool(r.ended),
        geolocation_agreed=bool(r.geolocation),
        last_counter=r.last_counter,
        is_canary=bool(r.is_canary),
        sim_changed=bool(r.sim_changed),
        in_exercise=bool(r.in_exercise) and r.person is None,
    )
    return Source(r.id, r.number, r.person, r.key_generation, r.is_test_device, known)


def remember_counters(session: Session, counters: dict[str, int]) -> None:
    """The highest counter of each handset; never goes back."""
    if counters:
        session.connection().execute(
            text(
                "UPDATE handset SET last_counter = greatest(coalesce(last_counter, 0), c.n)"
                " FROM unnest(CAST(:ids AS text[]), CAST(:ns AS bigint[])) AS c(id, n)"
                " WHERE handset.id = c.id"
            ),
            {"ids": list(counters), "ns": list(counters.values())},
        )
