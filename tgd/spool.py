"""A local, fsynced folder in front of the record, for when the record does not answer.

One file per batch, written beside and renamed, so that a file is whole or absent; contents are
sealed, because nobody knows yet what may be kept. Newest files are given back first: after an
outage a fresh press never waits behind stale ones (RELIABILITY R12).
"""

import contextlib
import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from tgd import clock, killpoint
from tgd.errors import NotKept
from tgd.log import log
from tgd.rules.spooled import SpooledCall
from tgd.rules.spooled import read as call_in
from tgd.seal import CannotUnseal, Keys


class Spool:
    """The spool of one process; its folder belongs to nobody else at the same time."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        self._folder = folder
        self._keys = keys
        self._count = 0
        self._lock: int | None = None

    def open(self) -> None:
        """Make the folder and hold it; raises NotKept with a sentence when that is not possible.

        A second process in the same folder would remove what the first is just writing.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise NotKept(f"The spool's folder cannot be made ({error.strerror}).") from None
        self._hold()
        for torn in self._folder.glob("*.part"):
            # never renamed, so never acknowledged to anybody
            torn.unlink(missing_ok=True)
        for aside in self._folder.glob("*.damaged"):
            # perhaps it was the key that was wrong, and it is right now
            aside.rename(aside.with_suffix(".spool"))

    def close(self) -> None:
        """Let the folder go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _hold(self) -> None:
        """Only a lock that somebody else has is a reason not to start: some file systems have
        none."""
        held = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise NotKept(
                "Another process keeps in this spool: give every gateway its own TGD_NODE."
            ) from None
        except OSError:
            log.warning("spool_not_locked")
        self._lock = held

    def append(self, batch: Sequence[dict[str, Any]]) -> None:
        """Keep a batch durably; when this returns it survives a power loss. Raises NotKept."""
        self._count += 1
        name = f"{clock.now():%Y%m%d%H%M%S%f}-{os.getpid():07d}-{self._count:06d}"
        whole = b64encode(self._keys.seal(_encode(batch), f"spool:{name}"))
        part, final = self._folder / f"{name}.part", self._folder / f"{name}.spool"
        try:
            _write_durably(part, whole)
            killpoint.reach("spool_before_rename")
            part.rename(final)
            _sync_folder(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise NotKept(f"The spool cannot be written ({error.strerror}).") from None
        killpoint.reach("spool_after_sync")

    def waiting(self) -> list[Path]:
        """The batches that wait, newest first."""
        return sorted(self._folder.glob("*.spool"), reverse=True)

    def read(self, path: Path) -> list[dict[str, Any]]:
        """The messages of one batch; a damaged file is put aside, kept and reported."""
        try:
            return _opened(path, self._keys)
        except (CannotUnseal, ValueError):
            path.rename(path.with_suffix(".damaged"))
            log.critical("spool_file_damaged", segment=path.stem)
            return []

    def forget(self, path: Path) -> None:
        """Remove a batch that the record has now."""
        path.unlink(missing_ok=True)

    def damaged(self) -> int:
        """How many files could not be opened and wait for a human."""
        return len(list(self._folder.glob("*.damaged")))


class SpoolView:
    """The spools of all gateways of this host, read by somebody else: nothing is changed or held.

    A batch is written whole and may be gone at any moment, drained into the record: both are no
    fault. Each is read once.
    """

    def __init__(self, folder: Path, keys: Keys) -> None:
        self._folder, self._keys = folder, keys
        self._seen: dict[Path, frozenset[UUID]] = {}
        self.unreadable = 0
        """Batches that could not be opened: another key, or damage."""

    def waiting(self) -> list[Path]:
        """The batches that wait now, newest first."""
        return sorted(self._folder.glob("*/*.spool"), key=lambda p: p.name, reverse=True)

    def new_calls(self) -> list[SpooledCall]:
        """The calls of batches that were not there before, newest batch first."""
        waiting = self.waiting()
        there = set(waiting)
        self._seen = {p: alerts for p, alerts in self._seen.items() if p in there}
        calls = []
        for path in waiting:
            if path not in self._seen:
                calls += self._calls(path)
        return calls

    def alerts(self) -> frozenset[UUID]:
        """The alerts whose calls were waiting at the last look."""
        return frozenset().union(*self._seen.values())

    def _calls(self, path: Path) -> list[SpooledCall]:
        try:
            entries = _opened(path, self._keys)
            calls = [call for call in map(call_in, entries) if call is not None]
        except FileNotFoundError:
            return []  # the record has it now
        except OSError as error:
            log.error("spool_not_read", why=error.strerror, segment=path.stem)
            return []  # perhaps next time
        except (CannotUnseal, ValueError, LookupError, TypeError) as error:
            self.unreadable += 1
            log.error("spool_not_understood", why=type(error).__name__, segment=path.stem)
            calls = []
        self._seen[path] = frozenset(call.alert for call in calls)
        return calls


def _opened(path: Path, keys: Keys) -> list[dict[str, Any]]:
    """The entries of a batch; raises OSError, CannotUnseal, ValueError."""
    return list(_decode(keys.unseal(b64decode(path.read_bytes()), f"spool:{path.stem}")))


def _encode(batch: Iterable[dict[str, Any]]) -> bytes:
    lines = [
        json.dumps({k: _plain(v) for k, v in one.items()}, separators=(",", ":")) for one in batch
    ]
    return "\n".join(lines).encode()


def _plain(value: Any) -> Any:
    return {"b64": b64encode(value).decode()} if isinstance(value, bytes) else value


def _decode(whole: bytes) -> Iterator[dict[str, Any]]:
    for line in whole.decode().split("\n"):
        yield {
            k: b64decode(v["b64"]) if isinstance(v, dict) else v
            for k, v in json.loads(line).items()
        }


def _write_durably(path: Path, whole: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        view = memoryview(whole)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
