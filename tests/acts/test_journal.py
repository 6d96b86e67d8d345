"""The journal: whoever edits, removes, swaps, inserts or cuts off a line is seen."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.conftest import NOW
from tgd import journal
from tgd.database import transaction
from tgd.journal import Line, Verdict
from tgd.records.journal import GUARD, UNGUARD
from tgd.store import chain


def write(engine: Engine, count: int) -> None:
    with transaction(engine) as session:
        lines = [
            Line(NOW + timedelta(seconds=n), "Bruno", "Took", detail={"n": n}) for n in range(count)
        ]
        journal.write(session, lines)


def seal(engine: Engine) -> int:
    with transaction(engine) as session:
        return journal.seal(session)


def verdict(engine: Engine) -> Verdict:
    with transaction(engine) as session:
        # batches of two, so that every tamper may fall on the seam between two of them
        return journal.verify(chain.sealed_in_order(session, 2), chain.count_unsealed(session))


@pytest.fixture
def six(engine: Engine) -> Engine:
    """Six sealed lines."""
    write(engine, 6)
    assert seal(engine) == 6
    return engine


def tamper(engine: Engine, *words: str) -> None:
    """An owner of the database takes the guard away, does it, and puts the guard back."""
    with engine.begin() as connection:
        connection.exec_driver_sql(UNGUARD)
        for word in words:
            connection.execute(text(word))
        connection.exec_driver_sql(GUARD)


def test_a_whole_journal_is_whole(six):
    write(six, 2)
    found = verdict(six)
    assert (found.sealed, found.unsealed, found.broken_at) == (6, 2, None)
    seal(six)
    assert verdict(six).sealed == 8
    assert verdict(six).head != found.head


def test_an_empty_journal_is_whole(engine):
    assert verdict(engine) == Verdict(0, 0, journal.START.hex())


@pytest.mark.parametrize(
    "change",
    [
        "who = 'Dora'", "act = 'Closed'", "at = at + interval '1 microsecond'",
        "detail = '{\"n\": 7}'", "handset = 'hother'", "alert = gen_random_uuid()",
        "hash = sha256('other')",
    ],
)  # fmt: skip
def test_an_edited_line_is_named(six, change):
    tamper(six, f"UPDATE journal SET {change} WHERE place = 3")
    assert verdict(six).broken_at == 3


def test_a_removed_line_is_named(six):
    tamper(six, "DELETE FROM journal WHERE place = 4")
    assert verdict(six).broken_at == 4


def test_a_removed_line_whose_hole_is_closed_is_named(six):
    tamper(
        six,
        "DELETE FROM journal WHERE place = 4",
        "UPDATE journal SET place = 4 WHERE place = 5",
        "UPDATE journal SET place = 5 WHERE place = 6",
    )
    assert verdict(six).broken_at == 4


def test_two_swapped_lines_are_named(six):
    tamper(
        six,
        "UPDATE journal SET place = 100 WHERE place = 2",
        "UPDATE journal SET place = 2 WHERE place = 3",
        "UPDATE journal SET place = 3 WHERE place = 100",
    )
    assert verdict(six).broken_at == 2


def test_an_inserted_line_is_named(six):
    tamper(
        six,
        "UPDATE journal SET place = 7 WHERE place = 6",
        "INSERT INTO journal (at, who, act, place, hash)"
        " VALUES (now(), 'Dora', 'Closed', 6, sha256('made up'))",
    )
    assert verdict(six).broken_at == 6


def test_lines_cut_off_at_the_end_change_the_head(six):
    before = verdict(six)
    tamper(six, "DELETE FROM journal WHERE place > 4")
    after = verdict(six)
    assert after.broken_at is None, "this cannot be seen from inside"
    assert after.head != before.head


def test_a_chain_written_anew_has_another_head(six):
    before = verdict(six).head
    tamper(six, "UPDATE journal SET who = 'Dora', place = NULL, hash = NULL")
    seal(six)
    assert verdict(six).broken_at is None
    assert verdict(six).head != before


@pytest.mark.parametrize(
    "words",
    [
        "UPDATE journal SET who = 'Dora'",
        "UPDATE journal SET place = 9 WHERE place = 6",
        "UPDATE journal SET hash = sha256('x') WHERE place = 1",
        "DELETE FROM journal",
        "TRUNCATE journal",
    ],
)
def test_the_record_itself_refuses_to_change_the_journal(six, words):
    with pytest.raises(DBAPIError, match="append-only"), six.begin() as connection:
        connection.execute(text(words))
    assert verdict(six).sealed == 6


def test_sealing_may_not_change_what_is_sealed(engine):
    write(engine, 1)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("UPDATE journal SET place = 1, who = 'Dora' WHERE place IS NULL"))


def test_of_two_sealers_at_once_one_seals(six):
    write(six, 3)
    with Session(six) as first, Session(six) as second:
        assert journal.seal(first) == 3
        assert journal.seal(second) == 0
        first.commit()
    assert (verdict(six).sealed, verdict(six).broken_at) == (9, None)


def test_many_writers_and_sealers_make_one_chain(engine):
    def work() -> None:
        for _ in range(5):
            write(engine, 3)
            seal(engine)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seal(engine)
    found = verdict(engine)
    assert (found.sealed, found.unsealed, found.broken_at) == (60, 0, None)


def test_a_line_of_an_act_that_was_rolled_back_leaves_no_hole(engine):
    write(engine, 1)
    with Session(engine) as session:
        journal.write(session, [Line(NOW, "Bruno", "Took")])
        session.rollback()
    write(engine, 1)
    assert seal(engine) == 2
    assert verdict(engine).broken_at is None


def test_sealing_reads_no_more_of_a_long_journal_than_of_a_short_one(engine):
    """The dispatcher seals twice a second: what is sealed already must not be read again."""
    write(engine, 300)
    seal(engine)
    write(engine, 2)
    read: list[int] = []

    def count(_connection, cursor, statement, *_rest):
        if statement.startswith("SELECT journal"):
            read.append(cursor.rowcount)

    event.listen(engine, "after_cursor_execute", count)
    assert seal(engine) == 2
    assert sum(read) == 3, "the head of the chain and the two new lines"
