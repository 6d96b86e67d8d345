"""The command line: `tgd …`. Data on stdout, all else on stderr, one exit code per kind of end."""

import sys

import typer

from tgd.cli import (
    casework,
    courts,
    handsets,
    migrating,
    partners,
    people,
    policy,
    reading,
    stock,
)
from tgd.cli.demo import demo
from tgd.cli.ending import end_by
from tgd.cli.examining import examine
from tgd.cli.up import up
from tgd.log import set_up

app = typer.Typer(
    name="tgd",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Téléphone Grave Danger: handsets, alerts, and those who must come.",
    epilog="Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 refused, 5 conflict,"
    " 6 unavailable, 7 integrity.",
)
app.command("up")(up)
app.command("demo")(demo)
app.command("doctor")(examine)
app.add_typer(migrating.app, name="migrate")
handsets.app.command("act")(casework.act_on_handset)
app.add_typer(handsets.app, name="handset")
app.add_typer(stock.app, name="stock")
app.add_typer(casework.app, name="allocation")
app.add_typer(people.app, name="account")
app.add_typer(courts.app, name="court")
app.add_typer(partners.app, name="partner")
app.add_typer(reading.app, name="journal")
app.add_typer(policy.app, name="policy")


def main() -> None:
    """Run one command; whatever goes wrong ends as a sentence on stderr and an exit code."""
    set_up("tgd")
    try:
        app()
    except Exception as error:  # noqa: BLE001 -- the only place; a stack trace may quote a secret
        sys.exit(end_by(error))
