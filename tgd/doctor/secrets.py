"""Secrets: closed to others, not the ones of an example, long enough. Never shown."""

import stat
from pathlib import Path

from tgd.doctor.finding import Finding, ok, refused
from tgd.rules.secret import fault_of


def check_secret_file(path: Path) -> Finding:
    """A file named by a `TGD_…_FILE` setting."""
    if fault := check_mode(path):
        return fault
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return refused(f"The secret file {path.name} cannot be read.", "Give a readable text file.")
    return check_secret(path.name, value)


def check_secret(name: str, value: str) -> Finding:
    """A secret by value; `name` is what the finding says, the value is never quoted."""
    if fault := fault_of(value):
        return refused(f"{name} {fault}.", "Make a new one: openssl rand -hex 32")
    return ok(f"{name} is set.")


def check_mode(path: Path) -> Finding | None:
    """Refused when a file is missing or when others may read or write it; else None."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return refused(f"{path.name} cannot be found ({error.strerror}).", "Correct its path.")
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        return refused(
            f"{path.name} is open to others (mode {stat.S_IMODE(mode):o}).", f"chmod 600 {path}"
        )
    return None
