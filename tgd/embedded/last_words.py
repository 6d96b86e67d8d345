"""What a server that exited said last, as a sentence that tells a person what to do; pure."""

from pathlib import Path

SHORT_OF_SPACE = 32 * 2**20
"""Bytes: two segments of write-ahead log. With less, a server fails, often unable to log why."""

LINES_KEPT = 3


def taken(words: str) -> bool:
    """Whether it exited because its port is in use."""
    return "Address already in use" in words


def rival(words: str) -> bool:
    """Whether it exited because another server, launched a moment ago, runs on the same files."""
    return 'lock file "postmaster.pid" already exists' in words


def orphans(words: str) -> bool:
    """Whether it exited because processes of a killed predecessor have not ended yet."""
    return "shared memory block" in words and "still in use" in words


def sentence(words: str, *, folder: Path, port: int, free: int) -> str:
    """Why the server of the record in `folder` is down; `free` bytes are left on its disk."""
    if _shared_memory(words):
        return (
            "PostgreSQL got no shared memory: give the machine or container more memory "
            "(/dev/shm, --shm-size), or stop another database server on it."
        )
    if "No space left" in words or "quota exceeded" in words or free < SHORT_OF_SPACE:
        return (
            f"The disk is full: free space on the file system of {folder} "
            f"({free // 2**20} MB are left). What was confirmed is safe; "
            "the record starts again by itself when there is space."
        )
    if taken(words):
        return (
            f"Port {port} is used by another program: stop that program, "
            "or choose another port for the record."
        )
    if "Read-only file system" in words:
        return f"The file system of {folder} is read-only: check the disk, then mount it writable."
    if "ermission denied" in words:
        return _forbidden(words, folder, port)
    return _damaged_or_unknown(words, folder)


def _forbidden(words: str, folder: Path, port: int) -> str:
    if "could not bind" in words:
        return f"Port {port} is reserved for root: choose one above 1023 for the record."
    return (
        f"There is no permission for the files of the record in {folder} ({_last(words)}): "
        "start as the user who made them, or choose another data folder."
    )


def _shared_memory(words: str) -> bool:
    return any("shared memory" in line or "semaphore" in line for line in _causes(words))


def _causes(words: str) -> list[str]:
    return [line for line in words.splitlines() if "FATAL" in line or "PANIC" in line]


def _damaged_or_unknown(words: str, folder: Path) -> str:
    if any(sign in words for sign in ("valid checkpoint", "invalid page", "incorrect checksum")):
        return (
            f"The record in {folder} is damaged ({_last(words)}): do not delete anything; "
            "check the disk, and restore the last backup into a new data folder."
        )
    return (
        f"PostgreSQL stopped by itself: {_last(words) or 'it said nothing'} "
        f"(its log is {folder / 'server.log'})."
    )


def _last(words: str) -> str:
    lines = _causes(words) or [line for line in words.splitlines() if line.strip()]
    return " / ".join(line.strip() for line in lines[-LINES_KEPT:])
