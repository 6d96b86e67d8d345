"""What every test may ask for: a real record of its own, a clean settings environment, people."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool
from sqlmodel import Session, SQLModel

import tgd.records  # noqa: F401  (the tables)
from tests import seeds, warm
from tests.campaign.outcome import summed_up
from tests.world import World
from tgd import clock
from tgd.database import open_record
from tgd.embedded import EmbeddedRecord
from tgd.seal import Keys

# a loaded machine is no fault of what is tested: no deadline, and no complaint about slow drawing
hypothesis_settings.register_profile(
    "tests", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("tests")

# a traceback with every local in it takes longer to print than what is tested takes to happen
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

ROOM_BYTES = 4 * 2**30
JUDGES = "promises.py"
BROKEN = Path(".pytest_cache/broken_promises")
"""The tests in which a promise was broken: CI never looks at one of these again."""
NOW = datetime(2026, 11, 23, 22, 40, 5, tzinfo=UTC)
"""The moment at which most stories begin."""


def pytest_configure(config: pytest.Config) -> None:
    """One seed for all processes of this run, and nothing known of an earlier one."""
    seeds.choose()
    if not hasattr(config, "workerinput"):
        (config.rootpath / BROKEN).unlink(missing_ok=True)


def pytest_report_header() -> str:
    """What repeats the chance of this run."""
    return f"{seeds.NAME}={seeds.seed()}"


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """A broken promise is written down beside the report, whatever becomes of the report."""
    # what is raised in code without a file (a dataclass's own) has a word for its path
    if call.excinfo is None or Path(call.excinfo.traceback[-1].path).name != JUDGES:
        return
    place = item.config.rootpath / BROKEN
    place.parent.mkdir(exist_ok=True)
    with place.open("a") as broken:
        broken.write(f"{item.nodeid}\n")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """N and the bound of every campaign that was played: a green run says how much it shows."""
    if lines := summed_up(terminalreporter.getreports("passed")):
        terminalreporter.section("campaigns")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session", autouse=True)
def warm_programs() -> Iterator[None]:
    """Our own programs are imported once per test process, not once per start."""
    warm.warm_up()
    yield
    warm.cool_down()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own TGD_ variables change no test."""
    forget_settings(monkeypatch)


@pytest.fixture(autouse=True)
def time_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatcher that went forward to an alert of tomorrow leaves no test after it there."""
    monkeypatch.setattr(clock, "_carried", clock.Carried(time.time(), time.monotonic()))


def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No TGD_ variable is left in the environment."""
    for name in [n for n in os.environ if n.startswith("TGD_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """One private PostgreSQL per test process."""
    with open_cluster() as url:
        yield url


@contextmanager
def open_cluster() -> Iterator[str]:
    """A private PostgreSQL without durability, with a template inside."""
    with reachable_folder(in_memory()) as folder:
        record = EmbeddedRecord(folder / "pg", durable=False)
        with running(record) as url:
            yield url


@contextmanager
def running(record: EmbeddedRecord) -> Iterator[str]:
    """This server, with a template inside, until the block ends."""
    url = record.start()
    try:
        _make_template(url)
        yield url
    finally:
        record.stop()


def _make_template(url: str) -> None:
    admin = _admin(url)
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE blank"))
    admin.dispose()
    template = create_engine(_named(url, "blank"))
    SQLModel.metadata.create_all(template)
    template.dispose()


def in_memory() -> Path | None:
    """Where files cost no disk, if there is room: each test makes a database of 8 MB, and on a busy
    disk waits for that for half a second (25 ms in memory)."""
    place = Path("/dev/shm")
    return place if place.is_dir() and shutil.disk_usage(place).free > ROOM_BYTES else None


@contextmanager
def reachable_folder(within: Path | None = None) -> Iterator[Path]:
    """A folder that the record's server reaches although it runs as somebody else when we are
    root; not under pytest's own, whose permissions every pytest of this machine takes back."""
    folder = Path(tempfile.mkdtemp(prefix="tgd-test-", dir=within))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """The same for one test."""
    with reachable_folder() as folder:
        yield folder


def _admin(url: str) -> Engine:
    # nothing kept open: the server may have been killed since
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def _named(url: str, database: str) -> str:
    return url.rsplit("/", 1)[0] + "/" + database


@pytest.fixture
def record_url(cluster: str) -> Iterator[str]:
    """The address of a fresh record with all tables, gone after the test."""
    with fresh_record(cluster) as url:
        yield url


@contextmanager
def fresh_record(cluster: str) -> Iterator[str]:
    """The same for whoever keeps one for several tests."""
    name = "t" + uuid4().hex[:16]
    admin = _admin(cluster)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE blank STRATEGY file_copy"))
    try:
        yield _named(cluster, name)
    finally:
        drop_record(admin, name)
        admin.dispose()


def drop_record(admin: Engine, name: str) -> None:
    """Gone; later when the server's own cleaning is in it: only a superuser ends that."""
    for left in reversed(range(20)):
        try:
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        except ProgrammingError:
            if not left:
                raise
            time.sleep(0.5)
        else:
            return


@pytest.fixture
def engine(record_url: str) -> Iterator[Engine]:
    """An engine on a fresh record; a test may think between two statements as long as it wants."""
    opened = open_record(record_url, lane="work")
    event.listen(opened, "connect", _let_wait)
    yield opened
    opened.dispose()


def _let_wait(connection: Any, _: Any) -> None:
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    connection.commit()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on a fresh record; the test commits when it wants to."""
    with Session(engine, expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def keys() -> Keys:
    """A master key for tests."""
    return Keys(bytes(range(32)))


@pytest.fixture
def world(session: Session, keys: Keys) -> World:
    """Ana, Bruno and the others, at 22:40 on a Monday in November."""
    return World(session, keys, NOW)
