"""What a frozen process holds of the record ends by the server's own limits: nothing is pipelined.

Inside a pipeline the server takes a frozen client for busy, and none of its limits (statement,
lock, idle in transaction) ends the wait of the others; the campaign `freezes` found a twin that
stood for 40 s behind rows of the journal.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, text

from gateway.telemetry import keep_states
from tests.world import World
from tgd import journal
from tgd.database import open_record, transaction
from tgd.journal import Line
from tgd.records import Handset
from tgd.rules.trigger import StateReport
from tgd.seal import Keys

NOW = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)


@pytest.fixture
def pipelines(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each pipeline that psycopg opens; it opens one for many parameters by itself."""
    opened: list[object] = []
    enter = psycopg.Pipeline.__enter__

    def seen(self: psycopg.Pipeline) -> psycopg.Pipeline:
        opened.append(self)
        return enter(self)

    monkeypatch.setattr(psycopg.Pipeline, "__enter__", seen)
    return opened


@pytest.fixture
def engine(record_url: str) -> Iterator[Engine]:
    one = open_record(record_url, lane="dispatch")
    yield one
    one.dispose()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What psycopg sends, one round trip each."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def seen(self: Any, query: Any, *more: Any, **named: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *more, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", seen)
    return sent


@pytest.mark.parametrize("count", [1, 2, 50, 99])
def test_many_rows_are_one_statement(
    engine: Engine, pipelines: list[object], statements: list[str], count: int
) -> None:
    alert, said = uuid4(), [f"Act{n}" for n in range(count)]
    with transaction(engine) as session:
        journal.write(session, [Line(NOW, "bruno", act, alert) for act in said])
    assert len([one for one in statements if 'INSERT INTO "journal"' in one]) == 1
    with transaction(engine) as session:
        kept = session.connection().execute(
            text("SELECT act FROM journal WHERE alert = :a ORDER BY seq"), {"a": alert}
        )
        assert kept.scalars().all() == said, "in the order in which they were said"
    assert pipelines == []


def test_states_of_many_handsets_are_one_statement(
    engine: Engine, pipelines: list[object], statements: list[str]
) -> None:
    """Also where a row that is there is changed: such an insert once went row by row."""
    with transaction(engine) as session:
        world = World(session, Keys(bytes(32)), NOW)
        crew = [
            world.give(name, number=f"+3363998000{n}").handset
            for n, name in enumerate(("Ana", "Bella", "Diane"))
        ]
        keep_states(
            session, [(one, StateReport("online", battery_pct=7), NOW) for one in crew], NOW
        )
    assert len([one for one in statements if one.startswith("INSERT INTO handset_status")]) == 1
    assert pipelines == []


def test_a_statement_that_is_said_for_many_is_said_one_by_one(
    engine: Engine, pipelines: list[object]
) -> None:
    """Two signs of life of one handset in one batch: the second counts."""
    with transaction(engine) as session:
        ana = World(session, Keys(bytes(32)), NOW).give("Ana").handset
        keep_states(
            session, [(ana, StateReport("online", battery_pct=b), NOW) for b in (80, 7)], NOW
        )
    with transaction(engine) as session:
        found = session.connection().execute(text("SELECT battery_pct FROM handset_status"))
        assert found.scalars().all() == [7]
    assert pipelines == []


def test_rows_that_are_changed_together_are_counted(
    engine: Engine, pipelines: list[object]
) -> None:
    """Whoever changes two rows is told that two were there, or that one was gone."""
    with transaction(engine) as session:
        world = World(session, Keys(bytes(32)), NOW)
        both = [world.give(name, number=f"+3363998000{n}").handset for n, name in enumerate("AB")]
    with transaction(engine) as session:
        for one in both:
            session.get_one(Handset, one).number = None
        session.flush()
        asked = text("UPDATE handset SET number = :n WHERE id = :h")
        said = [{"n": "+33639980009", "h": both[0]}, {"n": "+33639980008", "h": "nobody"}]
        assert session.connection().execute(asked, said).rowcount == 1
    assert pipelines == []
