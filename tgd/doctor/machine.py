"""Clock, disk and versions of this machine: rules on values, and the few lines that read them."""

import ctypes
import os
import platform
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tgd.doctor.finding import Finding, ok, refused, warning

MAX_CLOCK_GAP_S = 2.0
"""Deadlines are compared in the record's clock; more apart, an escalation is early or late."""
GIB = 1024**3
REFUSED_FREE = GIB // 2
WARNED_FREE = 2 * GIB
WARNED_SHARE = 0.20

_TIME_ERROR = 5
"""What adjtimex(2) returns while the kernel's clock is not synchronised."""


@dataclass(frozen=True, slots=True)
class Volume:
    """The file system under a folder: its device number, and bytes."""

    name: str
    device: int
    free: int
    total: int


def check_clock(here: datetime, record: datetime | None) -> Finding:
    """This machine and the record agree on the time, to two seconds."""
    if record is None:
        return warning(
            "The clock was not compared: the record does not answer.", "Ask again when it does."
        )
    gap_s = abs((here - record).total_seconds())
    if gap_s > MAX_CLOCK_GAP_S:
        return refused(
            f"This machine and the record are {gap_s:.1f} s apart.",
            "Start time synchronisation (chrony or systemd-timesyncd) on both.",
        )
    return ok(f"This machine and the record agree on the time ({gap_s:.1f} s).")


def check_synchronised(synchronised: bool | None) -> Finding:
    """The kernel says that something keeps its clock right; None: it cannot be asked."""
    if synchronised:
        return ok("The clock is synchronised.")
    what = "is not synchronised" if synchronised is False else "may not be synchronised"
    return warning(
        f"The clock {what}.", "Start chrony or systemd-timesyncd; in a container, on its host."
    )


def is_synchronised() -> bool | None:
    """Ask the kernel by adjtimex(2); None where there is no such call or it is not allowed."""
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))
    except (AttributeError, OSError):
        return None
    return None if answer < 0 else bool(answer != _TIME_ERROR)


def volume(name: str, path: Path) -> Volume:
    """The volume of a folder, or of the nearest parent that exists. Raises OSError."""
    while not path.exists() and path != path.parent:
        path = path.parent
    usage = shutil.disk_usage(path)
    return Volume(name, os.stat(path).st_dev, usage.free, usage.total)


def check_disk(where: Volume) -> Finding:
    """There is room: a full disk stops the record, which does not come back by itself."""
    what = f"The disk of {where.name} has {where.free / GIB:.1f} GiB free."
    if where.free < REFUSED_FREE:
        return refused(what, "Make room now: see `disk full` in deploy/runbook.md.")
    if where.free < WARNED_FREE or where.free < WARNED_SHARE * where.total:
        return warning(what, "Make room before it is full, or give it a larger disk.")
    return ok(what)


def check_separate(record: Volume, spool: Volume) -> Finding:
    """The spool stands in for the record, so one full disk must not take both."""
    if record.device == spool.device:
        return warning(
            "The record and the spool share one disk: when it is full, both are.",
            "Put the spool on another volume with TGD_SPOOL_DIR.",
        )
    return ok("The record and the spool are on different disks.")


def check_versions() -> Iterator[Finding]:
    """Which Python and which OpenSSL run this: one line each."""
    yield ok(f"Python {platform.python_version()}.")
    if ssl.OPENSSL_VERSION_INFO >= (3, 0):
        yield ok(f"{ssl.OPENSSL_VERSION}.")
    else:
        yield warning(
            f"{ssl.OPENSSL_VERSION} is no longer maintained.", "Use a Python built on OpenSSL 3."
        )
