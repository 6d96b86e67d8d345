"""`tgd policy check FILE`: asks dispatch, as a process of its own, whether a policy is valid."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tgd.cli.ending import FAILED
from tgd.cli.printing import AsJson, show, show_json
from tgd.errors import CannotStart

app = typer.Typer(no_args_is_help=True, help="Whom to tell, when, and until what.")

LIMIT_S = 60


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    as_json: AsJson = False,
) -> None:
    """Say whether a policy file is valid, and what is weak in it."""
    found = ask(file)
    if as_json:
        show_json(found)
    elif found["valid"]:
        told = ", ".join(found["destinations"])
        show(f"The policy is valid: {found['steps']} steps, telling {told}.")
        show(*(f"Warning: {sentence}" for sentence in found["warnings"]))
    else:
        show(found["problem"])
    if not found["valid"]:
        raise typer.Exit(FAILED)


def ask(file: Path) -> dict[str, Any]:
    """What dispatch says of this file (dispatch/policy_check.py). Raises CannotStart."""
    command = [sys.executable, "-P", "-m", "dispatch.policy_check", "--json", str(file)]
    try:
        done = subprocess.run(  # noqa: S603 -- our own module, the file is its only argument
            command, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise CannotStart("The policy could not be checked: is dispatch installed?") from None
    assert isinstance(found, dict)
    return found
