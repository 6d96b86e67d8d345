"""Opens the record: the engine, its limits, and one transaction at a time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlmodel import Session

from tgd.errors import RecordAway

LANE_TIMEOUTS_MS = {"alerts": 2000, "console": 5000, "dispatch": 8000, "work": 30000}
"""How long one statement may take, per kind of caller, before it is given up."""

GRACE_S = 3.0
"""For the server to say itself that a statement took too long; then we hang up."""

R = TypeVar("R")

IDLE_MS = 5000
"""How long a transaction may wait for its own process: one that is frozen in the middle holds its
alerts no longer than a lease, then its twins go on (RELIABILITY R7)."""


def open_record(url: str, *, lane: str = "work", connections: int = 5) -> Engine:
    """An engine whose every connection commits durably and never waits for ever.

    Parameters are hidden from errors: they hold what people said.
    """
    timeout_ms = LANE_TIMEOUTS_MS[lane]
    limit_s = timeout_ms / 1000 + GRACE_S
    options = (
        f"-c synchronous_commit=on -c timezone=UTC -c statement_timeout={timeout_ms}"
        f" -c lock_timeout={timeout_ms} -c idle_in_transaction_session_timeout={IDLE_MS}"
    )
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=timeout_ms / 1000,
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args={
            "options": options,
            "connect_timeout": 3,
            "application_name": f"tgd-{lane}",
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": 5000,
        },
    )
    engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows are one statement
    event.listen(engine, "do_connect", partial(_connect, limit_s))
    _close_what_comes_back(engine)
    return engine


def _close_what_comes_back(engine: Engine) -> None:
    """A transaction that was given up may end after its engine: nobody else closes what it used."""
    over = Event()
    event.listen(engine, "engine_disposed", lambda _: over.set())
    event.listen(
        engine, "checkin", lambda _, record: record.invalidate() if over.is_set() else None
    )


class Impatient(psycopg.Connection[Any]):
    """A connection that hangs up when a round trip does not end.

    The server's own time limits, and TCP's, are of no use behind a proxy or a firewall that keeps
    the connection and lets nothing through: only our own clock ends such a wait.
    """

    limit_s: float | None = None

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        """One round trip; raises OperationalError, with the connection closed, after the limit."""
        try:
            return super().wait(gen, interval, self.limit_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if timeout is None and self.pgconn.transaction_status == _ACTIVE:
                self.pgconn.finish()
            raise


_ACTIVE = psycopg.pq.TransactionStatus.ACTIVE


class OneByOne(psycopg.Cursor[Any]):
    """A cursor that never opens a pipeline.

    A process that is frozen in the middle of one holds its locks for ever: the server takes it for
    busy, and none of its time limits applies (campaign `freezes`).
    """

    def executemany(
        self, query: Any, params_seq: Iterable[Any], *, returning: bool = False
    ) -> None:
        """The same statement, a round trip for each; nothing is returned, the rows are counted."""
        assert not returning
        counted = 0
        for params in params_seq:
            counted += self.execute(query, params).rowcount
        self._rowcount = counted


def _connect(limit_s: float, _dialect: Any, _record: Any, args: Any, named: Any) -> Impatient:
    connection = Impatient.connect(*args, **named)
    connection.limit_s = limit_s
    connection.cursor_factory = OneByOne
    return connection


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises.

    Raises RecordAway when the record cannot be reached or lost the connection; whether a commit
    that was cut off has happened is then unknown, so every act must be repeatable.
    """
    session = Session(engine, expire_on_commit=False, autoflush=False)
    try:
        with session.begin():
            yield session
    except (OperationalError, InterfaceError) as error:
        raise RecordAway(f"The record does not answer ({_sqlstate(error)}).") from error
    except NoConnectionFree as error:
        raise RecordAway("The record does not answer (no connection is free).") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise RecordAway("The record does not answer (connection lost).") from error
        raise
    finally:
        session.close()


def is_reachable(engine: Engine) -> bool:
    """True when the record answers a question now."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (DBAPIError, NoConnectionFree):
        return False
    return True


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or type(error.orig).__name__


def refused_by(error: BaseException) -> str | None:
    """The name of the constraint that a row broke, which says nothing of what was in it."""
    about = getattr(getattr(error, "orig", None), "diag", None)
    return getattr(about, "constraint_name", None)
