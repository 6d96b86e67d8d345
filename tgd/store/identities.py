"""The secrets by which handsets prove themselves, all at once, for a gateway's memory."""

from sqlalchemy import text
from sqlmodel import Session


def secret_hashes(session: Session) -> dict[str, str]:
    """Handset id to the hash of its secret, for every handset that has one."""
    rows = session.connection().execute(
        text("SELECT id, secret_hash FROM handset WHERE secret_hash IS NOT NULL")
    )
    return {row.id: row.secret_hash for row in rows}
