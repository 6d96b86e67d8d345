"""Secrets: closed to others, not the ones of an example, long enough. Never shown."""

import stat
from pathlib import Path

from tgd.doctor.finding import Finding, ok, refused

SHORTEST = 16
FEWEST_SIGNS = 6

_KNOWN = ("changeme", "change-me", "password", "guest", "example", "secret123", "12345678")
_REPLACE_THIS = "cmVwbGFjZSB0aGlz"
"""How the secrets of the shipped example policy begin, in base64."""


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
    if _REPLACE_THIS in value or any(known in value.lower() for known in _KNOWN):
        return refused(f"{name} is a secret of an example.", "Make a new one: openssl rand -hex 32")
    if len(value) < SHORTEST or len(set(value)) < FEWEST_SIGNS:
        return refused(f"{name} is too easy to guess.", "Make a new one: openssl rand -hex 32")
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
