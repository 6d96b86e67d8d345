"""What befell one handset, from its order on: out of the journal and the papers of the stock."""

from typing import Any

from sqlalchemy import text
from sqlmodel import Session

MOST = 200
_LIFE = text(
    """
    SELECT j.at, j.who, j.act, j.detail ->> 'kind' AS kind, j.detail ->> 'why' AS why,
        j.detail ->> 'pool' AS pool, j.detail ->> 'to' AS to_pool,
        j.detail ->> 'generation' AS generation, j.detail ->> 'replaced_by' AS replaced_by,
        CASE WHEN j.act = 'HandsetWiped' THEN (SELECT w.proof FROM wipe_proof w
            WHERE w.handset = j.handset AND w.wiped_at = j.at LIMIT 1) END AS proof,
        CASE WHEN j.act = 'HandsetSent' THEN (SELECT t.from_pool FROM handset_transfer t
            WHERE t.handset = j.handset AND t.sent_at = j.at LIMIT 1) END AS from_pool
    FROM journal j
    WHERE j.handset = :handset AND (j.act LIKE 'Handset%' OR j.act = 'RecallLifted')
    ORDER BY j.seq DESC LIMIT :most
    """
)
"""Of a file or a person nothing is asked here, not even the opaque id of one."""


def life_of(session: Session, handset: str, most: int = MOST) -> list[Any]:
    """The newest first."""
    return list(session.connection().execute(_LIFE, {"handset": handset, "most": most}))
