"""Finds a record that somebody else looks after, without disturbing them: takes no lock."""

from pathlib import Path

from tgd.embedded import cluster
from tgd.embedded.folder import Folder
from tgd.embedded.postmaster import Postmaster
from tgd.errors import CannotStart


def url_if_running(data_dir: Path) -> str | None:
    """The SQLAlchemy URL of the record in this folder when its server takes connections now.

    None when it does not run, or is not ready yet. Raises CannotStart when the folder belongs to
    another account.
    """
    folder = Folder(data_dir)
    try:
        port = _port(folder.cluster)
        return _url(port, folder.password()) if port is not None else None
    except PermissionError:
        raise CannotStart(
            f"The record in {folder.path} belongs to another account: run this as that account."
        ) from None


def _port(where: Path) -> int | None:
    found = Postmaster.find(where)
    if found is None:
        return None
    try:
        return found.port(where) if found.ready(where) else None
    finally:
        found.let_go()


def _url(port: int, word: str) -> str:
    return f"postgresql+psycopg://{cluster.USER}:{word}@127.0.0.1:{port}/{cluster.USER}"
