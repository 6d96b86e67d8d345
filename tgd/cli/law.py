"""`tgd court text …`: wordings of the law as dated data, judged before they count."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from tgd import clock, settings
from tgd.allocation import law_adding
from tgd.cli.ending import complain
from tgd.cli.printing import AsJson, show, show_json, show_table
from tgd.cli.record import act_on_record
from tgd.errors import Incomplete
from tgd.rules.law_reading import said_by
from tgd.rules.law_texts import LegalText
from tgd.store import law

app = typer.Typer(no_args_is_help=True, help="Wordings of the law, each from its first day.")
LARGEST_BYTES = 1_000_000


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every wording that is known, and which one is in force today."""
    now = clock.now()
    with act_on_record(settings.read()) as session:
        every, today = law.texts(session), law_adding.in_force_now(session, now)
    rows = [{"version": text.version, "article": text.article, "from_day": text.from_day,
             "by_law": text.by_law, "months": text.months, "in_force": text is today
             or text.version == today.version} for text in every]  # fmt: skip
    if as_json:
        show_json({"schema": "tgd/legal-texts/1", "texts": rows})
        return
    show_table(
        ["version", "article", "from", "by", "today"],
        [[r["version"], r["article"], r["from_day"], r["by_law"], "in force" if r["in_force"]
          else ""] for r in rows],
    )  # fmt: skip


@app.command("show")
def show_(version: str) -> None:
    """One wording as the file that `add` reads: the beginning of the next one."""
    with act_on_record(settings.read()) as session:
        found = next((text for text in law.texts(session) if text.version == version), None)
    if found is None:
        raise Incomplete("There is no such version: `tgd court text list` names them.")
    show(written(found))


@app.command()
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge it and say from when it counts; keep nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a wording: what is decided from its first day on rests on it, and shows it."""
    said, now = _read(file), clock.now()
    with act_on_record(settings.read()) as session:
        if dry_run:
            found: LegalText | list[str] = law_adding.judge(session, said)
        else:
            found = law_adding.add_text(session, said, now)
        wrong = found if isinstance(found, list) else []
    kept = not wrong and not dry_run
    if as_json:
        show_json({"schema": "tgd/legal-text-added/1", "version": said.get("version"),
                   "problems": wrong, "kept": kept})  # fmt: skip
    else:
        show(*wrong)
    if wrong:
        raise Incomplete(f"{len(wrong)} things are wrong with it; nothing was changed.")
    done = "counts" if kept else "would count"
    complain(f"{said['version']} {done} for what is decided from {said['from_day']} on.")


def _read(file: Path) -> dict[str, Any]:
    if file.stat().st_size > LARGEST_BYTES:
        raise Incomplete("This is too large for a text of law.")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Incomplete(f"This is no TOML in UTF-8: {error}") from None


def written(text: LegalText) -> str:
    """The text as TOML."""
    said = said_by(text)
    lines = [f"{key} = {_value(said[key])}" for key in said if key not in ("places", "paragraph")]
    lines += ["", "[places]", *(f"{key} = {_value(place)}" for key, place in text.places)]
    for place, words in text.paragraphs:
        lines += ["", "[[paragraph]]", f"place = {_value(place)}", f"words = {_value(words)}"]
    return "\n".join(lines)


def _value(one: Any) -> str:
    return one.isoformat() if hasattr(one, "isoformat") else json.dumps(one, ensure_ascii=False)
