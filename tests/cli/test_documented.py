"""Every command explains itself, and is explained in docs/command-line.md; none is invented."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main
from typer.testing import CliRunner

from tgd.cli import app
from tgd.cli.ending import BROKEN

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command that does something."""
    inside = getattr(command, "commands", None)
    if inside is None:
        yield path
        return
    for name, one in inside.items():
        yield from commands(one, (*path, name))


ALL = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", [(), *ALL], ids=" ".join)
def test_every_command_explains_itself(words):
    said = CliRunner().invoke(app, [*words, "--help"])
    assert said.exit_code == 0
    assert "Usage" in said.output


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_is_on_the_page_with_an_example(words):
    command = "tgd " + " ".join(words)
    assert f"### `{command}`" in PAGE
    assert re.search(rf"^    {command}", PAGE, re.MULTILINE)


def test_the_page_invents_no_command():
    told = set(re.findall(r"^### `tgd ([a-z -]+)`", PAGE, re.MULTILINE))
    assert told == {" ".join(words) for words in ALL}


def test_every_exit_code_is_on_the_page():
    told = re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)
    assert told == [str(code) for code in range(BROKEN + 1)]
