"""What a handset remembers across a dead battery: counters, and the presses nobody confirmed."""

import json
import os
import threading
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from simulators.handset_words import Fix, Press


class Memory:
    """A small file, replaced whole and fsynced at each change; without a path, only in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()  # the MQTT thread begins sessions
        kept = json.loads(path.read_text()) if path and path.exists() else {}
        self.counter: int = kept.get("counter", 0)
        self.session: int = kept.get("session", 0)
        self.pending: dict[str, Press] = {
            press.trigger: press for press in map(_read_press, kept.get("pending", []))
        }

    def next_counter(self) -> int:
        """Never the same twice, even after a crash; kept by the `keep` that follows."""
        self.counter += 1
        return self.counter

    def begin_session(self) -> int:
        """The number that birth and Will share."""
        self.session += 1
        session = self.session
        self._save()
        return session

    def keep(self, press: Press) -> None:
        """On the disk when this returns: only then may the press be sent."""
        self.pending[press.trigger] = press
        self._save()

    def forget(self, trigger: str) -> None:
        """A receipt came: nothing to repeat after the next start."""
        if self.pending.pop(trigger, None):
            self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        kept = {
            "counter": self.counter,
            "session": self.session,
            "pending": [_write_press(press) for press in list(self.pending.values())],
        }
        with self._lock:
            self._replace(self._path, kept)

    def _replace(self, path: Path, kept: dict[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _write_press(press: Press) -> dict[str, Any]:
    kept = asdict(press) | {"at": press.at.isoformat()}
    if press.fix:
        kept["fix"] = asdict(press.fix) | {"at": press.fix.at.isoformat()}
    return kept


def _read_press(kept: dict[str, Any]) -> Press:
    fix = kept["fix"]
    if fix:
        fix = Fix(**(fix | {"at": datetime.fromisoformat(fix["at"])}))
    return Press(**(kept | {"at": datetime.fromisoformat(kept["at"]), "fix": fix}))
