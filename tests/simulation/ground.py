"""The record of the simulated nights: one real PostgreSQL, one connection, and how it fails."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from tests import evidence
from tgd.embedded import EmbeddedRecord

EMPTIED = (
    "notice_telling", "notice",
    "answer_heard", "delivery", "alert_position", "sighting", "note", "alert_trigger", "alert",
    "journal", "consent", "allocation", "deadline", "decision", "case_file", "handset",
    "protected_person",
)  # fmt: skip
"""What a night writes, in an order that foreign keys permit."""
CLEAR = ";".join([
    "ALTER TABLE journal DISABLE TRIGGER journal_append_only",
    *(f"DELETE FROM {table}" for table in EMPTIED),
    "ALTER TABLE journal ENABLE TRIGGER journal_append_only",
    "ALTER TABLE alert ALTER number RESTART",
    "ALTER TABLE journal ALTER seq RESTART",
])  # fmt: skip


class Weather(Protocol):
    """What may happen to a transaction."""

    def transaction_begins(self) -> None: ...

    def transaction_commits(self, commit: Callable[[], None], nudges: set[str]) -> None: ...


class Away(OperationalError):
    """The record does not answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why, {}, psycopg.OperationalError(why))


class Ground:
    """A record that is emptied between nights; production's engine on it, and an eye beside."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.weather: Weather | None = None
        self.engine: Engine = create_engine(
            url, poolclass=StaticPool, pool_reset_on_return=None, hide_parameters=True,
            connect_args={"options": "-c timezone=UTC -c synchronous_commit=off"},
        )  # fmt: skip
        event.listen(self.engine, "begin", self._begins)
        event.listen(self.engine, "commit", self._commits)
        event.listen(self.engine, "before_cursor_execute", self._executes)
        self._nudges: set[str] = set()
        plain = url.replace("postgresql+psycopg", "postgresql")
        self._eye = psycopg.connect(plain, autocommit=True, row_factory=namedtuple_row)
        self._eye.execute("SET timezone = 'UTC'")
        self.loop = InlineLoop()

    def close(self) -> None:
        """Let the record go."""
        self._eye.close()
        self.engine.dispose()
        self.loop.close()

    @contextmanager
    def finding_otherwise(self) -> Iterator[None]:
        """Rows are found by other ways, as after an autoanalyze: no order that the statements do
        not ask for themselves holds."""
        ways = ("enable_seqscan", "enable_bitmapscan")
        try:
            self._set(dict.fromkeys(ways, "off"))
            yield
        finally:
            self._set(dict.fromkeys(ways, "on"))

    def _set(self, settings: dict[str, str]) -> None:
        with self.engine.begin() as connection:
            for name, value in settings.items():
                connection.exec_driver_sql(f"SET {name} = {value}")

    def clear(self) -> None:
        """An empty record, its numbers from one.

        Measured: DELETE takes a tenth of TRUNCATE, which makes new files of all tables, and a
        fiftieth of a fresh database. Between nights the journal's guard is put aside.
        """
        self._eye.execute(CLEAR)

    def rows(self, question: str) -> list[Any]:
        """What is committed, seen from outside."""
        return self._eye.execute(question.encode()).fetchall()

    def evidence(self, since: str) -> dict[str, Sequence[Any]]:
        """The record's side of the evidence, asked at once."""
        asked = ";".join(q.format(since=since) for q in evidence.QUESTIONS.values())
        cursor = self._eye.execute(asked.encode())
        found = {}
        for name in evidence.QUESTIONS:
            found[name] = cursor.fetchall()
            cursor.nextset()
        return found

    def run(self, work: Any) -> Any:
        """Production's coroutine, to its end, at once: what it gives to threads runs here."""
        return self.loop.run_until_complete(work)

    def _executes(self, _: Any, __: Any, statement: str, said: Any, *more: Any) -> None:
        """NOTIFY is heard here, so that its order is the same every time."""
        if "pg_notify" in statement:
            self._nudges |= set(said.values())

    def _begins(self, _: Connection) -> None:
        self._nudges = set()
        if self.weather is not None:
            self.weather.transaction_begins()

    def _commits(self, connection: Connection) -> None:
        if self.weather is not None:
            driver: Any = connection.connection.driver_connection
            try:
                self.weather.transaction_commits(driver.commit, self._nudges)
            except Away:
                driver.rollback()  # nothing of a refused commit is left for the next one
                raise


class InlineLoop(asyncio.SelectorEventLoop):
    """An event loop without threads, in the night's time: one order of events, every time."""

    def __init__(self) -> None:
        self._told: Callable[[], float] | None = None
        super().__init__()

    def tell_by(self, told: Callable[[], float] | None = None) -> None:
        """Let the night's time pass here; without an argument, the machine's comes back."""
        self._told = told

    def time(self) -> float:
        """Seconds, for whoever has a time limit."""
        return self._told() if self._told else super().time()

    async def settle(self) -> None:
        """Until everybody waits for something of the night."""
        await asyncio.sleep(0)
        while self._ready:  # type: ignore[attr-defined]
            await asyncio.sleep(0)

    def let_go(self) -> None:
        """What still waits is given up: its night is over."""
        for task in asyncio.all_tasks(self):
            task.cancel()
        self.run_until_complete(self.settle())

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """Do it now. What is no Exception (a crash) goes through, as death does."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 the future carries it
            done.set_exception(error)
        return done


@contextmanager
def own_ground(folder: Path) -> Iterator[Ground]:
    """A private PostgreSQL for the command line, as the tests' fixtures have one."""
    from tests.conftest import _make_template, _named

    record = EmbeddedRecord(folder / "pg", durable=False)
    url = record.start()
    try:
        _make_template(url)
        ground = Ground(_named(url, "blank"), folder)
        try:
            yield ground
        finally:
            ground.close()
    finally:
        record.stop()
