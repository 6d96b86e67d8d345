"""Migrations lead to the very tables that the code is written for, and back, with rows in them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import Session, SQLModel, select

from dispatch.conversing import hear_recording
from dispatch.formats.conference import RecordingSaid
from tests.conftest import NOW, _admin, _named, drop_record
from tests.walking import EXAMPLE, LEAD, NANTERRE, OTHER_POOL, Walk
from tests.world import World
from tgd import accounts, inventory, migrate, room_words, shifts, sound
from tgd.alerts import acts, calling, exercising
from tgd.alerts.acts import Actor
from tgd.allocation import (
    accepting,
    agreeing,
    holding,
    keeping,
    law_adding,
    partners,
    recalling,
    sheets,
    stock,
    transferring,
)
from tgd.embedded import find_binaries
from tgd.errors import CannotStart, RecordAway
from tgd.records import (
    AlertMerge,
    AnswerHeard,
    Delivery,
    HandsetStatus,
    Note,
    Notice,
    NoticeTelling,
    ProviderMessage,
    Recording,
    StockCensus,
    TechnicalItem,
)
from tgd.rules.access import Role
from tgd.rules.forgetting import Keeping
from tgd.rules.handset import IncidentKind
from tgd.rules.law_reading import said_by
from tgd.rules.law_texts import TEXTS
from tgd.seal import Keys
from tgd.store import room_words as room_words_kept
from tgd.store.accounts import is_first_sending


@pytest.fixture
def empty_url(cluster: str) -> Iterator[str]:
    """A record without any table."""
    name = "m" + uuid4().hex[:16]
    admin = _admin(cluster)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield _named(cluster, name)
    drop_record(admin, name)
    admin.dispose()


def schema_of(url: str) -> list[str]:
    """What pg_dump says of a record, without its remarks and without the migrations' own table."""
    done = subprocess.run(
        [
            str(find_binaries(None) / "pg_dump"), "--schema-only", "--no-owner",
            "--exclude-table=alembic_version", "--dbname", url.replace("+psycopg", ""),
        ],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    remarks = ("--", "\\restrict", "\\unrestrict")
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith(remarks)]
    assert len(lines) > 200, "pg_dump said nearly nothing"
    return lines


def test_migrations_make_the_tables_that_the_code_knows(empty_url, record_url):
    migrate.upgrade(empty_url)
    assert schema_of(empty_url) == schema_of(record_url)


def test_up_says_where_it_is(empty_url):
    assert migrate.is_empty(empty_url)
    assert migrate.current(empty_url) is None
    assert not migrate.is_at_head(empty_url)
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == migrate.head()
    assert migrate.is_at_head(empty_url)
    assert not migrate.is_empty(empty_url)


def test_a_second_up_changes_nothing(empty_url):
    migrate.upgrade(empty_url)
    before = schema_of(empty_url)
    migrate.upgrade(empty_url)
    assert schema_of(empty_url) == before


def test_down_leaves_nothing_and_up_again_everything(empty_url, record_url):
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, "base")
    assert migrate.current(empty_url) is None
    assert names_in(empty_url) == {"alembic_version"}
    migrate.upgrade(empty_url)
    assert schema_of(empty_url) == schema_of(record_url)


def test_every_table_can_hold_a_row_and_up_and_down_go_over_it(empty_url):
    migrate.upgrade(empty_url)
    fill(empty_url)
    assert {name for name, rows in counts(empty_url).items() if rows == 0} == set()
    before = counts(empty_url)
    migrate.upgrade(empty_url)
    assert counts(empty_url) == before
    migrate.downgrade(empty_url, "base")
    assert names_in(empty_url) == {"alembic_version"}


async def test_two_ups_at_once_take_turns(empty_url):
    first, second = [await start_upgrade(empty_url) for _ in range(2)]
    assert (await first.wait(), await second.wait()) == (0, 0)
    assert migrate.is_at_head(empty_url)


async def test_an_up_waits_for_whoever_changes_the_tables(empty_url):
    engine = create_engine(empty_url)
    with engine.begin() as another:
        another.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": migrate.LOCK})
        waiting = await start_upgrade(empty_url)
        while not waits_for_a_lock(empty_url):
            assert waiting.returncode is None, "it did not wait"
            await asyncio.sleep(0.05)
        assert migrate.is_empty(empty_url)
    assert await waiting.wait() == 0
    assert migrate.is_at_head(empty_url)
    engine.dispose()


