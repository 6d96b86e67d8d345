"""As whom the server runs: never as root, and never by changing an account or a foreign folder."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tgd.errors import CannotStart

PREFERRED = ("tgd", "postgres", "nobody")
"""Accounts that root may lend to the server, best first."""

PLAIN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""All that the server sees of the environment: no PG* variable of the user may change its ways."""

FIRST_CLOSED_DOOR = 'for p; do [ -x "$p" ] || { printf %s "$p"; exit 1; }; done'


@dataclass(frozen=True)
class Account:
    """A user of the system; `lent` when we are root and step down to it."""

    name: str
    uid: int
    gid: int
    lent: bool

    def _stepping_down(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.lent else {}

    def run(self, argv: Sequence[str], feed: str = "") -> subprocess.CompletedProcess[str]:
        """Run to the end as this account, with `feed` on standard input and output captured."""
        return subprocess.run(  # noqa: S603 -- argv is built by this package only
            argv, input=feed, text=True, capture_output=True, check=False, cwd="/",
            env=PLAIN_ENVIRONMENT, umask=0o077, start_new_session=True, **self._stepping_down(),
        )  # fmt: skip

    def launch(self, argv: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start as this account in a session of its own, so that Ctrl-C here does not reach it."""
        return subprocess.Popen(  # noqa: S603 -- argv is built by this package only
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            env=PLAIN_ENVIRONMENT, umask=0o077, start_new_session=True, **self._stepping_down(),
        )  # fmt: skip

    def give(self, path: Path) -> None:
        """Make a folder that we have just made this account's."""
        if self.lent:
            os.chown(path, self.uid, self.gid)

    def stopped_at(self, path: Path) -> str | None:
        """The first folder (or file) on the way to `path` that this account may not enter."""
        way = [str(step) for step in (*reversed(path.parents), path)]
        tried = self.run(["/bin/sh", "-c", FIRST_CLOSED_DOOR, "sh", *way])
        return (tried.stdout or str(path)) if tried.returncode else None


def for_server(cluster: Path) -> Account:
    """Who runs the server: the owner of an existing cluster, else ourselves, else whom root lends.

    Raises CannotStart when nobody suitable exists.
    """
    if os.geteuid() != 0:
        return _ourselves(cluster)
    if cluster.exists():
        return _lent(pwd.getpwuid(cluster.stat().st_uid))
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_name in PREFERRED}
    for name in PREFERRED:
        if name in known:
            return _lent(known[name])
    raise CannotStart(
        "PostgreSQL refuses to run as root, and none of the users tgd, postgres, nobody exists: "
        "add a user named tgd, or start as an unprivileged user."
    )


def _lent(entry: pwd.struct_passwd) -> Account:
    if entry.pw_uid == 0:
        raise CannotStart(
            "The files of the record belong to root, as whom PostgreSQL refuses to run: "
            "give them back to the user who made them."
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, lent=True)


def _ourselves(cluster: Path) -> Account:
    me = os.geteuid()
    if cluster.exists() and cluster.stat().st_uid != me:
        raise CannotStart(
            f"The record in {cluster.parent} belongs to user number {cluster.stat().st_uid}: "
            "start as that user, or choose another data folder."
        )
    try:
        name = pwd.getpwuid(me).pw_name
    except KeyError:
        raise CannotStart(
            f"The user number {me} has no name on this system, and PostgreSQL insists on one: "
            "start as a user that exists, or add an entry for it to /etc/passwd."
        ) from None
    return Account(name, me, os.getegid(), lent=False)
