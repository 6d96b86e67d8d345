"""`tgd up` from outside: starts, says where it listens, is stopped, killed, started again.

Only the command line, TGD_ settings, exit codes and the table of processes are used.
"""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import contract_ground
from tests.acceptance.contract_ground import Ground, ground, lives, until
from tests.conftest import reachable_folder

LISTENERS = {"mqtt", "gateway", "gateway-health", "answers", "dispatch-health", "console",
             "console-health", "auditor-health"}  # fmt: skip


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    with reachable_folder() as folder, ground(folder) as made:
        yield made


def refusal(place: Ground, **settings: str) -> str:
    """What `tgd up` says when it does not start; it must end by itself with exit code 1."""
    program = place.up(**settings)
    until(lambda: program.process.poll() is not None, 60, "for a refusal")
    assert program.end() == 1, program.err
    assert not program.ready
    said = "".join(program.err)
    assert "Traceback" not in said
    return said


def test_it_says_where_it_listens_and_nothing_of_it_is_left(place: Ground) -> None:
    """SIGTERM: exit code 0, and every process that it had started is gone."""
    up = place.up().wait()
    assert {line["listener"] for line in up.said} == LISTENERS | {"all"}
    assert all(line["host"] == "127.0.0.1" for line in up.said if line["listener"] != "all")
    family = contract_ground.family_of(up.pid) | _servers(place)
    assert len(family) >= 5, "four parts and a record"
    assert up.end(signal.SIGTERM) == 0
    assert [pid for pid in family if lives(pid)] == []


def _servers(place: Ground) -> set[int]:
    """The embedded record's server and those below it."""
    pids = Path(place.settings["TGD_DATA_DIR"]).rglob("postmaster.pid")
    first = [int(path.read_text().split("\n", 1)[0]) for path in pids]
    return {one for pid in first for one in {pid} | contract_ground.family_of(pid)}


def test_one_on_a_folder_and_killed_it_leaves_no_port_taken(place: Ground) -> None:
    """A second one on the folder is refused. `kill -9` of the first alone: its parts go with it,
    and the next one needs no help."""
    first = place.up().wait()
    assert str(first.pid) in refusal(place), "who is there already"
    assert first.process.poll() is None
    parts = {pid for pid in contract_ground.family_of(first.pid) if _runs_ours(pid)}
    assert len(parts) == 3
    handset = place.told("handset", "enroll")["handset"]
    first.end(signal.SIGKILL)
    try:
        until(lambda: not any(map(lives, parts)), 10, "for the parts of the dead to go")
        again = place.up().wait()
        listed = place.told("handset", "list")["handsets"]
        assert handset in [one["handset"] for one in listed]
        assert again.end() == 0
    finally:
        for pid in filter(lives, parts):
            os.kill(pid, signal.SIGKILL)


def _runs_ours(pid: int) -> bool:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return words[1:2] == [b"-m"] and words[2] in (b"gateway", b"dispatch", b"tgd.web")


def test_settings_and_policies_that_cannot_be(place: Ground, tmp_path: Path) -> None:
    """Each is named in a sentence."""
    assert "TGD_MQTT_LISTEN" in refusal(place, TGD_MQTT_LISTEN="somewhere")
    assert "TGD_MQTT_LISTENN" in refusal(place, TGD_MQTT_LISTENN="127.0.0.1:1")
    policy = tmp_path / "policy.toml"
    policy.write_text('[[destination]]\nname = "x"\nkind = "pigeon"\n')
    said = refusal(place, TGD_POLICY=str(policy))
    assert "dispatch did not start. Policy: " in said
    assert '"kind" must be one of' in said


def test_a_taken_port_is_said(place: Ground) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(place, TGD_MQTT_LISTEN=f"127.0.0.1:{port}")
        assert f"Cannot listen on 127.0.0.1:{port}" in said


def test_the_doctor_speaks_in_sentences(place: Ground, tmp_path: Path) -> None:
    well = place.tgd("doctor", "--json")
    assert well.returncode == 0, well.stdout + well.stderr
    broken = tmp_path / "mosquitto.conf"
    broken.write_text("listener 1883\nmax_queued_messages 10\npersistence false\n")
    ill = place.tgd("doctor", "--mosquitto-conf", str(broken))
    assert ill.returncode == 1
    assert "persistence" in ill.stdout
    assert "Traceback" not in ill.stdout + ill.stderr