async def start_upgrade(url: str) -> asyncio.subprocess.Process:
    script = "import sys; from tgd import migrate; migrate.upgrade(sys.argv[1])"
    return await asyncio.create_subprocess_exec(sys.executable, "-c", script, url)


def waits_for_a_lock(url: str) -> bool:
    engine = create_engine(url)
    with engine.connect() as connection:
        asked = text(
            "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()"
        )
        found = connection.execute(asked).first()
    engine.dispose()
    return found is not None


def test_tables_of_a_later_version_are_left_alone(empty_url):
    migrate.upgrade(empty_url)
    say(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CannotStart, match="does not know that revision"):
        migrate.upgrade(empty_url)
    assert "alert" in names_in(empty_url)


def test_tables_that_somebody_else_made_are_left_alone(empty_url):
    say(empty_url, "CREATE TABLE alert (mine text); INSERT INTO alert VALUES ('here before')")
    with pytest.raises(CannotStart, match="nothing was"):
        migrate.upgrade(empty_url)
    assert names_in(empty_url) == {"alert"}


def test_a_record_that_is_away_is_a_sentence():
    with pytest.raises(RecordAway):
        migrate.upgrade("postgresql+psycopg://tgd:x@127.0.0.1:1/tgd")


def names_in(url: str) -> set[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname='public'"))
        found = {row.tablename for row in rows}
    engine.dispose()
    return found


def counts(url: str) -> dict[str, int]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in SQLModel.metadata.tables
        }
    engine.dispose()
    return found


def say(url: str, words: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(words))
    engine.dispose()


def fill(url: str) -> None:
    """Ana pressed, Bella walked from referral to return, the platform answered: all tables."""
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        world = World(session, Keys(bytes(32)), NOW)
        ana = world.give()
        # one id, two kinds: before 0013 an id could stand in one row only
        world.hear(*(world.press(ana, trigger="x", kind=kind) for kind in ("press", "duress")))
        alert = world.only_alert()
        accounts.make_account(session, "Salima", Role.SUPERVISOR, "no hash", NOW)
        salima = Actor("Salima", Role.SUPERVISOR)
        shifts.start(session, salima, NOW, heard_sound=True)
        shifts.hand_over(session, salima, "Rien à signaler.", NOW)
        room_words.say(session, salima, "Appelez du renfort.", NOW)
        accounts.make_account(session, "Berthe", Role.OPERATOR, "no hash", NOW)
        said = room_words_kept.running(session, NOW)[0].id
        room_words.read(session, Actor("Berthe", Role.OPERATOR), said, NOW)
        accounts.sign_in(session, "Salima", NOW)
        spare = inventory.enroll(session, "+33639980002", NOW, secret="s")
        world.hear(world.press(world.canary()))
        walk = Walk(world).settle_in().until("hand_over")
        fill_the_rest(walk)
        fill_calls(session, spare, alert.id)
        delivery = Delivery(
            id=uuid4(), key="d1", alert=alert.id, destination="platform", topic="alert",
            state="sent", made_at=NOW,
        )  # fmt: skip
        session.add(delivery)
        session.flush()
        session.add_all(
            [
                AnswerHeard(id="a1", destination="platform", delivery=delivery.id,
                            said="received", heard_at=NOW),
                ProviderMessage(sid="SM1", status="sent", changed_at=NOW),
                HandsetStatus(handset=ana.handset, state="online", heard_at=NOW),
                AlertMerge(told=uuid4(), alert=alert.id, at=NOW),
                Note(id=uuid4(), alert=alert.id, at=NOW, who="Bruno", words="Calm."),
                NoticeTelling(key="n1", notice=session.exec(select(Notice.id)).first(),
                              destination="platform", state="sent", made_at=NOW),
                TechnicalItem(id=uuid4(), handset=ana.handset, kind="silent", raised_at=NOW),
            ]
        )  # fmt: skip
    engine.dispose()


def fill_calls(session: Session, spare: str, alert: UUID) -> None:
    """Salima called her back, and it was recorded."""
    salima = Actor("Salima", Role.SUPERVISOR)
    acts.take(session, salima, alert, NOW)
    shifts.sit_at(session, salima, NOW, "01 99 00 00 21")
    assert is_first_sending(session, "Salima", "a-form", NOW)
    exercising.announce(session, salima, spare, "30", NOW)
    call = calling.want_call(session, salima, alert, NOW)
    kept = RecordingSaid("RE" + "1" * 32, "CF" + "1" * 32, 12)
    hear_recording(session, call, kept, timedelta(days=30), NOW)
    one = SimpleNamespace(id=session.exec(select(Recording.id)).one(), alert=alert, sha256=None,
                          held=True)  # fmt: skip
    assert sound.fetched(session, one, b"sound", NOW, by="dispatch", keys=Keys(bytes(32)))


