"""What nobody sees, and terminals and pages obey, is shown by its number wherever it is read."""

import json

import pytest

from tgd.cli.printing import show_json, show_table
from tgd.unseen import made_visible
from tgd.web.render import shown

NAUGHTY = "a\x1b[2J\x9b\u202eb\u2028\x00"


def test_a_page_names_what_cannot_be_seen_and_keeps_its_lines() -> None:
    assert shown("a\u202eb\x1b") == "a<U+202E>b<U+001B>"
    assert shown("a\nb\té") == "a\nb\té"
    assert shown(17) == 17
    assert made_visible("a\u200db") == "a\u200db", "families of emoji stay together"
    assert made_visible("a\u200db", also="Cf") == "a<U+200D>b"


def test_a_terminal_shows_a_line_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["who"], [[NAUGHTY + "\nx"]])
    show_json({"who": NAUGHTY})
    table, _, said = capsys.readouterr().out.rstrip("\n").rpartition("\n")
    assert json.loads(said) == {"who": NAUGHTY}
    for line in (*table.split("\n"), said):
        assert line.isprintable()
    assert table.split("\n") == [
        "who", "a<U+001B>[2J<U+009B><U+202E>b<U+2028><U+0000><U+000A>x",
    ]  # fmt: skip
