"""An append-only ledger: what a simulator did and saw, one JSON line each, fsynced."""

import json
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def utc_now() -> str:
    """This moment as RFC 3339 in UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Ledger:
    """Lines in memory, mirrored to a file when a path is given.

    `each_fsync=False` leaves the fsync to `flush()`: for the fleet, where thousands of lines
    a second would measure the disk and not the service.
    """

    def __init__(
        self, path: Path | None = None, *, echo: bool = False, each_fsync: bool = True
    ) -> None:
        self.lines: list[Line] = _read_back(path) if path else []
        self._echo = echo
        self._each_fsync = each_fsync
        self._lock = threading.Lock()
        self._file = _open_to_append(path) if path else None

    def write(self, event: str, **facts: Any) -> Line:
        """Append one line; it is on the disk when this returns (but see `each_fsync`)."""
        line: Line = {"at": utc_now(), "event": event, **facts}
        text = json.dumps(line, ensure_ascii=False)
        with self._lock:
            self.lines.append(line)
            if self._file:
                self._file.write(text.encode() + b"\n")
                if self._each_fsync:
                    os.fsync(self._file.fileno())
        if self._echo:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        return line

    def of(self, event: str) -> list[Line]:
        """The lines of one kind, oldest first."""
        return [line for line in self.lines if line["event"] == event]

    def flush(self) -> None:
        """Bring every line to the disk."""
        if self._file:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Bring every line to the disk and let go of the file."""
        with self._lock:
            if self._file:
                os.fsync(self._file.fileno())
                self._file.close()
                self._file = None


def _open_to_append(path: Path) -> Any:
    """Unbuffered, and starting on a fresh line even when a crash tore the last one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
    file = path.open("ab", buffering=0)
    if torn:
        file.write(b"\n")
    return file


def _read_back(path: Path) -> list[Line]:
    """What an earlier life of this simulator wrote; a line torn by a crash is left out."""
    if not path.exists():
        return []
    return [line for text in path.read_text().splitlines() if (line := _whole(text)) is not None]


def _whole(text: str) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "event" in line else None
