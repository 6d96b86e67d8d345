"""How the private cluster is made, and the settings with which it is always started."""

from pathlib import Path

from tgd.embedded import last_words
from tgd.embedded.account import Account
from tgd.embedded.folder import Folder
from tgd.errors import CannotStart

USER = "tgd"
"""The only role that can log in: owner of the database of the same name, no superuser."""

KEEPER = "keeper"
"""The superuser that initdb demands; it has no password, so that nobody logs in as it."""

ACCESS_RULES = f"host all {USER} 127.0.0.1/32 scram-sha-256\n"

ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # The server's log must never quote what somebody sent. An ERROR does so even in its first
    # line (invalid input syntax for type uuid: "..."), so errors of clients are not logged at all;
    # LOG, FATAL and PANIC, which are about the server itself, are, without their details.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
    "log_destination": "stderr",
}

CERTAINTY = ("fsync", "synchronous_commit", "full_page_writes")
"""On for a record; all off for a throw-away one of the tests."""
FLEETING = {"autovacuum": "off", "max_wal_size": "256MB"}
"""Only for a throw-away one: thousands of databases come and go in it, and a cleaner that looks at
one of them keeps it from being dropped. It may lie in memory, so that its log is short."""


def settings(folder: Folder, port: int, *, durable: bool) -> list[str]:
    """Arguments of `postgres`: on the command line no file and no ALTER SYSTEM can undo them."""
    chosen = {
        **ALWAYS,
        **dict.fromkeys(CERTAINTY, "on" if durable else "off"),
        **({} if durable else FLEETING),
        "port": str(port),
        "hba_file": str(folder.access_rules),
    }
    return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


def make(binaries: Path, account: Account, folder: Folder, major: int, *, durable: bool) -> None:
    """Make a cluster with role and database, whole or not at all. Raises CannotStart, OSError."""
    place = folder.place_to_make()
    account.give(place)
    _run(account, folder, [str(binaries / "initdb"), *_initdb(place, major, durable)])
    single = [str(binaries / "postgres"), "--single", "-D", str(place)]
    options = [*settings(folder, 1, durable=durable), "-c", "exit_on_error=on", "postgres"]
    _run(account, folder, [*single, *options], feed=_first_statements(folder.password()))
    place.rename(folder.cluster)
    folder.sync()


def _initdb(where: Path, major: int, durable: bool) -> list[str]:
    # Order by code point, upper and lower case of every letter: the same on every machine. From
    # 17 on PostgreSQL has this locale itself; before, it is the C library's.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    locale = builtin if major >= 17 else ["--locale=C.UTF-8"]
    return [
        f"--pgdata={where}", f"--username={KEEPER}", "--encoding=UTF8", *locale,
        "--data-checksums", "--auth-local=reject", "--auth-host=reject", "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]  # fmt: skip


def _first_statements(password: str) -> str:
    return (
        f"CREATE ROLE {USER} LOGIN CREATEDB PASSWORD '{password}'\n"
        f"GRANT pg_read_all_settings TO {USER}\n"
        f"CREATE DATABASE {USER} OWNER {USER}\n"
    )


def _run(account: Account, folder: Folder, argv: list[str], feed: str = "") -> None:
    done = account.run(argv, feed)
    if done.returncode:
        words = last_words.sentence(done.stderr, folder=folder.path, port=0, free=folder.free())
        raise CannotStart(f"The record could not be made. {words}")
