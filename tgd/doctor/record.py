"""Whether the record keeps what it commits: its server's settings, read over one connection."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from tgd.doctor.finding import Finding, faults_or, ok, refused, warning
from tgd.doctor.machine import check_clock

OLDEST_SERVER = 150_000
"""PostgreSQL 15, as `server_version_num` says it."""

_ASKED = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "data_checksums",
    "server_version_num",
    "TimeZone",
)


def check_record(connection: Connection, now: datetime, at_head: bool | None) -> list[Finding]:
    """The settings of the server, its clock against `now`, its tables (`at_head`; None: unknown).

    Never raises for a record that does not answer: that is a finding.
    """
    try:
        columns = ", ".join(f"current_setting('{name}')" for name in _ASKED)
        row = connection.execute(text(f"SELECT clock_timestamp(), {columns}")).one()
    except SQLAlchemyError:
        return [refused("The record does not answer.", "See `record away` in deploy/runbook.md.")]
    settings = dict(zip(_ASKED, map(str, row[1:]), strict=True))
    return [check_clock(now, row[0]), *check_record_settings(settings), *check_head(at_head)]


def check_record_settings(settings: Mapping[str, str]) -> list[Finding]:
    """The rules, on values: what is refused loses commits, what is warned of hides damage."""
    found = [*_certainty(settings), *_server(settings)]
    return faults_or(found, "The record keeps what it commits.")


def check_head(at_head: bool | None) -> Iterator[Finding]:
    """The tables are those of this version."""
    if at_head is False:
        yield refused("The tables are not those of this version.", "Run `tgd migrate`.")
    elif at_head:
        yield ok("The tables are those of this version.")


def _certainty(settings: Mapping[str, str]) -> Iterator[Finding]:
    for name in ("fsync", "full_page_writes"):
        if settings.get(name) != "on":
            yield refused(
                f"{name} is not on: a loss of power can destroy the record.",
                f"Set `{name} = on` in postgresql.conf.",
            )
    level = settings.get("synchronous_commit")
    if level == "local":
        yield warning(
            "synchronous_commit is local: the replica may not have what is confirmed.",
            "Set `synchronous_commit = on`.",
        )
    elif level not in ("on", "remote_apply", "remote_write"):
        yield refused(
            "synchronous_commit is off: a crash forgets alerts that were confirmed.",
            "Set `synchronous_commit = on`, for the role and the database as well.",
        )


def _server(settings: Mapping[str, str]) -> Iterator[Finding]:
    if int(settings.get("server_version_num", "0")) < OLDEST_SERVER:
        yield refused("The server is older than PostgreSQL 15.", "Upgrade it.")
    if settings.get("data_checksums") != "on":
        yield warning(
            "data_checksums is off: damage on the disk stays unseen.",
            "Stop the server and run `pg_checksums --enable`.",
        )
    if settings.get("TimeZone") not in ("UTC", "Etc/UTC", "GMT"):
        yield warning(
            "The server's time zone is not UTC: its dates in exports and logs are local.",
            "Set `timezone = 'UTC'`.",
        )
