"""What was recorded, and whether what is heard is still that: grey, for dispatch and console."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from tgd import journal
from tgd.journal import Line
from tgd.seal import CannotUnseal, Keys
from tgd.store import evidence as store
from tgd.store import nudges


def fingerprint_of(sound: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(sound).hexdigest()


def name_of(recording: UUID) -> str:
    """What a copy is sealed under."""
    return f"recording:{recording}"


def fetched(
    session: Session, one: Any, sound: bytes, now: datetime, *, by: str, keys: Keys | None
) -> bool:
    """The provider gave this sound for a recording (`id`, `alert`, `sha256`, `held`): take its
    fingerprint, or compare it; seal a copy of what a procedure keeps. False when it is another."""
    found = fingerprint_of(sound)
    if one.sha256 is not None and found != one.sha256:
        say_differs(session, one.id, one.alert, found, now, by=by)
        return False
    said: dict[str, object] = {"recording": str(one.id)}
    lines = []
    if store.fingerprint(session, one.id, found, len(sound)):
        taken = said | {"sha256": found, "bytes": len(sound)}
        lines.append(Line(now, by, "RecordingFingerprinted", one.alert, None, taken))
    if (
        one.held
        and keys
        and store.keep_copy(session, one.id, keys.seal(sound, name_of(one.id)), now)
    ):
        copied = said | {"sha256": found}
        lines.append(Line(now, by, "RecordingCopied", one.alert, None, copied))
    journal.write(session, lines)
    nudges.nudge(session, nudges.CONSOLE)
    return True


def say_differs(
    session: Session, recording: UUID, alert: UUID, found: str, now: datetime, *, by: str
) -> None:
    """What the provider gives is not what was recorded: written down once."""
    if store.differs(session, recording, now):
        detail = {"recording": str(recording), "sha256": found}
        journal.write(session, [Line(now, by, "RecordingDiffers", alert, None, detail)])
        nudges.nudge(session, nudges.CONSOLE)


def copy_of(session: Session, recording: UUID, keys: Keys | None) -> bytes | None:
    """The sound from our own copy; None where there is none, or it cannot be opened."""
    sealed = store.copy_of(session, recording)
    if sealed is None or keys is None:
        return None
    try:
        return keys.unseal(sealed, name_of(recording))
    except CannotUnseal:
        return None
