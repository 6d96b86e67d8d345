"""Brings the record's tables to the form of this version, and back; knows no setting.

Works from an installed package: the configuration is built here, there is no alembic.ini.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import NullPool

from tgd.errors import CannotStart, RecordAway

HERE = Path(__file__).with_name("migrations")

LOCK = 0x7467642D
"""Held while tables change: of a transaction, gone with it, however its process ends."""


def upgrade(url: str, revision: str = "head") -> None:
    """Forward to a revision, in one transaction; two at once take turns.

    Raises RecordAway, and CannotStart for tables of a later version or made otherwise.
    """
    with _sentences():
        command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Back to a revision (`base`: no tables at all); what only the newer tables held is lost.

    Raises RecordAway and CannotStart.
    """
    with _sentences():
        command.downgrade(_config(url), revision)


def current(url: str) -> str | None:
    """The revision of this record; None for one that was never migrated. Raises RecordAway."""
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest revision of this version of the service."""
    newest = ScriptDirectory.from_config(_config("")).get_current_head()
    assert newest is not None, "the package holds its migrations"
    return newest


def is_at_head(url: str) -> bool:
    """Whether the tables are those of this version. Raises RecordAway."""
    return current(url) == head()


def is_empty(url: str) -> bool:
    """Whether this record holds no table at all. Raises RecordAway."""
    with _connection(url) as connection:
        return not inspect(connection).get_table_names()


def new_revision(url: str, words: str) -> None:
    """Write the next file of `versions/` from what differs; to be read and completed by a person.

    For those who change the tables. The record must be at head.
    """
    with _sentences():
        command.revision(_config(url), words, autogenerate=True)


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(
        url, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": 3}
    )
    with _sentences(), engine.connect() as connection:
        yield connection


@contextmanager
def _sentences() -> Iterator[None]:
    """Faults of the record and of the migrations, as ours."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise RecordAway("The record does not answer.") from error
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or type(error.orig).__name__
        raise CannotStart(
            f"The record's tables could not be changed, nothing was ({state}): they are not those"
            " that `tgd migrate` makes, or the account may not change them."
        ) from error
    except CommandError as error:
        raise CannotStart(
            "This version does not know that revision of the tables: use the version of the"
            " service that made them, or name a revision that `tgd migrate status` shows."
        ) from error
