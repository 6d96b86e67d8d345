"""What a frozen process holds of the record ends by the server's own limits: nothing is pipelined.

Inside a pipeline the server takes a frozen client for busy, and none of its limits (statement,
lock, idle in transaction) ends the wait of the others; the campaign `freezes` found a twin that
stood for 40 s behind rows of the journal.
"""

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from tgd import journal
from tgd.database import open_record, transaction
from tgd.journal import Line

NOW = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)


@pytest.mark.parametrize("count", [1, 2, 50, 99])
def test_many_rows_are_one_statement(
    record_url: str, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    piped: list[object] = []
    monkeypatch.setattr(psycopg.Cursor, "executemany", lambda *said: piped.append(said))
    engine = open_record(record_url, lane="dispatch")
    alert = uuid4()
    try:
        with transaction(engine) as session:
            lines = [Line(NOW, "bruno", f"Act{n}", alert, None, {"n": n}) for n in range(count)]
            journal.write(session, lines)
        with transaction(engine) as session:
            asked = text("SELECT act FROM journal WHERE alert = :a ORDER BY seq")
            kept = session.connection().execute(asked, {"a": alert}).scalars().all()
    finally:
        engine.dispose()
    assert piped == []
    assert kept == [f"Act{n}" for n in range(count)], "in the order in which they were said"
