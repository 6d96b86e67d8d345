"""How a command ends: one exit code per kind of fault, and a sentence on stderr for each."""

import sys

from sqlalchemy.exc import SQLAlchemyError

from tgd.allocation.acting import NotThere as NotInReach
from tgd.errors import (
    CannotStart,
    Incomplete,
    Misconfigured,
    RecordAway,
    Refusal,
    SomebodyWasFaster,
    TgdError,
)
from tgd.inventory import NotThere, Overlaps

OK, FAILED, USAGE, NOT_FOUND, REFUSED, CONFLICT, UNAVAILABLE, BROKEN = range(8)
"""0 ok, 1 failure, 2 usage, 3 not found, 4 refused, 5 conflict, 6 unavailable: try again later,
7 integrity."""

CODES: tuple[tuple[type[TgdError], int], ...] = (
    (NotThere, NOT_FOUND),
    (NotInReach, NOT_FOUND),
    (Overlaps, CONFLICT),
    (SomebodyWasFaster, CONFLICT),
    (Incomplete, USAGE),
    (Misconfigured, USAGE),
    (Refusal, REFUSED),
    (RecordAway, UNAVAILABLE),
    (CannotStart, UNAVAILABLE),
)
"""The first that fits."""


def code_of(error: TgdError) -> int:
    """The exit code for one of our exceptions."""
    return next((code for kind, code in CODES if isinstance(error, kind)), FAILED)


def end_by(error: Exception) -> int:
    """Say on stderr what went wrong, without a stack trace; gives the exit code."""
    if isinstance(error, TgdError):
        complain(str(error))
        return code_of(error)
    if isinstance(error, SQLAlchemyError):
        state = getattr(getattr(error, "orig", None), "sqlstate", None) or type(error).__name__
        complain(f"The record refused this ({state}): nothing was changed.")
        return FAILED
    if isinstance(error, OSError):
        complain(f"{error.filename or 'A file'}: {error.strerror or type(error).__name__}.")
        return FAILED
    complain(f"This should not happen ({type(error).__name__} at {_place(error)}): report it.")
    return FAILED


def complain(sentence: str) -> None:
    """A sentence for a person, on stderr."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_globals.get('__name__', '?')} line {trace.tb_lineno}"
