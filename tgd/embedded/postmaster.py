"""One server process, started by us or found running; watched by a handle, not by its number."""

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tgd.embedded.account import Account

PROC = Path("/proc")


class Postmaster:
    """A running postmaster. Its pidfd cannot be deceived by a process number that is used again."""

    def __init__(self, pid: int, handle: int, child: subprocess.Popen[bytes] | None) -> None:
        self.pid = pid
        self._handle: int | None = handle
        self._child = child

    @classmethod
    def launch(cls, account: Account, argv: list[str], log: Path) -> "Postmaster":
        """Start one; returns at once, long before it is ready."""
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            child = account.launch(argv, file)
        return cls(child.pid, os.pidfd_open(child.pid), child)

    @classmethod
    def find(cls, cluster: Path) -> "Postmaster | None":
        """The one that runs on this cluster already, left over by whoever started it."""
        pid = _noted_pid(cluster)
        if pid is None:
            return None
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return None
        if _works_in(pid, cluster) and b"\0-D\0" in _command_line(pid):
            return cls(pid, handle, None)
        os.close(handle)
        return None

    def lives(self) -> bool:
        """Whether it still runs; never blocks; reaps it when it was our child."""
        if self._handle is None:
            return False
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        if not poll.poll(0):
            return True
        if self._child is not None and self._child.poll() is None:
            return True  # ending: the next look will find it gone
        os.close(self._handle)
        self._handle = None
        return False

    def let_go(self) -> None:
        """Look at it no more; it runs on."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def ask_to_stop(self) -> None:
        """Ask for a fast shutdown: open transactions are rolled back, then all is written."""
        if self._handle is not None and self.lives():
            signal.pidfd_send_signal(self._handle, signal.SIGINT)

    def end_at_once(self) -> None:
        """End without tidying up: what was committed is safe, the next start recovers."""
        if self._handle is not None and self.lives():
            signal.pidfd_send_signal(self._handle, signal.SIGQUIT)

    def stopping(self, cluster: Path) -> bool:
        """Whether somebody has asked it to stop: it takes no new connections any more."""
        return _noted_pid(cluster) == self.pid and _line(cluster, 7) == "stopping"

    def port(self, cluster: Path) -> int | None:
        """The port that it wrote down, once it has."""
        line = _line(cluster, 3)
        return int(line) if line.isdigit() else None

    def ready(self, cluster: Path) -> bool:
        """Whether it says that recovery is over and it takes connections."""
        return _noted_pid(cluster) == self.pid and _line(cluster, 7) == "ready"


def _line(cluster: Path, number: int) -> str:
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return lines[number].strip() if number < len(lines) else ""


def _noted_pid(cluster: Path) -> int | None:
    number = _line(cluster, 0)
    return int(number) if number.isdigit() and int(number) > 1 else None


def _command_line(pid: int) -> bytes:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _works_in(pid: int, cluster: Path) -> bool:
    """Every server process works in its cluster's folder; of a zombie nothing can be read."""
    try:
        return os.path.samefile(PROC / str(pid) / "cwd", cluster)
    except OSError:
        return False


def forget_reused_number(cluster: Path) -> None:
    """Remove a postmaster.pid whose number belongs to another program by now.

    PostgreSQL would refuse to start for ever (usual in containers, where numbers are low and come
    again). Only with the folder's lock held and after `find` has found nothing; that old backends
    have ended is guarded by PostgreSQL itself, through their shared memory.
    """
    pid = _noted_pid(cluster)
    if pid is not None and (PROC / str(pid)).exists() and not _works_in(pid, cluster):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def end_orphans(cluster: Path) -> int:
    """End the processes of a killed postmaster; returns how many.

    Killing is safe: their shared memory is thrown away anyway, and recovery follows.
    """
    ended = 0
    for pid in _orphans(cluster):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        if _works_in(pid, cluster):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            ended += 1
        os.close(handle)
    return ended


def _orphans(cluster: Path) -> Iterator[int]:
    for entry in PROC.iterdir():
        pid = int(entry.name) if entry.name.isdigit() else 0
        if pid and _command_line(pid).startswith(b"postgres: ") and _works_in(pid, cluster):
            yield pid
