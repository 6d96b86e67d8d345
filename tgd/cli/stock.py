"""`tgd stock …`: what is done to a whole stock, in somebody's name: orders, lists, recalls."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tgd import clock, settings
from tgd.casework import stock_acts, stock_csv
from tgd.casework.fields import read_all
from tgd.cli.casework import As, Fields, form_of, officer_of
from tgd.cli.ending import FAILED, complain
from tgd.cli.printing import AsJson, progress_of, show, show_json, show_table
from tgd.cli.record import act_on_record
from tgd.errors import Incomplete

app = typer.Typer(no_args_is_help=True, help="The stocks of a court as a whole.")


@app.command()
def act(
    act: Annotated[str, typer.Argument(metavar="ACT")], name: As, fields: Fields = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Order, refill, recall or accept a model, as the stock's page does."""
    if act not in stock_acts.IN_STOCK:
        raise Incomplete(f"Acts are: {', '.join(stock_acts.IN_STOCK)}.")
    _, asked, doing = stock_acts.IN_STOCK[act]
    now = clock.now()
    with act_on_record(settings.read()) as session:
        who = officer_of(session, name, now)
        result = doing(session, who, read_all(asked, form_of(fields)), now)
        done = _done(act, result)
    if as_json:
        show_json({"schema": "tgd/stock-act/1", "act": act} | done)
    else:
        show(*(f"{key}: {value}" for key, value in done.items()))
        complain("It is done.")


def _done(act: str, result: Any) -> dict[str, Any]:
    """What came of it: ids and numbers."""
    if act == "order":
        return {"handset": result}
    if act == "refill":
        return {"handsets": result}
    if act == "recall":
        return {"recall": str(result.recall), "set_aside": list(result.set_aside),
                "carried": list(result.carried)}  # fmt: skip
    return {"model": result.model}


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)], name: As,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge every line, change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Order what a CSV file lists: all of its lines, or none of them."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        report = stock_csv.import_stock(
            session, officer_of(session, name, now), _sent(file), now, dry_run=dry_run,
            told=None if as_json else progress_of,
        )  # fmt: skip
    lines = [{"line": one.line, "handset": one.handset, "problem": one.problem}
             for one in report.lines]  # fmt: skip
    if as_json:
        show_json({"schema": "tgd/stock-import/1", "kept": report.kept, "lines": lines})
    else:
        show_table(list(lines[0]), [list(one.values()) for one in lines])
    bad, all_ = len(report.bad), len(report.lines)
    if bad:
        complain(f"{bad} of {all_} lines have a problem: nothing was changed.")
        raise typer.Exit(FAILED)
    complain(f"{all_} handsets are ordered." if report.kept
             else f"All {all_} lines are sound; nothing was changed (--dry-run).")  # fmt: skip


def _sent(file: Path) -> bytes:
    with file.open("rb") as opened:
        raw = opened.read(stock_csv.LARGEST_BYTES + 1)
    if len(raw) > stock_csv.LARGEST_BYTES:
        raise Incomplete(f"{file.name} is larger than 2 MB: split it.")
    return raw
