"""Runs every check for which something was given, in the order in which they matter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from tgd.doctor.address import check_public_url
from tgd.doctor.auditor import check_auditor
from tgd.doctor.certificates import check_certificate, check_key
from tgd.doctor.console import check_degraded_line
from tgd.doctor.finding import Finding, refused, warning
from tgd.doctor.machine import (
    check_disk,
    check_separate,
    check_synchronised,
    check_versions,
    is_synchronised,
    volume,
)
from tgd.doctor.maps import check_map_service
from tgd.doctor.mosquitto import check_mosquitto_file
from tgd.doctor.rabbitmq import check_rabbitmq_file
from tgd.doctor.record import check_record
from tgd.doctor.secrets import check_secret, check_secret_file
from tgd.doctor.signatories import check_signatories


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorInput:
    """What there is to look at; everything that is left out is not checked."""

    now: datetime
    connection: Connection | None = None
    """To the record; None: not looked at (the caller says so when it does not answer)."""
    migrations_at_head: bool | None = None
    record_dir: Path | None = None
    """Folder of the record's files, when it is on this machine."""
    spool_dir: Path | None = None
    mosquitto_conf: Path | None = None
    rabbitmq_conf: Path | None = None
    public_urls: Mapping[str, str] = field(default_factory=dict)
    """Setting name -> address, such as {"TGD_PUBLIC_URL": "https://…"}."""
    certificates: tuple[Path, ...] = ()
    device_authorities: tuple[Path, ...] = ()
    keys: tuple[Path, ...] = ()
    secret_files: tuple[Path, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Setting name -> value; values are never shown."""
    auditor: Mapping[str, str] | None = None
    """The auditor's ways: setting name -> value, empty when not set."""
    map_service: str = ""
    """Where pictures of maps are fetched; empty: nowhere."""
    degraded_line: str | None = None
    """Whom people ring when the console is dead; None: not looked at."""
    unnamed: tuple[str, ...] = ()
    """Accounts that sign decisions and have no full name or capacity."""
    policy_warnings: tuple[str, ...] = ()
    """Sentences that the policy's own rules found."""


def run_checks(given: DoctorInput) -> list[Finding]:
    """Every finding, good ones included; raises nothing for what the checks are there to find."""
    return [
        *_record(given),
        *_brokers(given),
        *_disks(given),
        check_synchronised(is_synchronised()),
        *_papers(given),
        *(check_public_url(name, url) for name, url in given.public_urls.items()),
        *check_map_service(given.map_service),
        *(check_degraded_line(given.degraded_line) if given.degraded_line is not None else ()),
        *(check_auditor(given.auditor) if given.auditor is not None else ()),
        *check_signatories(given.unnamed),
        *(warning(said, "Change the policy, or know why not.") for said in given.policy_warnings),
        *check_versions(),
    ]


def _record(given: DoctorInput) -> list[Finding]:
    if given.connection is None:
        return []
    return check_record(given.connection, given.now, given.migrations_at_head)


def _brokers(given: DoctorInput) -> Iterator[Finding]:
    if given.mosquitto_conf:
        yield from check_mosquitto_file(given.mosquitto_conf)
    if given.rabbitmq_conf:
        yield from check_rabbitmq_file(given.rabbitmq_conf)


def _disks(given: DoctorInput) -> Iterator[Finding]:
    folders = {"the record": given.record_dir, "the spool": given.spool_dir}
    try:
        volumes = [volume(name, path) for name, path in folders.items() if path]
    except OSError as error:
        yield refused(f"A disk cannot be looked at ({error.strerror}).", "Correct the folder.")
        return
    yield from map(check_disk, volumes)
    if len(volumes) == 2:
        yield check_separate(*volumes)


def _papers(given: DoctorInput) -> Iterator[Finding]:
    for path in given.certificates:
        yield check_certificate(path, given.now)
    for path in given.device_authorities:
        yield check_certificate(path, given.now, authority=True)
    yield from map(check_key, given.keys)
    yield from map(check_secret_file, given.secret_files)
    yield from (check_secret(name, value) for name, value in given.secrets.items())
