"""Ground on which real records run, are killed and are taken away again, for their tests."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tgd.embedded import EmbeddedRecord
from tgd.embedded.postmaster import Postmaster
from tgd.errors import CannotStart

ROOT = Path(__file__).resolve().parents[2]

SUPERVISOR = """
import sys, time
from pathlib import Path
from tgd.embedded import EmbeddedRecord
record = EmbeddedRecord(Path(sys.argv[1]), say=lambda sentence: None)
print(record.start(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that every user may pass through; what runs below it is ended with the test."""
    path = Path(tempfile.mkdtemp(prefix="tgd-record-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    for marker in path.rglob("tgd-record.json"):
        left = Postmaster.find(marker.parent / "cluster")
        if left is not None:
            end_server(left)
    shutil.rmtree(path)


class Heard(list[str]):
    """Collects the sentences that a record says."""

    def __call__(self, sentence: str) -> None:
        self.append(sentence)


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def end_server(server: Postmaster) -> None:
    server.ask_to_stop()
    wait_until(lambda: not server.lives())


def login(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with login(url) as connection:
        answer = connection.execute(statement)
        return answer.fetchall() if answer.description else []


def answers(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


def write_down(url: str, *names: str) -> None:
    with login(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (name text UNIQUE)")
        for name in names:
            connection.execute("INSERT INTO kept VALUES (%s)", [name])


def kept(url: str) -> set[object]:
    return {name for (name,) in ask(url, "SELECT name FROM kept")}


def running(folder: Path) -> Postmaster:
    found = Postmaster.find(folder / "cluster")
    assert found is not None, "no server runs there"
    return found


def kill_server(folder: Path) -> None:
    """Like a power cut for the server: no warning, nothing written."""
    server = running(folder)
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.lives())


def refused(record: EmbeddedRecord) -> str:
    with pytest.raises(CannotStart) as told:
        record.start()
    return str(told.value)


Supervise = Callable[[Path], subprocess.Popen[str]]


@pytest.fixture
def supervise(ground: Path) -> Iterator[Supervise]:
    """Starts a supervisor as a process of its own, which the test may kill."""
    started: list[subprocess.Popen[str]] = []

    def begin(folder: Path) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", SUPERVISOR, str(folder)],
                cwd=ROOT, stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        return started[-1]

    yield begin
    for process in started:
        end(process)


def url_of(supervisor: subprocess.Popen[str]) -> str:
    assert supervisor.stdout is not None
    return supervisor.stdout.readline().strip()


def end(supervisor: subprocess.Popen[str]) -> None:
    """Kill -9: it has no time to tidy up."""
    supervisor.kill()
    supervisor.wait()
    if supervisor.stdout is not None:
        supervisor.stdout.close()
