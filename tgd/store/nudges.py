"""Wake-ups by NOTIFY: hints only. The tables are the truth and everybody polls slowly as well."""

from sqlalchemy import text
from sqlmodel import Session

DISPATCH = "tgd_dispatch"
CONSOLE = "tgd_console"
HANDSETS = "tgd_handsets"
CALLS = "tgd_calls"


def nudge(session: Session, *channels: str) -> None:
    """Wake who listens on these channels when (and only if) this transaction commits."""
    for channel in channels:
        session.connection().execute(text("SELECT pg_notify(:c, '')"), {"c": channel})


def nudge_all(session: Session) -> None:
    """Wake dispatch, the console and the gateways."""
    session.connection().execute(
        text("SELECT pg_notify(:a, ''), pg_notify(:b, ''), pg_notify(:c, '')"),
        {"a": DISPATCH, "b": CONSOLE, "c": HANDSETS},
    )
