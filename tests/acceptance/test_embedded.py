"""The private PostgreSQL keeps what it confirmed, whoever is killed, and stays ours alone."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import psycopg
import pytest

from tests.acceptance import embedded_ground
from tests.acceptance.embedded_ground import (
    Heard,
    Supervise,
    ask,
    end,
    kept,
    kill_server,
    login,
    refused,
    running,
    url_of,
    wait_until,
    write_down,
)
from tgd.embedded import EmbeddedRecord

ground = embedded_ground.ground
supervise = embedded_ground.supervise


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


def test_a_server_that_somebody_else_stopped_is_started_again(ground: Path) -> None:
    record = EmbeddedRecord(ground / "record", durable=False)
    url = record.start()
    client = login(url)
    os.kill(running(ground / "record").pid, signal.SIGTERM)  # waits for its clients to leave
    wait_until(record.restart_if_dead)
    assert ask(url, "SELECT 1") == [(1,)]
    client.close()
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


def test_the_server_of_a_killed_supervisor_is_adopted(ground: Path, supervise: Supervise) -> None:
    first = supervise(ground / "record")
    url = url_of(first)
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


def test_an_adopted_server_moves_to_the_port_that_is_asked_for(
    ground: Path, supervise: Supervise
) -> None:
    first = supervise(ground / "record")
    url = url_of(first)
    write_down(url, "Ana")
    end(first)
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    second = EmbeddedRecord(ground / "record", port=port)
    moved = second.start()
    assert f":{port}/" in moved
    assert kept(moved) == {"Ana"}
    second.stop()


def test_two_supervisors_do_not_share_a_record(ground: Path, supervise: Supervise) -> None:
    first = supervise(ground / "record")
    url = url_of(first)
    sentence = refused(EmbeddedRecord(ground / "record"))
    assert "already looked after" in sentence
    assert str(first.pid) in sentence
    assert ask(url, "SELECT 1") == [(1,)], "the first one is not disturbed"


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


@pytest.mark.parametrize("seconds", [0.25, 0.5, 0.8])
def test_a_supervisor_may_be_killed_at_any_moment_of_its_first_start(
    ground: Path, supervise: Supervise, seconds: float
) -> None:
    first = supervise(ground / "record")
    time.sleep(seconds)
    end(first)
    record = EmbeddedRecord(ground / "record")
    assert ask(record.start(), "SELECT 1") == [(1,)]
    assert record.is_alive()
    record.stop()
