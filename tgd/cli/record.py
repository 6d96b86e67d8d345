"""How a command finds the record: the one that is named, the one that runs, or one for a moment."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from tgd import journal, migrate
from tgd.cli.ending import complain
from tgd.database import open_record, transaction
from tgd.embedded import EmbeddedRecord, url_if_running
from tgd.errors import CannotStart
from tgd.settings import Settings

TURN_WITHIN_S = 60.0
"""A command that starts the record for itself makes the next one wait: no longer than this."""
LOOK_EVERY_S = 0.1


@contextmanager
def open_for_command(settings: Settings) -> Iterator[Engine]:
    """The record, its tables those of this version; an embedded one runs for as long as needed.

    A record without any table is given them. Raises CannotStart when migrations are pending, or
    when the record cannot be started; RecordAway.
    """
    with address_for_command(settings) as url:
        _refuse_or_make_tables(url)
        engine = open_record(url, lane="work", connections=2)
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def act_on_record(settings: Settings) -> Iterator[Session]:
    """One transaction of a command; what it wrote in the journal is sealed after it, all of it.

    When no dispatch runs, nobody else would seal it; when one does, whoever is first does.
    """
    with open_for_command(settings) as engine:
        with transaction(engine) as session:
            yield session
        sealed = journal.SEALED_AT_ONCE
        while sealed == journal.SEALED_AT_ONCE:
            with transaction(engine) as session:
                sealed = journal.seal(session)


@contextmanager
def address_for_command(settings: Settings) -> Iterator[str]:
    """The URL of the record, whatever its tables are."""
    given = settings.database_url.get_secret_value()
    if given:
        yield given
        return
    folder = record_dir(settings)
    with _turn(settings.data_dir) as turn:
        running = url_if_running(folder)
        if running is not None:
            _end_turn(turn)
            yield running
            return
        record = EmbeddedRecord(folder, pg_bin=settings.pg_bin, say=complain)
        url = record.start()
        try:
            yield url
        finally:
            record.stop()


def record_dir(settings: Settings) -> Path:
    """The folder of the embedded record."""
    return settings.data_dir / "record"


def _refuse_or_make_tables(url: str) -> None:
    if migrate.is_at_head(url):
        return
    if not migrate.is_empty(url):
        raise CannotStart(
            "The record's tables are not those of this version: make a backup, then run"
            " `tgd migrate up`. Nothing was changed."
        )
    migrate.upgrade(url)


@contextmanager
def _turn(data_dir: Path) -> Iterator[int]:
    """One command at a time starts the record; the kernel ends the turn of one that dies."""
    lock = _opened(data_dir)
    try:
        since = time.monotonic()
        while not _taken(lock):
            if time.monotonic() - since > TURN_WITHIN_S:
                raise CannotStart("Another command is using the record: try again in a moment.")
            time.sleep(LOOK_EVERY_S)
        yield lock
    finally:
        os.close(lock)


def _opened(data_dir: Path) -> int:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
        return os.open(data_dir / "command.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotStart(
            f"The data folder {data_dir} cannot be used ({error.strerror}): set TGD_DATA_DIR to a"
            " folder of yours, or run this as the account that owns it."
        ) from None


def _taken(lock: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _end_turn(lock: int) -> None:
    fcntl.flock(lock, fcntl.LOCK_UN)
