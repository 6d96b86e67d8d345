"""`tgd allocation …` and `tgd handset act`: the same acts as the pages, in somebody's name.

Whoever runs commands has the record in their hands already: `--as` says for whom they act, with
that account's role and clearances, and the journal keeps that name.
"""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlmodel import Session

from tgd import clock, settings
from tgd.allocation import chasing, transferring
from tgd.allocation.acting import NotThere, NotYet, Officer, officer
from tgd.allocation.courts import COMMAND_LINE
from tgd.allocation.deciding import AlreadyDecided
from tgd.casework import due, facts, file_acts, stock_acts, transfer_form
from tgd.casework.fields import read_all
from tgd.casework.openapi import REFERRAL
from tgd.casework.stock_acts import Keyed
from tgd.cli.ending import complain
from tgd.cli.printing import AsJson, show, show_json, show_table
from tgd.cli.record import act_on_record
from tgd.errors import Incomplete, SomebodyWasFaster
from tgd.keyring import open_keys
from tgd.purge import Due, Erased, look, purge
from tgd.rules.access import Role
from tgd.rules.allocation import reference
from tgd.rules.keys import sms_key
from tgd.store import accounts, casework

app = typer.Typer(no_args_is_help=True, help="Case files, from referral to return.")

As = Annotated[str, typer.Option("--as", help="The account in whose name it is done.")]
FileId = Annotated[str, typer.Argument(metavar="FILE", help="TGD-000042, or the file's id.")]
Fields = Annotated[
    list[str] | None, typer.Argument(metavar="FIELD=VALUE…", help="What the form would ask.")
]
Version = Annotated[int | None, typer.Option(help="Act only on this version of it.")]


_OF = ("reference", "account", "association", "pool")
"""Of what a deadline may be."""
MOST_LISTED = 100_000
"""A command prints every file of a list."""


@app.command("list")
def list_(name: As, as_json: AsJson = False) -> None:
    """The case files of somebody, the nearest deadline first."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        lists = facts.listed(session, officer_of(session, name, now), now, limit=MOST_LISTED).lists
    if as_json:
        unnamed = {k: [_without_name(one) for one in rows] for k, rows in lists.items()}
        show_json({"schema": "tgd/allocation-list/1", "lists": unnamed})
        return
    rows = [[title, *_row(one)] for title, found in lists.items() for one in found]
    show_table(["list", "file", "state", "deadline", "due at"], rows)


def _without_name(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "name"}


def _row(one: dict[str, Any]) -> list[Any]:
    return [one["reference"], one["state"], one["due_kind"], one["due_at"]]


@app.command("show")
def show_(file: FileId, name: As, as_json: AsJson = False) -> None:
    """One case file, as this person may see it; that it was looked at is written down."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        said = facts.file_of(session, officer_of(session, name, now), _file(session, file), now)
    if as_json:
        show_json({"schema": "tgd/allocation/1"} | said)
        return
    show(f"{said['reference']} {said['state']} version {said['version']}")
    show("acts: " + ", ".join(said["may"]))


@app.command()
def refer(name: As, fields: Fields = None, as_json: AsJson = False) -> None:
    """Report a situation: court, name and words; source, contact and urgent as well."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        who = officer_of(session, name, now)
        made = file_acts.refer(session, who, read_all(REFERRAL, form_of(fields)), now)
    if as_json:
        show_json({"schema": "tgd/allocation-referred/1", "file": made})
    else:
        show(str(made))


@app.command()
def act(
    file: FileId, act: Annotated[str, typer.Argument(metavar="ACT")], name: As,
    fields: Fields = None, version: Version = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Do one act on a case file; `show` lists those that its state allows."""
    one = file_acts.BY_NAME.get(act)
    if one is None:
        raise Incomplete(f"Acts are: {', '.join(file_acts.BY_NAME)}.")
    now = clock.now()
    with act_on_record(settings.read()) as session:
        who, found = officer_of(session, name, now), _file(session, file)
        result = one.doing(session, who, found, read_all(one.fields, form_of(fields)), now, version)
        _must_be_done(result)
    if as_json:
        show_json({"schema": "tgd/allocation-act/1", "file": found, "act": act, "done": True})
    else:
        complain("It is done.")


@app.command("deadlines")
def deadlines_(name: As, as_json: AsJson = False) -> None:
    """What this person's role must not forget: of files, clearances, agreements and stocks."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        who = officer_of(session, name, now)
        said = due.due_shown(session, who, now, size=MOST_LISTED)["deadlines"]
    if as_json:
        show_json({"schema": "tgd/deadlines/1", "deadlines": said})
        return
    show_table(
        ["due at", "deadline", "of", "owner", "seen by", "id"],
        [[d["due_at"], d["kind"], next((d[of] for of in _OF if d[of]), None), d["owner"],
          d["acknowledged_by"], d["id"]] for d in said],
    )  # fmt: skip


@app.command()
def seen(
    deadline: Annotated[UUID, typer.Argument(help="Its id, as `deadlines` says.")], name: As
) -> None:
    """Say that somebody has seen a deadline: it is quiet for some days, not settled."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        chasing.acknowledge(session, officer_of(session, name, now), deadline, now)
    complain("It is seen.")


