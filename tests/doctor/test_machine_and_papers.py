"""Clock, disks, certificates, secrets, addresses, record: what is refused and never shown."""

import datetime as dt
from typing import ClassVar

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from tgd.doctor import DoctorInput, Finding, Level, as_json, as_text, collect, run_checks
from tgd.doctor.address import check_public_url
from tgd.doctor.auditor import check_auditor
from tgd.doctor.certificates import check_certificate, check_key
from tgd.doctor.machine import (
    GIB,
    Volume,
    check_clock,
    check_disk,
    check_separate,
    check_synchronised,
    is_synchronised,
    volume,
)
from tgd.doctor.record import check_head, check_record, check_record_settings
from tgd.doctor.secrets import check_secret, check_secret_file

NOW = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)


def later(**how_much: float) -> dt.datetime:
    return NOW + dt.timedelta(**how_much)


@pytest.mark.parametrize(
    ("record", "level"),
    [
        (later(seconds=1.9), Level.OK),
        (later(seconds=-2.5), Level.REFUSED),
        (later(hours=26), Level.REFUSED),
        (None, Level.WARNING),
    ],
)
def test_a_clock_more_than_two_seconds_from_the_records_is_refused(record, level):
    assert check_clock(NOW, record).level is level


@pytest.mark.parametrize(("flag", "level"), [(True, "ok"), (False, "warning"), (None, "warning")])
def test_a_clock_that_nothing_keeps_right_is_a_warning(flag, level):
    assert check_synchronised(flag).level == level


def test_the_kernel_can_be_asked():
    assert is_synchronised() in (True, False, None)


@pytest.mark.parametrize(
    ("free", "total", "level"),
    [
        (400 * 1024**2, 100 * GIB, Level.REFUSED),
        (1 * GIB, 4 * GIB, Level.WARNING),
        (10 * GIB, 100 * GIB, Level.WARNING),
        (30 * GIB, 100 * GIB, Level.OK),
    ],
)
def test_a_disk_that_fills_is_seen_before_it_is_full(free, total, level):
    assert check_disk(Volume("the record", 1, free, total)).level is level


def test_record_and_spool_on_one_disk_are_a_warning(tmp_path):
    record = volume("the record", tmp_path / "not" / "yet" / "there")
    assert check_separate(record, volume("the spool", tmp_path)).level is Level.WARNING
    other = Volume("the spool", record.device + 1, GIB, GIB)
    assert check_separate(record, other).level is Level.OK


def certificate(ends_at: dt.datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tgd.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(later(days=-900))
        .not_valid_after(ends_at)
    )
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("ends_at", "authority", "level"),
    [
        (later(days=-1), False, Level.REFUSED),
        (later(days=10), False, Level.WARNING),
        (later(days=90), False, Level.OK),
        (later(days=90), True, Level.WARNING),
        (later(days=3650), True, Level.OK),
    ],
)
def test_a_certificate_is_judged_by_what_is_left_of_its_life(tmp_path, ends_at, authority, level):
    path = tmp_path / "server.crt"
    path.write_bytes(certificate(ends_at))
    assert check_certificate(path, NOW, authority=authority).level is level


def test_the_first_certificate_of_a_chain_to_end_counts(tmp_path):
    path = tmp_path / "chain.crt"
    path.write_bytes(certificate(later(days=900)) + certificate(later(days=-1)))
    assert check_certificate(path, NOW).level is Level.REFUSED


def test_a_certificate_that_is_missing_or_is_a_key_is_refused(tmp_path):
    assert check_certificate(tmp_path / "absent.crt", NOW).level is Level.REFUSED
    key = tmp_path / "server.key"
    key.write_bytes(trustme.CA().issue_cert("tgd.example").private_key_pem.bytes())
    assert check_certificate(key, NOW).level is Level.REFUSED


def test_a_key_that_others_can_read_is_refused(tmp_path):
    key = tmp_path / "server.key"
    key.write_text("anything")
    key.chmod(0o640)
    assert check_key(key).level is Level.OK
    for mode in (0o644, 0o660, 0o604):
        key.chmod(mode)
        assert check_key(key).level is Level.REFUSED
    assert check_key(tmp_path / "absent.key").level is Level.REFUSED


GOOD_SECRET = "9f2c4e7a1b8d3065f7e2a9c4d1b6083e"
BAD_SECRETS = [
    "", "short", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "changeme-changeme-changeme",
    "whsec_cmVwbGFjZSB0aGlzIHNlY3JldCBiZWZvcmUgdXNlIQ==", "my-Password-is-very-long",
]  # fmt: skip


@pytest.mark.parametrize("value", BAD_SECRETS)
def test_a_secret_that_can_be_guessed_is_refused_and_not_shown(value):
    finding = check_secret("TGD_MASTER_KEY", value)
    assert finding.level is Level.REFUSED
    assert not value or value not in finding.what + finding.do


