"""`tgd court …`: courts, their stocks and communes, and who is cleared to work for them."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from tgd import clock, settings
from tgd.allocation import agreeing, courts
from tgd.cli import law
from tgd.cli.casework import As, officer_of
from tgd.cli.ending import complain
from tgd.cli.printing import AsJson, show_json, show_table
from tgd.cli.record import act_on_record
from tgd.errors import Incomplete
from tgd.rules.deadlines import USUAL_ZONE
from tgd.rules.territory import Area, Box, Force

app = typer.Typer(no_args_is_help=True, help="Courts, their stocks, and who works for them.")
app.add_typer(law.app, name="text")

COLUMNS = ("insee", "name", "court", "force", "control_room")
BOX = ("south", "west", "north", "east")


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="A short code, such as TJ-NANTERRE.")],
    name: Annotated[str, typer.Argument(help="What people call it.")],
    zone: Annotated[str, typer.Option(help="Its time zone: days are counted there.")] = USUAL_ZONE,
) -> None:
    """Make a court known."""
    with act_on_record(settings.read()) as session:
        courts.make_court(session, code, name, zone, clock.now())
    complain(f"{code} is known.")


@app.command()
def pool(
    code: Annotated[str, typer.Argument(help="A short code of the stock.")],
    court: Annotated[str, typer.Option(help="The court that it belongs to.")],
    name: Annotated[str, typer.Option(help="Where it is.")] = "stock",
    floor: Annotated[int, typer.Option(min=0, help="How many must always be left.")] = 1,
) -> None:
    """Make a stock of handsets known."""
    with act_on_record(settings.read()) as session:
        courts.make_pool(session, code, court, name, clock.now(), floor=floor)
    complain(f"{code} is a stock of {court}.")


@app.command()
def communes(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
) -> None:
    """Read from a CSV file whose area each commune is in, and who is sent there."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        areas = [_area(row) for row in csv.DictReader(lines)]
    with act_on_record(settings.read()) as session:
        count = courts.import_communes(session, areas, clock.now())
    complain(f"{count} communes are known.")


def _area(row: dict[str, str]) -> Area:
    """One line: the columns COLUMNS, and BOX in degrees where it is known."""
    try:
        insee, name, court, force, room = (row[column].strip() for column in COLUMNS)
        box = Box(*(float(row[side]) for side in BOX)) if row.get(BOX[0]) else None
        return Area(insee, name, court, Force(force), room, box)
    except (KeyError, ValueError, AttributeError, TypeError):
        raise Incomplete(
            f"A line has the columns {', '.join((*COLUMNS, *BOX))}; the last four may be empty."
        ) from None


@app.command()
def clear(
    account: Annotated[str, typer.Argument(help="The account, made by `tgd account add`.")],
    court: Annotated[str | None, typer.Option(help="The court to work for.")] = None,
    association: Annotated[str | None, typer.Option(help="The association to work for.")] = None,
    control_room: Annotated[
        str | None, typer.Option(help="The control room, as communes name it.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="For how long, from now.")] = 365,
    on_call: Annotated[
        bool, typer.Option("--on-call", help="A delegation to decide, for a night or a weekend.")
    ] = False,
) -> None:
    """Let an account work for one court, one association or one control room, until a day."""
    now = clock.now()
    kind = "on_call" if on_call else "standing"
    with act_on_record(settings.read()) as session:
        courts.clear(
            session, None, account, now + timedelta(days=days), now, court=court,
            association=association, kind=kind, control_room=control_room,
        )  # fmt: skip
    complain(f"{account} is cleared for {days} days.")


@app.command()
def clearances(name: As, as_json: AsJson = False) -> None:
    """Who is cleared for somebody's courts, and their agreements, with the day each ends."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        said = agreeing.terms_shown(session, officer_of(session, name, now), now)
    listed = {kind: said[kind] for kind in ("clearances", "agreements")}
    if as_json:
        show_json({"schema": "tgd/clearances/1"} | listed)
        return
    show_table(
        ["what", "of", "for", "ends at", "state", "id"],
        [*(["clearance", c["account"], c["court"] or c["association"] or c["control_room"],
            c["ends_at"], c["standing"], c["id"]] for c in listed["clearances"]),
         *(["agreement", g["association"], g["court"], g["ends_at"], g["standing"], g["id"]]
           for g in listed["agreements"])],
    )  # fmt: skip


@app.command()
def revoke(
    clearance: Annotated[UUID, typer.Argument(help="Its id, as `tgd court clearances` says.")],
) -> None:
    """End a clearance now; the one that it had followed is reminded of again."""
    with act_on_record(settings.read()) as session:
        courts.revoke(session, None, clearance, clock.now())
    complain("It has ended.")


@app.command()
def agree(
    association: Annotated[str, typer.Argument(help="The association, as files name it.")],
    court: Annotated[str, typer.Option(help="The court that works with it.")],
    reference: Annotated[str, typer.Option(help="Of the signed agreement.")],
    last_day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Its last day.")],
) -> None:
    """Record an agreement of a court with an association, from now to the end of a day."""
    with act_on_record(settings.read()) as session:
        made = agreeing.agree(
            session, None, court, association, reference, last_day.date(), clock.now()
        )
    complain(f"{made.id} is recorded.")


@app.command("end-agreement")
def end_agreement(
    agreement: Annotated[UUID, typer.Argument(help="Its id, as `tgd court clearances` says.")],
) -> None:
    """End an agreement now; no clearance ends by it."""
    with act_on_record(settings.read()) as session:
        agreeing.end_agreement(session, None, agreement, clock.now())
    complain("It has ended.")
