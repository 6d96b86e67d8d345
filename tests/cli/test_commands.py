"""Each command as its user meets it: what comes on stdout, and how it ends when it cannot."""

import json
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import text
from sqlmodel import select

from tgd.passwords import is_right
from tgd.records import Account, Handset
from tgd.records.journal import GUARD, UNGUARD
from tgd.rules.keys import secret_hash, sms_key

ROOT = Path(__file__).parents[2]
HOME = "3 rue des Exemples;Nanterre;92050"


def enrolled(desk, *more: str) -> str:
    return str(desk.tgd("handset", "enroll", "--json", *more).json["handset"])


def test_enrolling_prints_once_what_a_device_needs(desk, session):
    said = desk.tgd("handset", "enroll", "--number", "+33639980001", "--json")
    assert said.code == 0, said.err
    assert set(said.json) == {"handset", "mqtt_secret", "sms_key"}
    row = session.get(Handset, said.json["handset"])
    assert row.secret_hash == secret_hash(said.json["mqtt_secret"])
    master = bytes.fromhex(Path(desk.settings["TGD_DATA_DIR"], "master.key").read_text())
    assert said.json["sms_key"] == sms_key(master, row.id, row.key_generation).hex()
    assert said.json["mqtt_secret"] not in desk.tgd("handset", "list", "--reveal").out