def test_a_secret_file_is_closed_good_and_readable(tmp_path):
    path = tmp_path / "master_key"
    path.write_text(GOOD_SECRET + "\n")
    path.chmod(0o600)
    assert check_secret_file(path).level is Level.OK
    path.chmod(0o644)
    assert check_secret_file(path).level is Level.REFUSED
    path.chmod(0o600)
    path.write_bytes(b"\xff\xfe\x00")
    assert check_secret_file(path).level is Level.REFUSED
    assert check_secret_file(tmp_path / "absent").level is Level.REFUSED


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("https://tgd.example", Level.OK),
        ("http://127.0.0.1:8081", Level.OK),
        ("http://tgd.example", Level.REFUSED),
        ("https://tgd.example/?a=1", Level.REFUSED),
        ("https://ana@tgd.example", Level.REFUSED),
        ("https://tgd.example/prefix", Level.WARNING),
        ("", Level.WARNING),
    ],
)
def test_an_address_that_signatures_cannot_stand_on_is_said(url, level):
    assert check_public_url("TGD_PUBLIC_URL", url).level is level


def test_the_exit_code_is_1_only_for_what_is_refused():
    good, bad = Finding(Level.OK, "a"), Finding(Level.REFUSED, "c", "d")
    so_so = Finding(Level.WARNING, "b", "e")
    assert collect([]) == 0
    assert collect([good, so_so]) == 0
    assert collect([good, so_so, bad]) == 1
    assert as_text([good, bad]).splitlines() == ["REFUSED  c", "         -> d", "OK       a"]
    assert as_json([so_so]) == '{"level": "warning", "what": "b", "do": "e"}'


def test_one_run_looks_at_everything_that_it_was_given(tmp_path):
    given = DoctorInput(
        now=NOW,
        record_dir=tmp_path,
        spool_dir=tmp_path,
        mosquitto_conf=tmp_path / "absent.conf",
        public_urls={"TGD_PUBLIC_URL": "http://tgd.example"},
        secret_files=(tmp_path / "absent",),
        secrets={"TGD_MASTER_KEY": GOOD_SECRET},
        policy_warnings=("The policy never rings a telephone.",),
    )
    findings = run_checks(given)
    said = as_text(findings)
    assert collect(findings) == 1
    for words in ("absent.conf", "share one disk", "not https", "never rings", "Python 3"):
        assert words in said
    assert GOOD_SECRET not in said + repr(given)


def test_nothing_given_is_still_a_look_at_the_machine():
    assert collect(run_checks(DoctorInput(now=NOW))) == 0


class TestRecord:
    """The settings of the record's server, as values and as a real server says them."""

    GOOD: ClassVar = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "server_version_num": "150018",
        "TimeZone": "UTC",
    }

    @pytest.mark.parametrize(
        ("name", "value", "level"),
        [
            ("fsync", "off", Level.REFUSED),
            ("full_page_writes", "off", Level.REFUSED),
            ("synchronous_commit", "off", Level.REFUSED),
            ("synchronous_commit", "remote_apply", Level.OK),
            ("synchronous_commit", "local", Level.WARNING),
            ("server_version_num", "140012", Level.REFUSED),
            ("data_checksums", "off", Level.WARNING),
            ("TimeZone", "Europe/Paris", Level.WARNING),
        ],
    )
    def test_a_server_that_forgets_is_refused(self, name, value, level):
        (finding,) = check_record_settings({**self.GOOD, name: value})
        assert finding.level is level

    def test_tables_of_another_version_are_refused(self):
        assert [f.level for f in check_head(False)] == [Level.REFUSED]
        assert [f.level for f in check_head(True)] == [Level.OK]
        assert list(check_head(None)) == []

    def test_a_throw_away_record_is_found_out(self, engine):
        with engine.connect() as connection:
            findings = check_record(connection, dt.datetime.now(dt.UTC), True)
        said = as_text(findings)
        assert "fsync is not on" in said
        assert "agree on the time" in said
        assert collect(findings) == 1

    def test_a_record_that_is_gone_is_a_finding(self, engine):
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            connection.connection.dbapi_connection.close()
            (finding,) = check_record(connection, NOW, None)
        assert finding.level is Level.REFUSED


WAYS = {"TGD_AUDITOR_URL": "", "TGD_AUDITOR_BEAT_URL": "", "TGD_AUDITOR_NUMBERS": "",
        "TGD_AUDITOR_CONSOLES": "1", "TGD_CANARY_…": "mqtt,http"}  # fmt: skip


@pytest.mark.parametrize(
    ("ways", "levels"),
    [
        ({}, {"warning": 2}),
        ({"TGD_AUDITOR_CONSOLES": "0"}, {"warning": 3}),
        ({"TGD_CANARY_…": ""}, {"warning": 3}),
        ({"TGD_AUDITOR_NUMBERS": "+33199000001"}, {"warning": 1}),
        ({"TGD_AUDITOR_NUMBERS": "0199000001"}, {"warning": 1, "refused": 1}),
        ({"TGD_AUDITOR_URL": "http://duty.example"}, {"warning": 1, "refused": 1}),
        (
            {
                "TGD_AUDITOR_URL": "https://duty.example",
                "TGD_AUDITOR_BEAT_URL": "https://w.example",
            },
            {"ok": 2},
        ),
    ],
)
def test_an_auditor_that_reaches_nobody_is_said(ways, levels):
    found = [finding.level.value for finding in check_auditor(WAYS | ways)]
    assert {level: found.count(level) for level in set(found)} == levels
