"""`tgd partner …`: institutions whose own software reports situations, each by a token."""

from typing import Annotated
from uuid import UUID

import typer

from tgd import clock, settings
from tgd.allocation import partners
from tgd.cli.ending import complain
from tgd.cli.printing import AsJson, show, show_json, show_table
from tgd.cli.record import act_on_record
from tgd.store import partners as store

app = typer.Typer(no_args_is_help=True, help="Institutions whose software reports situations.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What a report names as its source.")],
    court: Annotated[list[str], typer.Option(help="A court to which it reports; again for more.")],
    as_json: AsJson = False,
) -> None:
    """Let an institution's software report; its token is printed this once."""
    with act_on_record(settings.read()) as session:
        made, token = partners.add_partner(session, name, court, clock.now())
        said = {"id": str(made.id), "name": made.name, "courts": made.courts}
    if as_json:
        show_json({"schema": "tgd/partner/1"} | said | {"token": token})
        return
    show(token)
    complain(f"{said['name']} may report with this token; it is shown once. Id: {said['id']}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Who may report, to which courts, and whose token was revoked."""
    with act_on_record(settings.read()) as session:
        every = store.listed(session)
        rows = [{"id": str(p.id), "name": p.name, "courts": p.courts, "made_at": p.made_at,
                 "revoked_at": p.revoked_at} for p in every]  # fmt: skip
        lines = [[p.name, ", ".join(p.courts), p.made_at, p.revoked_at, p.id] for p in every]
    if as_json:
        show_json({"schema": "tgd/partners/1", "partners": rows})
        return
    show_table(["partner", "courts", "since", "revoked at", "id"], lines)


@app.command()
def revoke(partner: Annotated[UUID, typer.Argument(help="Its id, as `list` says.")]) -> None:
    """Its token is worth nothing from now on; what it has reported stays."""
    with act_on_record(settings.read()) as session:
        partners.revoke_partner(session, partner, clock.now())
    complain("Its token is revoked.")
