"""Where the master key comes from: the settings, or a file made once in the data folder."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from tgd.errors import CannotStart
from tgd.seal import Keys
from tgd.settings import Settings

NAME = "master.key"


def open_keys(settings: Settings) -> Keys:
    """The keys of this service; every process of one data folder gets the same.

    Raises Misconfigured for a key that is none, CannotStart when the file cannot be made or read.
    """
    given = settings.master_key.get_secret_value()
    return Keys.from_hex(given or _kept_or_made(settings.data_dir, settings.spool))


def _kept_or_made(folder: Path, spool: Path) -> str:
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _refuse_a_second(path, spool)
            _make(path)
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not a text"
        raise CannotStart(f"The master key {path} cannot be made or read ({why}).") from None


def _refuse_a_second(path: Path, spool: Path) -> None:
    """A new key opens nothing of what is sealed already: a restore that left the key out must not
    make the calls in the spool unreadable in silence."""
    if any(spool.glob("*/*.spool")) or any(spool.glob("*/*.damaged")):
        raise CannotStart(
            f"The master key {path} is missing, and calls that it sealed lie in the spool {spool}:"
            " put the key back from the backup. Nobody can read them with another one."
        )


def _make(path: Path) -> None:
    """Whole or absent, and the first of two processes wins: `link` refuses an existing name."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".master-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:  # mkstemp made it 0600
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
        _sync(path.parent)
    finally:
        Path(name).unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