@app.command("transfers")
def transfers_(name: As, as_json: AsJson = False) -> None:
    """Which files somebody's courts are asked to take over, and which came and went."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        said = transferring.transfers_shown(session, officer_of(session, name, now), now)
    waiting = [{k: v for k, v in one.items() if k != "name"} for one in said["waiting"]]
    if as_json:
        show_json({"schema": "tgd/transfers/1", "waiting": waiting, "listed": said["listed"]})
        return
    rows = [*waiting, *said["listed"]]
    show_table(
        ["file", "from", "to", "asked at", "outcome", "id"],
        [[reference(t["number"]), t["from_court"], t["to_court"], t["asked_at"],
          t["outcome"] or "waiting", t["id"]] for t in rows],
    )  # fmt: skip


@app.command("answer-transfer")
def answer_transfer(
    transfer: Annotated[UUID, typer.Argument(help="Its id, as `transfers` says.")],
    how: Annotated[str, typer.Argument(metavar="accept|refuse")], name: As,
    fields: Fields = None,
) -> None:  # fmt: skip
    """Take a file over (pool, reasons, association), or leave it where it is (reasons)."""
    if how not in transfer_form.FIELDS:
        raise Incomplete(f"Answers are: {', '.join(transfer_form.FIELDS)}.")
    now = clock.now()
    with act_on_record(settings.read()) as session:
        who = officer_of(session, name, now)
        _must_be_done(transfer_form.answer(session, who, transfer, how, form_of(fields), now))
    complain("It is done.")


@app.command("purge")
def purge_(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is due, erase nothing.")]
    = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Erase what the law says must be forgotten by now; dispatch does the same by itself."""
    now, said = clock.now(), settings.read()
    turns = []
    with act_on_record(said) as session:
        turns.append(look(session, now) if dry_run else purge(session, now, by=COMMAND_LINE))
    while turns[-1].is_more and not dry_run:
        with act_on_record(said) as session:
            turns.append(purge(session, now, by=COMMAND_LINE))
    printed = _erased(turns, is_dry=dry_run)
    if as_json:
        show_json({"schema": "tgd/allocation-purge/1"} | printed)
        return
    show_table(["file", "what", "kept back by"],
               [[f["reference"], f["stage"], " ".join(f["kept_back_by"])]
                for f in printed["files"]])  # fmt: skip
    done = "would be erased" if dry_run else "are erased"
    complain(
        f"{printed['positions']} positions, {printed['messages']} messages and the words of"
        f" {printed['alerts_of_nobody']} alerts of nobody {done}."
    )


def _erased(turns: list[Erased], *, is_dry: bool) -> dict[str, Any]:
    """Identifiers and counts; never a name."""
    files = [_erased_file(one) | {"counts": counts} for turn in turns for one, counts in turn.files]
    files += [_erased_file(one) for one in turns[-1].waiting]
    failed = [_erased_file(one) | {"why": why} for turn in turns for one, why in turn.failed]
    return {
        "dry_run": is_dry, "positions": sum(t.positions for t in turns),
        "messages": sum(t.messages for t in turns),
        "alerts_of_nobody": sum(t.nobodys for t in turns), "files": files, "failed": failed,
    }  # fmt: skip


def _erased_file(one: Due) -> dict[str, Any]:
    return {"id": str(one.file), "reference": one.reference, "stage": one.stage.value,
            "kept_back_by": [why.value for why in one.obstacles]}  # fmt: skip


def act_on_handset(
    handset: Annotated[str, typer.Argument(metavar="ID", help="The handset's id.")],
    act: Annotated[str, typer.Argument(metavar="ACT")], name: As, fields: Fields = None,
    version: Version = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Do one act on a handset of a stock, in the name of somebody who works there."""
    one = stock_acts.BY_NAME.get(act)
    if one is None:
        raise Incomplete(f"Acts are: {', '.join(stock_acts.BY_NAME)}.")
    read, now = settings.read(), clock.now()
    with act_on_record(read) as session:
        said = read_all(one.fields, form_of(fields))
        who = officer_of(session, name, now)
        result = stock_acts.do(session, who, one, handset, said, now, version=version)
        _must_be_done(result)
    printed: dict[str, Any] = {"handset": handset, "act": act, "done": True}
    if isinstance(result, Keyed):
        key = sms_key(open_keys(read).master, handset, result.key_generation).hex()
        printed |= {"mqtt_secret": result.mqtt_secret, "sms_key": key}
    if as_json:
        show_json({"schema": "tgd/handset-act/1"} | printed)
    else:
        show(*(f"{k}: {v}" for k, v in printed.items() if k not in ("act", "done")))
        complain("It is done.")


def officer_of(session: Session, name: str, now: datetime) -> Officer:
    """The account in whose name something is done. Raises NotThere."""
    known = accounts.account(session, name)
    if known is None:
        raise NotThere("There is no such account.")
    return officer(session, name, Role(known.role), now)


def _file(session: Session, said: str) -> UUID:
    numbered = re.fullmatch(r"(?:TGD-)?(\d{1,12})", said)
    if numbered:
        found = casework.file_by_number(session, int(numbered[1]))
        if found is not None:
            return found
        raise NotThere
    try:
        return UUID(said)
    except ValueError:
        raise Incomplete("A file is named like TGD-000042, or by its id.") from None


def form_of(fields: list[str] | None) -> dict[str, str]:
    """`name=value …` as a form. Raises Incomplete."""
    form = {}
    for one in fields or []:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise Incomplete(f"A field is written name=value; “{one[:40]}” is not.")
        form[name] = value
    return form


def _must_be_done(result: Any) -> None:
    """Raises what an act answered instead of doing it: nothing is kept then."""
    if isinstance(result, NotYet):
        raise Incomplete("Not yet: " + " ".join(result.sentences))
    if isinstance(result, AlreadyDecided):
        raise SomebodyWasFaster(f"{result.by} has decided it meanwhile: {result.kind}.")
