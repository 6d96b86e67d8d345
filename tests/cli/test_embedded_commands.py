"""On a machine that has nothing, a command makes the record, and two commands take turns."""

import json
from pathlib import Path

from tests.cli.commanding import Desk
from tgd.embedded import EmbeddedRecord, url_if_running


def record_of(desk: Desk) -> Path:
    return Path(desk.settings["TGD_DATA_DIR"]) / "record"


def test_commands_on_a_bare_machine(bare_desk):
    assert bare_desk.tgd("doctor").out.count("There is no record yet") == 1
    assert not record_of(bare_desk).exists(), "looking makes nothing"
    first = bare_desk.tgd("handset", "enroll", "--json")
    assert first.code == 0, first.err
    assert url_if_running(record_of(bare_desk)) is None, "it was started for a moment only"
    two = [bare_desk.start("handset", "enroll", "--json") for _ in range(3)]
    said = [one.communicate(timeout=90) for one in two]
    assert [one.returncode for one in two] == [0, 0, 0], said
    listed = bare_desk.tgd("handset", "list", "--json").json["handsets"]
    ids = {json.loads(out)["handset"] for out, _ in said} | {first.json["handset"]}
    assert {row["handset"] for row in listed} == ids
    assert bare_desk.tgd("migrate", "down", "--to", "base").code == 2
    assert bare_desk.tgd("migrate", "down", "--to", "base", "--yes").code == 0
    status = bare_desk.tgd("migrate", "status", "--json").json
    assert (status["current"], status["at_head"]) == (None, False)


def test_a_running_record_is_used_and_left_running(bare_desk):
    record_of(bare_desk).parent.mkdir(mode=0o755)
    record = EmbeddedRecord(record_of(bare_desk))
    url = record.start()
    try:
        assert url_if_running(record_of(bare_desk)) == url
        two = [bare_desk.start("handset", "enroll", "--json") for _ in range(2)]
        said = [one.communicate(timeout=90) for one in two]
        assert [one.returncode for one in two] == [0, 0], said
        assert record.is_alive()
    finally:
        record.stop()
    assert url_if_running(record_of(bare_desk)) is None


def test_a_data_folder_that_cannot_be_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("I am a file")
    said = Desk({"TGD_DATA_DIR": str(tmp_path / "file" / "tgd")}).tgd("handset", "list")
    assert (said.code, said.out) == (6, "")
    assert "TGD_DATA_DIR" in said.err