def fill_the_rest(walk: Walk) -> None:
    """What happens on few walks: a note, a journey, a recall, a lost handset, the way back."""
    sheets.follow_up(walk.session, walk.officer("Lea"), walk.id, "She sleeps again.", walk.now)
    holding.hold(walk.session, walk.officer("Camille"), walk.id, "procedure 26/1", walk.now)
    alert = walk.world.alerts()[0].id
    keeping.keep(
        walk.session, walk.officer("Camille"), alert, Keeping.POSITIONS, "affaire 26/7", walk.now
    )
    transferring.ask_transfer(
        walk.session, walk.officer("Camille"), walk.id, EXAMPLE, "She has moved there.", walk.now
    )
    agreeing.agree(walk.session, None, NANTERRE, LEAD, "convention 2026/4", date(2027, 12, 31), NOW)
    recodified = said_by(TEXTS[-1]) | {"version": "L9999-1/2029-01-01"}
    assert not isinstance(law_adding.add_text(walk.session, recodified, walk.now), list)
    partners.add_partner(walk.session, "CHU d'Exemple", [NANTERRE], walk.now)
    accepting.accept_model(
        walk.session, walk.officer("Sofia"), "Modele A", "Fall and water: report 7.", walk.now,
        tried=True,
    )  # fmt: skip
    walk.session.add(StockCensus(id=uuid4(), pool=OTHER_POOL, counted_by="Sacha",
                                 counted_at=walk.now, lines=[], differing=0))  # fmt: skip
    other = walk.order("+33639980022")
    stock.transfer(walk.session, walk.officer("Sofia"), other, OTHER_POOL, walk.now)
    recalling.recall(walk.session, walk.officer("Sofia"), "battery", "B9", "It swells.", walk.now)
    lost = walk.order("+33639980023")
    stock.report_incident(
        walk.session, walk.officer("Sofia"), lost, IncidentKind.LOST, "In the post.", walk.now
    )
    walk.go_on("hand_over")


def test_an_allocation_made_before_decisions_were_kept_has_one_now(empty_url):
    migrate.upgrade(empty_url, "0001")
    say(
        empty_url,
        "INSERT INTO handset (id, state, key_generation, is_test_device, enrolled_at) VALUES"
        " ('hana', 'issued', 1, false, now()), ('hbea', 'returned', 1, false, now());"
        "INSERT INTO protected_person (id, name) VALUES"
        " ('00000000-0000-4000-8000-000000000001', 'Ana FICTIVE'),"
        " ('00000000-0000-4000-8000-000000000002', 'Bella FICTIVE');"
        "INSERT INTO allocation (id, handset, person, period) SELECT gen_random_uuid(), h,"
        " CAST(p AS uuid), tstzrange(now() + CAST(b AS interval), now() + CAST(e AS interval))"
        " FROM (VALUES ('hana', '00000000-0000-4000-8000-000000000001', '-1 day', '180 days'),"
        " ('hbea', '00000000-0000-4000-8000-000000000001', '-300 days', '-100 days'),"
        " ('hbea', '00000000-0000-4000-8000-000000000002', '-90 days', '-10 days'))"
        " AS v(h, p, b, e)",
    )
    migrate.upgrade(empty_url)
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        files = connection.execute(
            text("SELECT f.state, a.ended_at IS NULL, d.kind, (SELECT count(*) FROM deadline l"
                 " WHERE l.case_file = f.id) FROM allocation a JOIN decision d ON d.id = a.decision"
                 " JOIN case_file f ON f.id = d.case_file ORDER BY lower(a.period)")
        ).all()  # fmt: skip
    engine.dispose()
    assert [tuple(f) for f in files] == [
        ("closed", False, "grant", 0), ("closed", False, "grant", 0), ("active", True, "grant", 1),
    ]  # fmt: skip
    migrate.downgrade(empty_url, "0001")
    assert "case_file" not in names_in(empty_url)
    assert sum(counts_of(empty_url, ["allocation", "handset", "protected_person"])) == 7


def counts_of(url: str, names: list[str]) -> list[int]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [connection.execute(text(f"SELECT count(*) FROM {n}")).scalar_one() for n in names]
    engine.dispose()
    return found
