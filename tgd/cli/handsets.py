"""`tgd handset …`: enrol, list, give, import, and say what has become of a handset."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from tgd import clock, ids, inventory, settings, stock_list
from tgd.cli import device_ca
from tgd.cli.ending import FAILED, complain
from tgd.cli.printing import AsJson, progress_of, show, show_json, show_table
from tgd.cli.record import act_on_record
from tgd.errors import Incomplete
from tgd.keyring import open_keys
from tgd.rules.handset import ConsentScope, HandsetState
from tgd.rules.keys import sms_key
from tgd.settings import Settings
from tgd.store.inventory import listed

app = typer.Typer(no_args_is_help=True, help="The stock of handsets and those who carry them.")

FIRST_GENERATION = 1
LARGEST_BYTES = 32 << 20
HandsetId = Annotated[str, typer.Argument(metavar="ID", help="The handset's id.")]


@app.command()
def enroll(
    number: Annotated[
        str | None, typer.Option(help="Its telephone number, such as +33639980001.")
    ] = None,
    test_device: Annotated[
        bool,
        typer.Option(
            "--test-device", help="It is for drills: an OwnTracks manual publish on it is a press."
        ),
    ] = False,
    certificate: Annotated[
        bool, typer.Option("--certificate", help="A certificate instead of a secret.")
    ] = False,
    canary: Annotated[
        bool,
        typer.Option("--canary", help="Nobody carries it: its presses show that a channel lives."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a handset known, and print once what the device needs to prove itself."""
    read, now = settings.read(), clock.now()
    keys = open_keys(read)
    secret = None if certificate else ids.new_secret()
    with act_on_record(read) as session:
        handset = inventory.enroll(
            session, number, now, secret=secret, is_test_device=test_device,
            canary=ids.new_canary() if canary else None,
        )  # fmt: skip
        proof = _proof(read, handset, secret)
    printed = {"handset": handset} | proof
    printed["sms_key"] = sms_key(keys.master, handset, FIRST_GENERATION).hex()
    if as_json:
        show_json(printed)
    else:
        show(*(f"{name}: {value}" for name, value in printed.items()))
        complain("This is shown once: write it into the device now.")


def _proof(read: Settings, handset: str, secret: str | None) -> dict[str, str]:
    if secret is not None:
        return {"mqtt_secret": secret}
    paper = device_ca.issue(read.data_dir, handset, clock.now())
    return {"certificate": paper.certificate, "private_key": paper.private_key, "ca": paper.ca}


@app.command("list")
def list_(
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Names and numbers too; this is written down.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Every handset: its state, its allocation, its last sign of life."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        rows = [_row(row, reveal=reveal) for row in listed(session, now)]
        if reveal:
            inventory.reveal(session, now)
    if as_json:
        show_json({"schema": "tgd/handset-list/1", "handsets": rows})
    elif rows:
        show_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        complain("The stock is empty: `tgd handset enroll` makes a handset known.")


def _row(row: Any, *, reveal: bool) -> dict[str, Any]:
    shown = {
        "handset": row.id, "state": row.state, "test_device": row.is_test_device,
        "canary": row.is_canary, "enrolled_at": row.enrolled_at, "begins_at": row.begins_at,
        "ends_at": row.ends_at, "heard_at": row.heard_at, "battery_pct": row.battery_pct,
    }  # fmt: skip
    return shown | ({"number": row.number, "name": row.name} if reveal else {})


@app.command()
def state(handset: HandsetId, state: HandsetState) -> None:
    """Say what has become of a handset; `returned` ends its allocation, nothing mutes it."""
    with act_on_record(settings.read()) as session:
        inventory.set_state(session, handset, state, clock.now())
    complain(f"{handset} is now “{state}”.")


@app.command()
def give(
    handset: HandsetId,
    name: Annotated[str, typer.Option(help="Who carries it from now on.")],
    place: Annotated[
        list[str] | None, typer.Option(help='"label;city;insee"; may be given several times.')
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="For how long, from now.")] = 180,
    geolocation: Annotated[
        bool, typer.Option(help="Whether she agrees to geolocation, a consent of its own.")
    ] = False,
    note: Annotated[str | None, typer.Option(help="What an operator must know.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a handset to a person for a period, with what she agrees to."""
    now = clock.now()
    period = (now, now + timedelta(days=days))
    with act_on_record(settings.read()) as session:
        given = inventory.give(
            session, handset, name, [_place(one) for one in place or []], period, now,
            geolocation=geolocation, note=note,
        )  # fmt: skip
    if as_json:
        show_json(
            {"schema": "tgd/handset-given/1", "handset": handset, "person": given.person,
             "allocation": given.allocation, "ends_at": period[1]}
        )  # fmt: skip
    else:
        complain(f"{handset} is given until {period[1]:%Y-%m-%d}.")


def _place(said: str) -> dict[str, str]:
    parts = [part.strip() for part in said.split(";")]
    if len(parts) != 3 or not all(parts[:2]):
        raise Incomplete('A place is written "label;city;insee"; only the last may be empty.')
    return dict(zip(("label", "city", "insee"), parts, strict=True))


@app.command()
def consent(
    handset: HandsetId,
    geolocation: Annotated[
        bool, typer.Option("--geolocation/--no-geolocation", help="What she agrees to now.")
    ],
) -> None:
    """Record that the person who carries a handset agrees to geolocation, or does not any more."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        person = inventory.holder(session, handset, now)
        change = inventory.record_consent if geolocation else inventory.withdraw_consent
        change(session, person, ConsentScope.GEOLOCATION, now)
    complain("It is written down.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge every line, change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Enrol and give what a CSV file lists: all of its lines, or none of them."""
    rows = stock_list.read(_sent(file))
    with act_on_record(settings.read()) as session:
        report = stock_list.import_people(
            session, rows, clock.now(), dry_run=dry_run,
            read=None if as_json else progress_of(len(rows)),
        )  # fmt: skip
    keys = open_keys(settings.read())
    lines = [_line(line, keys.master) for line in report.lines]
    if as_json:
        show_json({"schema": "tgd/handset-import/1", "kept": report.kept, "lines": lines})
    else:
        show_table(list(lines[0]), [list(line.values()) for line in lines])
    complain(_verdict(report, dry_run=dry_run))
    if not report.is_sound:
        raise typer.Exit(FAILED)


def _sent(file: Path) -> bytes:
    """The file, unless nobody could have written so long a list."""
    with file.open("rb") as opened:
        raw = opened.read(LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise Incomplete(f"{file.name} is larger than {LARGEST_BYTES >> 20} MB: split it.")
    return raw


def _line(line: stock_list.LineRead, master: bytes) -> dict[str, Any]:
    new = line.handset if line.secret else None
    return {
        "line": line.line, "handset": line.handset, "problem": line.problem,
        "mqtt_secret": line.secret,
        "sms_key": sms_key(master, new, FIRST_GENERATION).hex() if new else None,
    }  # fmt: skip


def _verdict(report: stock_list.Report, *, dry_run: bool) -> str:
    bad = sum(1 for line in report.lines if line.problem)
    if bad:
        return f"{bad} of {len(report.lines)} lines have a problem: nothing was changed."
    if dry_run:
        return f"All {len(report.lines)} lines are sound; nothing was changed (--dry-run)."
    return f"{len(report.lines)} lines are in the record. Secrets are shown once."
