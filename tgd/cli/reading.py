"""`tgd journal …`: is the chain whole, and what is written in it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from tgd import journal, settings
from tgd.cli.ending import BROKEN, complain
from tgd.cli.printing import AsJson, show, show_json, show_table
from tgd.cli.record import open_for_command
from tgd.database import transaction
from tgd.errors import Incomplete
from tgd.records import Journal
from tgd.store import chain
from tgd.store.journal_lines import newest

app = typer.Typer(no_args_is_help=True, help="The append-only journal of who did what.")


class Seen:
    """Notes whether a hash that was written down elsewhere is passed on the way."""

    def __init__(self, expected: str | None) -> None:
        self.expected = bytes.fromhex(expected) if expected else None
        self.at: int | None = 0 if self.expected == journal.START else None

    def pass_by(self, batches: Iterator[Sequence[Journal]]) -> Iterator[Sequence[Journal]]:
        """The same lines, looked at."""
        for lines in batches:
            for line in lines:
                if self.expected is not None and line.hash == self.expected:
                    self.at = line.place
            yield lines

    @property
    def is_missed(self) -> bool:
        """Whether lines up to an expected head are gone."""
        return self.expected is not None and self.at is None


@app.command()
def verify(
    expect_head: Annotated[
        str | None,
        typer.Option(
            metavar="HEX",
            help="A head that was written down elsewhere: it must still be in the chain.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every line's hash; exit code 7 says that the journal was tampered with, and where."""
    seen = Seen(_head(expect_head))
    with open_for_command(settings.read()) as engine, transaction(engine) as session:
        waiting = chain.count_unsealed(session)
        verdict = journal.verify(seen.pass_by(chain.sealed_in_order(session)), waiting)
    whole = verdict.broken_at is None and not seen.is_missed
    if as_json:
        said = {"schema": "tgd/journal-verify/1", "whole": whole} | asdict(verdict)
        show_json(said | ({"expected_head_at": seen.at} if expect_head else {}))
    else:
        show(*_sentences(verdict, seen))
    if not whole:
        raise typer.Exit(BROKEN)


def _head(said: str | None) -> str | None:
    if said is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", said):
        raise Incomplete("A head is 64 hexadecimal digits, as `tgd journal verify` printed it.")
    return said


def _sentences(verdict: journal.Verdict, seen: Seen) -> Iterator[str]:
    if verdict.broken_at is not None:
        yield f"The journal is broken at place {verdict.broken_at}: {verdict.why}."
        yield f"The {verdict.sealed} lines before it are whole."
        return
    if seen.is_missed:
        yield "The expected head is not in the chain: lines were cut off or written anew."
    else:
        yield f"The journal is whole: {verdict.sealed} lines sealed, {verdict.unsealed} to seal."
    yield f"head {verdict.head}"


@app.command("show")
def show_lines(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest last.")] = 50,
    alert: Annotated[UUID | None, typer.Option(help="Only those about this alert.")] = None,
    handset: Annotated[str | None, typer.Option(help="Only those about this handset.")] = None,
    as_json: AsJson = False,
) -> None:
    """The newest lines; JSON is one line each."""
    with open_for_command(settings.read()) as engine, transaction(engine) as session:
        rows = [_row(line) for line in newest(session, limit, alert=alert, handset=handset)]
    if as_json:
        for row in rows:
            show_json({"schema": "tgd/journal-line/1"} | row)
    elif rows:
        show_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        complain("There is no such line.")


def _row(line: Journal) -> dict[str, Any]:
    return {
        "seq": line.seq, "place": line.place, "at": line.at, "who": line.who, "act": line.act,
        "alert": line.alert, "handset": line.handset, "detail": line.detail,
    }  # fmt: skip
