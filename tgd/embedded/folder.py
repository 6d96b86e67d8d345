"""The folder of the record: whose it is, who holds it, and the few small facts kept in it."""

import fcntl
import json
import os
import secrets
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tgd import clock
from tgd.errors import CannotStart

FORMAT = 1
MARKER = "tgd-record.json"
LOCK = "tgd-record.lock"

NOT_DURABLE = (
    "The record in {} was made without durability, for tests: a crash may lose all of it. "
    "It cannot become a real record; choose another data folder."
)
DURABLE = "The record in {} is a durable one: it is not started without durability."


@dataclass(frozen=True)
class Marker:
    """What `tgd-record.json` says: this folder is ours, and of which kind."""

    format: int
    postgresql: int
    created_at: str
    durable: bool
    made: bool


class Folder:
    """Paths and small facts of one record; changes nothing before the lock is held."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.cluster = self.path / "cluster"
        self.log = self.path / "server.log"
        self.access_rules = self.path / "pg_hba.conf"
        self.copies = self.path / "binaries"
        self._lock: int | None = None

    # -- whose it is

    def take(self) -> None:
        """Make the folder if need be, refuse a foreign one, and hold its lock.

        The kernel drops the lock when this process dies, however it dies. Raises CannotStart.
        """
        if self.path.exists() and not self.path.is_dir():
            raise CannotStart(f"{self.path} is not a folder: choose another data folder.")
        self._make()
        self._refuse_foreign()
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise CannotStart(
                f"The record in {self.path} is already looked after by another process "
                f"(number {holder}): stop that one first, or choose another data folder."
            ) from None
        self._lock = lock
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def let_go(self) -> None:
        """Drop the lock; another may take the folder from now on."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def place_to_make(self) -> Path:
        """A new empty folder for a cluster in the making; what was not finished is removed.

        Its name is new each time: the initdb of a supervisor that was killed may still be writing.
        """
        for left in self.path.glob("being-made-*"):
            shutil.rmtree(left, ignore_errors=True)
        place = self.path / f"being-made-{secrets.token_hex(4)}"
        place.mkdir(0o700)
        return place

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock is not None

    def _make(self) -> None:
        # Root's server runs as another user, who must be able to pass through, not to look around.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        missing = [step for step in (self.path, *self.path.parents) if not step.exists()]
        for step in reversed(missing):
            step.mkdir(mode, exist_ok=True)
            step.chmod(mode)
        if not missing and os.geteuid() == 0 and not any(self.path.iterdir()):
            self.path.chmod(self.path.stat().st_mode & 0o7777 | 0o011)

    def _refuse_foreign(self) -> None:
        names = {entry.name for entry in self.path.iterdir()}
        if MARKER not in names and names - {LOCK, f"{MARKER}.new"}:
            raise CannotStart(
                f"{self.path} is not empty and holds no record of ours: nothing there was touched. "
                "Choose an empty or new data folder."
            )

    # -- which kind it is

    def marker(self, *, durable: bool) -> Marker | None:
        """What the folder says it is; None when it is new. Raises CannotStart when it may not be
        used: a later format, or another durability than asked.
        """
        path = self.path / MARKER
        if not path.exists():
            return None
        try:
            found = Marker(**json.loads(path.read_text("utf-8")))
        except (ValueError, TypeError):
            raise CannotStart(
                f"{path} cannot be understood: it was damaged, or written by a later version of "
                "this service. Use that version, or restore the file from the backup."
            ) from None
        self._refuse_unfit(found, durable)
        return found

    def _refuse_unfit(self, found: Marker, durable: bool) -> None:
        if found.format != FORMAT:
            raise CannotStart(
                f"The record in {self.path} has format {found.format}, this version knows "
                f"{FORMAT}: use the version of this service that made it."
            )
        if found.durable != durable:
            raise CannotStart((DURABLE if found.durable else NOT_DURABLE).format(self.path))
        if found.made and not self.cluster.is_dir():
            raise CannotStart(
                f"The record that was made on {found.created_at} is gone from {self.cluster}: "
                "mount its disk or restore the backup. It is not replaced by an empty one."
            )

    def claim(self, *, postgresql: int, durable: bool) -> Marker:
        """Write down that this folder is ours, before anything is made in it."""
        moment = clock.now().isoformat(timespec="seconds")
        return self._write_marker(Marker(FORMAT, postgresql, moment, durable, made=False))

    def finished(self, marker: Marker) -> Marker:
        """Write down that the cluster is whole: from now on, its absence is an accident."""
        return self._write_marker(replace(marker, made=True))

    def _write_marker(self, marker: Marker) -> Marker:
        self.keep(MARKER, json.dumps(asdict(marker), indent=1) + "\n", mode=0o644)
        return marker

    # -- small facts

    def password(self) -> str:
        """The password of the server's only user, made at the first call; mode 0600."""
        path = self.path / "password"
        if not path.exists():
            self.keep(path.name, secrets.token_urlsafe(32), mode=0o600)
        return path.read_text("ascii").strip()

    def kept_port(self) -> int | None:
        """The port of the last start, if there was one."""
        try:
            return int((self.path / "port").read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def keep_port(self, port: int) -> None:
        """Remember the port for the next start."""
        if self.kept_port() != port:
            self.keep("port", f"{port}\n", mode=0o644)

    def keep(self, name: str, text: str, mode: int) -> None:
        """Write a small file whole or not at all, on the disk when this returns."""
        new = self.path / f"{name}.new"
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path / name)
        self.sync()

    def free(self) -> int:
        """Bytes left on its file system; assumed to be many where we may not look."""
        for place in (self.path, *self.path.parents):
            try:
                return shutil.disk_usage(place).free
            except OSError:
                continue
        return sys.maxsize

    def sync(self) -> None:
        """Bring the folder's own entries (new names, renamed ones) to the disk."""
        here = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(here)
        finally:
            os.close(here)
