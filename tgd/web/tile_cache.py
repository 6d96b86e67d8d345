"""Pictures of a map on the disk, for a while: what lies there tells nobody where an alert was.

Names are keyed hashes and contents are sealed, under a key that is made at each start and stands
nowhere: after a restart nothing of it can be read, and it is cleared away.
"""

import hashlib
import hmac
import os
import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MOST_BYTES = 200 * 1024 * 1024
KEPT_S = 24 * 3600.0


class TileCache:
    """One folder of one process; calls may come from several threads."""

    def __init__(
        self, folder: Path, since_start_s: Callable[[], float], *, most_bytes: int = MOST_BYTES,
        kept_s: float = KEPT_S,
    ) -> None:  # fmt: skip
        self._folder = folder / str(os.getpid())
        self._now, self._most, self._kept_s = since_start_s, most_bytes, kept_s
        self._key = secrets.token_bytes(32)
        self._box = AESGCM(hmac.digest(self._key, b"contents", hashlib.sha256))
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._bytes = 0
        _clear(folder)
        self._folder.mkdir(parents=True, mode=0o700)

    def get(self, tile: str) -> bytes | None:
        """The picture, unless it is too old or was never there."""
        name = self._name(tile)
        with self._lock:
            if name not in self._known:
                return None
            if self._now() - self._known[name][1] > self._kept_s:
                self._forget(name)
                return None
            self._known.move_to_end(name)
        try:
            sealed = (self._folder / name).read_bytes()
            return self._box.decrypt(sealed[:12], sealed[12:], tile.encode())
        except (OSError, InvalidTag):  # somebody else cleared or changed it: it is fetched again
            with self._lock:
                self._forget(name)
            return None

    def put(self, tile: str, picture: bytes) -> None:
        """Keep it; the oldest go where there is no room. Raises OSError on a full disk."""
        name, nonce = self._name(tile), secrets.token_bytes(12)
        sealed = nonce + self._box.encrypt(nonce, picture, tile.encode())
        (self._folder / name).write_bytes(sealed)
        with self._lock:
            self._bytes += len(sealed) - self._known.pop(name, (0, 0.0))[0]
            self._known[name] = (len(sealed), self._now())
            while self._bytes > self._most:
                self._forget(next(iter(self._known)))

    def close(self) -> None:
        """Nothing of it stays."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _forget(self, name: str) -> None:
        size, _ = self._known.pop(name, (0, 0.0))
        self._bytes -= size
        (self._folder / name).unlink(missing_ok=True)

    def _name(self, tile: str) -> str:
        return hmac.new(self._key, tile.encode(), hashlib.sha256).hexdigest()


def _clear(folder: Path) -> None:
    """What processes left that are gone; nobody has their key."""
    for one in folder.glob("*") if folder.is_dir() else ():
        if not (one.name.isdigit() and _lives(int(one.name))) or one.name == str(os.getpid()):
            shutil.rmtree(one, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