def test_a_certificate_stands_for_the_secret(desk, session):
    said = desk.tgd("handset", "enroll", "--certificate", "--test-device", "--json").json
    assert set(said) == {"handset", "certificate", "private_key", "ca", "sms_key"}
    row = session.get(Handset, said["handset"])
    assert (row.secret_hash, row.is_test_device) == (None, True)
    certificate = x509.load_pem_x509_certificate(said["certificate"].encode())
    ca = x509.load_pem_x509_certificate(said["ca"].encode())
    certificate.verify_directly_issued_by(ca)
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == said["handset"]
    assert (certificate.not_valid_after_utc - datetime.now(UTC)).days > 3640
    key = Path(desk.settings["TGD_DATA_DIR"], "device-ca", "ca.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_every_handset_has_a_paper_of_the_same_authority(desk):
    first, second = (desk.tgd("handset", "enroll", "--certificate", "--json") for _ in "12")
    assert first.json["ca"] == second.json["ca"]
    assert first.json["private_key"] != second.json["private_key"]


def test_a_number_that_is_taken_is_a_conflict(desk):
    enrolled(desk, "--number", "+33639980001")
    said = desk.tgd("handset", "enroll", "--number", "0639980001", "--json")
    assert (said.code, said.out) == (5, "")
    assert "already" in said.err


def test_ana_is_given_a_handset_and_dora_is_not(desk):
    handset = enrolled(desk)
    given = desk.tgd("handset", "give", handset, "--name", "Ana FICTIVE", "--place", HOME, "--json")
    assert given.code == 0, given.err
    assert given.json["handset"] == handset
    second = desk.tgd("handset", "give", handset, "--name", "Dora FICTIVE")
    assert (second.code, second.out) == (5, "")
    assert "Dora" not in second.err


def test_names_are_shown_only_when_asked_and_then_it_is_written_down(desk):
    handset = enrolled(desk, "--number", "+33639980001")
    desk.tgd("handset", "give", handset, "--name", "Ana FICTIVE")
    plain = desk.tgd("handset", "list", "--json").out
    assert "Ana" not in plain
    assert "+33639980001" not in plain
    assert "StockRevealed" not in desk.tgd("journal", "show", "--json").out
    assert "Ana FICTIVE" in desk.tgd("handset", "list", "--reveal", "--json").out
    assert "StockRevealed" in desk.tgd("journal", "show", "--json").out


def test_consent_can_be_withdrawn_and_given_again(desk):
    handset = enrolled(desk)
    desk.tgd("handset", "give", handset, "--name", "Ana FICTIVE", "--geolocation")
    assert desk.tgd("handset", "consent", handset, "--no-geolocation").code == 0
    assert desk.tgd("handset", "consent", handset, "--no-geolocation").code == 4
    assert desk.tgd("handset", "consent", handset, "--geolocation").code == 0


def test_a_state_that_cannot_be_is_refused_and_a_stranger_not_found(desk):
    handset = enrolled(desk)
    assert desk.tgd("handset", "state", handset, "lost").code == 0
    assert desk.tgd("handset", "state", handset, "reserved").code == 4
    assert desk.tgd("handset", "state", handset, "melted").code == 2
    assert desk.tgd("handset", "state", "hnobody", "lost").code == 3


def test_a_list_is_imported_whole_after_a_dry_run(desk, tmp_path):
    file = tmp_path / "handsets.csv"
    file.write_text(
        "number;name;place;city;insee;geolocation\r\n"
        "0639980001;Ana FICTIVE;3 rue des Exemples;Nanterre;92050;oui\r\n"
        "0639980002;;;;;\r\n",
        encoding="utf-8-sig",
    )
    dry = desk.tgd("handset", "import", str(file), "--dry-run", "--json")
    assert (dry.code, dry.json["kept"]) == (0, False)
    assert desk.tgd("handset", "list", "--json").json["handsets"] == []
    real = desk.tgd("handset", "import", str(file), "--json")
    assert real.json["kept"]
    assert all(line["mqtt_secret"] and line["sms_key"] for line in real.json["lines"])
    again = desk.tgd("handset", "import", str(file), "--json")
    assert (again.code, again.json["kept"]) == (1, False)
    assert [bool(line["problem"]) for line in again.json["lines"]] == [True, False]


def test_a_long_list_is_sealed_by_its_command(desk, tmp_path):
    file = tmp_path / "handsets.csv"
    lines = [f"063998{n:04d}" for n in range(1200)]
    file.write_text("number\n" + "\n".join(lines))
    assert desk.tgd("handset", "import", str(file), "--json").json["kept"]
    said = desk.tgd("journal", "verify", "--json").json
    assert (said["sealed"], said["unsealed"]) == (1200, 0)


def test_a_line_with_other_cells_than_the_heading_is_named(desk, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_bytes(b"number,name\n\n1,2,3,4\n")
    said = desk.tgd("handset", "import", str(file), "--json")
    assert (said.code, [line["line"] for line in said.json["lines"]]) == (1, [3])
    assert "more or fewer cells" in said.json["lines"][0]["problem"]


@pytest.mark.parametrize(
    "bytes_", [b"", b"\xff\xfe", b"surname\nF\n", b"number\n", b"x" * (33 << 20)]
)
def test_a_file_that_is_no_list_is_a_sentence(desk, tmp_path, bytes_):
    file = tmp_path / "bad.csv"
    file.write_bytes(bytes_)
    said = desk.tgd("handset", "import", str(file))
    assert (said.code, said.out) == (2, "")
    assert said.err.strip()


def test_a_password_is_printed_once_or_read_from_stdin(desk, session):
    printed = desk.tgd("account", "add", "Bruno", "--role", "operator").out.strip()
    given = desk.tgd(
        "account", "add", "Camille", "--role", "prosecutor", "--password-stdin", "--json",
        stdin="a long enough sentence\n",
    )  # fmt: skip
    assert "password" not in given.json
    kept = {row.name: row.password_hash for row in session.exec(select(Account))}
    assert is_right(kept["Bruno"], printed)
    assert is_right(kept["Camille"], "a long enough sentence")
    assert desk.tgd("account", "add", "Bruno", "--role", "operator").code == 5
    assert desk.tgd("account", "add", "Dora", "--role", "queen").code == 2
    short = desk.tgd("account", "add", "D", "--role", "admin", "--password-stdin", stdin="abc\n")
    assert short.code == 2
    assert desk.tgd("account", "disable", "Bruno").code == 0
    assert desk.tgd("account", "disable", "Bruno").code == 4


def test_the_journal_is_verified_against_a_head_of_yesterday(desk):
    enrolled(desk)
    yesterday = desk.tgd("journal", "verify", "--json").json
    assert (yesterday["whole"], yesterday["unsealed"]) == (True, 0)
    enrolled(desk)
    today = desk.tgd("journal", "verify", "--expect-head", yesterday["head"], "--json")
    assert (today.code, today.json["whole"]) == (0, True)
    assert today.json["expected_head_at"] == yesterday["sealed"]


def test_a_journal_that_was_cut_off_or_changed_ends_with_seven(desk, engine):
    enrolled(desk), enrolled(desk)
    head = desk.tgd("journal", "verify", "--json").json["head"]
    tamper(engine, "DELETE FROM journal WHERE place = 2")
    assert desk.tgd("journal", "verify").code == 0
    cut = desk.tgd("journal", "verify", "--expect-head", head)
    assert cut.code == 7
    assert "not in the chain" in cut.out
    tamper(engine, "UPDATE journal SET who = 'Dora' WHERE place = 1")
    changed = desk.tgd("journal", "verify", "--json")
    assert (changed.code, changed.json["broken_at"]) == (7, 1)
    assert desk.tgd("journal", "verify", "--expect-head", "abc").code == 2


def tamper(engine, words: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(UNGUARD)
        connection.execute(text(words))
        connection.exec_driver_sql(GUARD)


def test_a_policy_is_judged_by_dispatch(desk, tmp_path):
    good = desk.tgd("policy", "check", str(ROOT / "deploy" / "policy.example.toml"), "--json")
    assert (good.code, good.json["valid"]) == (0, True)
    file = tmp_path / "policy.toml"
    file.write_text("[[step]]\nafter_s = 'soon'\n")
    bad = desk.tgd("policy", "check", str(file))
    assert bad.code == 1
    assert bad.out.startswith("Policy")
    assert desk.tgd("policy", "check", str(tmp_path / "none.toml")).code == 2


def test_the_doctor_says_what_is_so(desk, tmp_path):
    said = desk.tgd("doctor", "--json")
    found = [json.loads(line) for line in said.out.splitlines()]
    # the record of the tests has no fsync: the doctor must not let it pass
    assert said.code == 1
    assert any("fsync" in one["what"] for one in found if one["level"] == "refused")
    assert any("tables are those of this version" in one["what"] for one in found)
    (tmp_path / "policy.toml").write_text("nonsense")
    desk.settings["TGD_POLICY"] = str(tmp_path / "policy.toml")
    assert re.search(r"REFUSED\s+Policy", desk.tgd("doctor").out)


def test_the_doctor_looks_at_what_the_policy_and_the_settings_name(desk, tmp_path):
    authority, gone = trustme.CA(), datetime.now(UTC) + timedelta(days=9)
    authority.issue_cert("room.example", not_after=gone).cert_chain_pems[0].write_to_path(
        tmp_path / "mine.pem"
    )
    (tmp_path / "mine.key").write_text("a key")
    (tmp_path / "token").write_text("changeme")
    for name in ("mine.key", "token"):
        (tmp_path / name).chmod(0o644)
    example = (ROOT / "deploy" / "policy.example.toml").read_text()
    room = 'recipient = "fr.police.cic92"\n'
    files = 'client_cert = "mine.pem"\nclient_key = "mine.key"\ntoken_file = "token"\n'
    (tmp_path / "policy.toml").write_text(example.replace(room, room + files))
    (tmp_path / "auth").write_text("0123456789abcdef" * 2)
    (tmp_path / "auth").chmod(0o644)
    named = {
        "TGD_POLICY": str(tmp_path / "policy.toml"), "TGD_TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TGD_TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "auth"),
        "TGD_MQTT_URL": "mqtt://127.0.0.1:1",
    }  # fmt: skip
    desk.settings.update(named)
    said = desk.tgd("doctor").out
    for level, words in (
        ("WARNING", "TGD_PUBLIC_URL is empty"),
        ("WARNING", "The broker's configuration was not looked at"),
        ("REFUSED", "auth is open to others"),
        ("REFUSED", "token is open to others"),
        ("REFUSED", "mine.key is open to others"),
        ("REFUSED", 'Policy: The secret of "platform" is a secret of an example'),
        ("REFUSED", 'Policy: The token of "control-room-92" is a secret of an example'),
        ("WARNING", "The certificate mine.pem ends in 8 days"),
    ):
        assert re.search(rf"{level}\s+{re.escape(words)}", said), (words, said)
    assert "cmVwbGFjZSB0aGlz" not in said
    (tmp_path / "broker.conf").write_text("persistence true\n")
    looked = desk.tgd("doctor", "--mosquitto-conf", str(tmp_path / "broker.conf")).out
    assert "was not looked at" not in looked


def test_pending_migrations_stop_a_command_and_the_doctor_sees_them(desk, engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    said = desk.tgd("handset", "list")
    assert (said.code, said.out) == (6, "")
    assert "tgd migrate up" in said.err
    assert "not those of this version" in desk.tgd("doctor").out
    assert desk.tgd("migrate", "status", "--json").json["at_head"] is False


def test_a_setting_that_is_none_and_a_record_that_is_away_are_sentences(desk):
    desk.settings["TGD_DATABASE_URL"] = "postgresql+psycopg://tgd:x@127.0.0.1:1/tgd"
    away = desk.tgd("handset", "list")
    assert (away.code, away.out) == (6, "")
    assert "does not answer" in away.err
    assert desk.tgd("doctor").code == 1
    desk.settings["TGD_NONSENSE"] = "1"
    wrong = desk.tgd("handset", "list")
    assert (wrong.code, wrong.out) == (2, "")
    assert "TGD_NONSENSE" in wrong.err
