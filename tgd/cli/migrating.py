"""`tgd migrate up | down | status`: the record's tables, in the form of a version."""

from typing import Annotated

import typer

from tgd import migrate, settings
from tgd.cli.ending import OK, complain
from tgd.cli.printing import AsJson, show, show_json
from tgd.cli.record import address_for_command
from tgd.errors import Incomplete

app = typer.Typer(no_args_is_help=True, help="Bring the record's tables to the present form.")


@app.command()
def up(
    to: Annotated[str, typer.Option(help="A revision; the newest when not given.")] = "head",
) -> None:
    """Bring the tables forward; running it again changes nothing."""
    with address_for_command(settings.read()) as url:
        before = migrate.current(url)
        migrate.upgrade(url, to)
        after = migrate.current(url)
    complain("Nothing was to be done." if before == after else f"The tables are now at {after}.")


@app.command()
def down(
    to: Annotated[str, typer.Option(help="A revision, or `base` for no tables at all.")],
    yes: Annotated[bool, typer.Option("--yes", help="Lose what the older form cannot hold.")] = (
        False
    ),
) -> None:
    """Bring the tables back; what only the newer ones held is lost."""
    if not yes:
        raise Incomplete("This loses what the older tables cannot hold: make a backup, add --yes.")
    with address_for_command(settings.read()) as url:
        migrate.downgrade(url, to)
        complain(f"The tables are now at {migrate.current(url) or 'base'}.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Which revision the tables have, and which one this version needs."""
    with address_for_command(settings.read()) as url:
        now, newest = migrate.current(url), migrate.head()
    if as_json:
        show_json(
            {"schema": "tgd/migrate-status/1", "current": now, "head": newest,
             "at_head": now == newest}
        )  # fmt: skip
    else:
        show(f"current  {now or '-'}", f"head     {newest}")
    raise typer.Exit(OK)
