"""`tgd account …`: who may sign in to the console."""

import secrets
import sys
from typing import Annotated

import typer

from tgd import accounts, clock, settings
from tgd.cli.ending import complain
from tgd.cli.printing import AsJson, show, show_json
from tgd.cli.record import act_on_record
from tgd.errors import Incomplete
from tgd.passwords import hashed
from tgd.rules.access import Role

app = typer.Typer(no_args_is_help=True, help="Those who may sign in to the console.")

RANDOM_BYTES = 15
"""120 bits: 20 characters."""


FullName = Annotated[str | None, typer.Option(help="First name and name, as papers print it.")]
Capacity = Annotated[
    str | None, typer.Option(help="In which capacity papers are signed: vice-procureure…")
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: Annotated[Role, typer.Option(help="What this person may do; one role each.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin, one line.")
    ] = False,
    full_name: FullName = None, capacity: Capacity = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let somebody sign in; without a password given, one is made and printed once."""
    given = _line_of_stdin() if password_stdin else None
    password = given or secrets.token_urlsafe(RANDOM_BYTES)
    kept = hashed(password)  # before the transaction: it is slow on purpose
    with act_on_record(settings.read()) as session:
        accounts.make_account(
            session, name, role, kept, clock.now(), full_name=full_name, capacity=capacity
        )
    printed = {} if given else {"password": password}
    if as_json:
        show_json({"schema": "tgd/account/1", "name": name, "role": role} | printed)
    elif printed:
        show(password)
        complain(f"{name} may sign in as {role} with this password; it is shown once.")
    else:
        complain(f"{name} may sign in as {role}.")


@app.command()
def describe(name: str, full_name: FullName = None, capacity: Capacity = None) -> None:
    """Say how papers name somebody from now on; what was signed before stays as it was."""
    with act_on_record(settings.read()) as session:
        accounts.describe(session, name, clock.now(), full_name=full_name, capacity=capacity)
    complain(f"Papers name {name} so from now on.")


@app.command()
def disable(name: str) -> None:
    """Nobody signs in under this name any more, and its browsers are signed out."""
    with act_on_record(settings.read()) as session:
        accounts.disable(session, name, clock.now())
    complain(f"{name} cannot sign in any more.")


def _line_of_stdin() -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Incomplete("There is no password on stdin.")
    return line
