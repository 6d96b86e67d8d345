"""Every file and function is short enough to be read at once, and says what it is for."""

import ast
import re

import pytest

from tests.tidy.house import CODE, ROOMS, ROOT, files, name_of, tree_of

LONGEST_FUNCTION = 40
LONGEST_EVER = 70
LONGEST_FILE = 400
LONGEST_LINE = 100
LONGEST_README = 60

PRAGMA = re.compile(r"\s+# (type: ignore|noqa).*$")
"""A word to a tool at the end of a line cannot stand elsewhere."""

LONG_FOR_A_REASON: dict[str, str] = {
    # "room/file.py:function": "why it reads better in one piece",
}


def lengths() -> dict[str, int]:
    found = {}
    for path in files(*CODE):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                end = node.end_lineno or node.lineno
                found[f"{name_of(path)}:{node.name}"] = end - node.lineno + 1
    return found


def test_no_function_is_longer_than_a_screen():
    long = {name: n for name, n in lengths().items() if n > LONGEST_FUNCTION}
    assert {n: lines for n, lines in long.items() if n not in LONG_FOR_A_REASON} == {}
    assert {n: lines for n, lines in long.items() if lines > LONGEST_EVER} == {}


def test_no_reason_is_left_for_a_function_that_became_short():
    long = {name for name, n in lengths().items() if n > LONGEST_FUNCTION}
    assert set(LONG_FOR_A_REASON) <= long


def test_no_file_of_the_code_is_longer_than_400_lines():
    long = {name_of(p): len(p.read_text().splitlines()) for p in files(*CODE)}
    assert {name: n for name, n in long.items() if n > LONGEST_FILE} == {}


def test_no_line_is_longer_than_100_characters():
    long = [
        f"{name_of(path)}:{number}"
        for path in files(*CODE, "tests")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(PRAGMA.sub("", line)) > LONGEST_LINE
    ]
    assert long == []


def test_every_file_opens_with_a_sentence_about_itself():
    # An empty file only marks a package.
    silent = [
        name_of(path)
        for path in files(*CODE, "tests")
        if tree_of(path).body and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_rules_on_one_screen(room):
    readme = ROOT / room / "README.md"
    assert readme.is_file(), f"{room}/README.md is missing"
    assert len(readme.read_text(encoding="utf-8").splitlines()) <= LONGEST_README
