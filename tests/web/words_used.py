"""Finds every id that pages and code say: what the catalogues must have."""

import ast
import inspect
import re
from pathlib import Path

from babel.messages.extract import extract
from jinja2.ext import babel_extract

from tgd import errors
from tgd.allocation import acting, equipping
from tgd.casework import file_acts
from tgd.rules import case_sheet, facts, guards

ROOT = Path(__file__).parents[2]
ACT = re.compile("(?:[A-Z][a-z]+){2,}")
SAID_TO_PEOPLE = (
    "tgd/alerts/acts.py", "tgd/alerts/calling.py", "tgd/alerts/duress.py",
    "tgd/alerts/exercising.py", "tgd/alerts/handing_on.py", "tgd/technical.py", "tgd/shifts.py",
    "tgd/room_words.py",
)  # fmt: skip
"""Acts whose refusals a page shows."""
OF_ALLOCATION = ("tgd/allocation", "tgd/casework")
"""The same for case files; what is no constant there is said by its kind."""


def ids_used() -> set[str]:
    """All of them."""
    said = _of_templates() | _of_code() | _of_refusals() | _of_acts() | _of_what_is_missing()
    return said | _of_allocation()


def acts_written() -> set[str]:
    """Each act that the code writes into the journal: `AlertOpened` and its like."""
    found = set()
    for room in ("tgd", "gateway", "dispatch"):
        for path in (ROOT / room).rglob("*.py"):
            source = path.read_text()
            if "import Line\n" not in source and "acts.write_act(" not in source:
                continue
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Constant) and ACT.fullmatch(str(node.value)):
                    found.add(str(node.value))
    return found


def _of_templates() -> set[str]:
    found = set()
    for path in (ROOT / "tgd/web/templates").glob("*.html"):
        with path.open("rb") as file:
            for _, _, text, _ in babel_extract(file, ("_",), [], {}):
                one = text[0] if isinstance(text, tuple) else text
                found |= {one} if isinstance(one, str) else set()
    return found


def _of_code() -> set[str]:
    found = set()
    for path in [*(ROOT / "tgd/web").glob("*.py"), *(ROOT / "tgd/casework").glob("*.py")]:
        with path.open("rb") as file:
            for _, text, _, _ in extract("python", file, keywords={"word": None}):
                found |= {text} if isinstance(text, str) else set()
    return found


def _of_refusals() -> set[str]:
    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass)]
    return {
        str(k.__doc__).strip() for k in kinds if issubclass(k, errors.Refusal | errors.RecordAway)
    }


def _of_what_is_missing() -> set[str]:
    """What a guard or a case sheet lacks, said by the rules and read by a person."""
    return set(guards.SENTENCES.values()) | set(case_sheet.NEEDED.values())


def _of_acts() -> set[str]:
    """The sentences that the acts raise, with their constants filled in."""
    found = set()
    for name in SAID_TO_PEOPLE:
        for node in ast.walk(ast.parse((ROOT / name).read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                found |= {_text(argument) for argument in node.exc.args}
    return found


def _of_allocation() -> set[str]:
    """Constants that an act on a file or a handset raises, and the kinds that it has of its own."""
    found = {
        str(acting.NotThere.__doc__),
        file_acts.CHECK_IDENTITY,
        file_acts.COMPARE,
        facts.NOT_THIS_FORM,
    }
    for path in [one for folder in OF_ALLOCATION for one in (ROOT / folder).glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                found |= {a.value for a in node.exc.args if _is_text(a)}
    return found | set(equipping._TAKEN.values())


def _is_text(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and isinstance(argument.value, str)


def _text(argument: ast.expr) -> str:
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    from tgd.alerts import acts

    return str(eval(compile(ast.Expression(argument), "sentence", "eval"), vars(acts)))
