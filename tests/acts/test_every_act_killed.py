"""Every act of a court and its stocks, killed between its steps: before or after, never between.

`make kills` kills each before every statement of it; `make test` before every seventh one.
"""

import ast
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.acts.killed import BEFORE_COMMIT
from tests.acts.killing import DONE, KILLED, Program, program
from tests.acts.remembered import fingerprint
from tests.acts.telling import Step
from tests.acts.told_acts import STORIES, look
from tests.walking import Walk
from tgd.casework import file_acts, stock_acts
from tgd.records import Handset

EVERY = int(os.environ.get("TGD_TEST_KILL_EVERY", "7"))
MOST_STATEMENTS = 400
ALLOCATION = Path(__file__).parents[2] / "tgd" / "allocation"

ENDS = {
    "from referral to return": ("purged", "in_stock"),
    "missed, lost, replaced, recalled": ("closed", "returned"),
    "the stock": (None, "in_stock"),
    "the court": ("reported", None),
    "to another court": ("active", "issued"),
    "shortened, and kept longer": ("refused", "issued"),
    "one woman": ("merged", None),
}
"""What every story leads to, whoever was killed in it."""

NO_ACT = {
    "AccessLogged": "somebody has looked",
    "DeadlinePostponed": "a turn met what a person changed at that very moment",
}  # fmt: skip


@dataclass
class Teller:
    """The program whose children act and die, and the record that they leave."""

    program: Program
    engine: Engine
    walk: Walk
    written: Counter[str] = field(default_factory=Counter)
    """The words of the journal that a killed act wrote in the end."""
    killed: Counter[str] = field(default_factory=Counter)
    """How often each act was killed."""

    def ask(self, story: str, step: int, where: int | str) -> int:
        """One step in a process of its own; its exit code, or -9."""
        return self.program.ask(self.walk, story=story, step=step, where=where)

    def acts(self) -> Counter[str]:
        """The words of the journal."""
        with self.engine.connect() as connection:
            return Counter(connection.execute(text("SELECT act FROM journal")).scalars())


@pytest.fixture
def teller(record_url: str, engine: Engine, keys: Any) -> Iterator[Teller]:
    with program(record_url, engine, keys) as (started, walk):
        yield Teller(started, engine, walk)


def kill_in(teller: Teller, story: str, n: int, step: Step) -> None:
    """Nothing of it is there after any of these deaths; then it is done and the process dies."""
    before, written = fingerprint(teller.engine), teller.acts()
    assert teller.ask(story, n, BEFORE_COMMIT) == KILLED
    assert fingerprint(teller.engine) == before, f"“{step.name}” left something"
    where = 1
    while (ended := teller.ask(story, n, where)) == KILLED:
        assert fingerprint(teller.engine) == before, f"“{step.name}” left something at {where}"
        teller.killed[step.name] += 1
        where += EVERY
        assert where < MOST_STATEMENTS
    assert ended == DONE, f"“{step.name}” failed"
    assert fingerprint(teller.engine) != before, f"“{step.name}” changed nothing"
    teller.written += teller.acts() - written


TOLD: dict[str, Teller] = {}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("story", STORIES)
def test_a_story_goes_on_whoever_is_killed_in_it(teller: Teller, story: str) -> None:
    walk = teller.walk
    for n, step in enumerate(STORIES[story]):
        walk.world.now += step.before
        walk.session.commit()
        if step.is_act:
            kill_in(teller, story, n, step)
        else:
            step.perform(walk)
        walk.session.commit()
        look(walk, step)
        walk.session.commit()
    handset = walk.session.get(Handset, walk.handset, populate_existing=True)
    state = walk.file().state if walk.file_id else None
    assert (state, handset.state if handset else None) == ENDS[story]
    TOLD[story] = teller
    print(f"\n{story}: {sum(teller.killed.values())} deaths in {len(teller.killed)} acts")


def acts_of_the_tables() -> set[str]:
    return (
        {f"file/{one.name}" for one in file_acts.FILE_ACTS}
        | {f"handset/{one.name}" for one in stock_acts.STOCK_ACTS}
        | {f"stock/{name}" for name in stock_acts.IN_STOCK}
    )


def words_of_the_source() -> set[str]:
    """What the acts write in the journal: every word of ours in capitals that stands alone."""
    found: set[str] = set()
    for path in ALLOCATION.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                word = node.value
                if word.isidentifier() and word[:1].isupper() and not word.isupper():
                    found.add(word)
    return found


def test_no_act_of_the_tables_is_left_out() -> None:
    told = {step.name for steps in STORIES.values() for step in steps if step.is_act}
    assert acts_of_the_tables() - told == set()


def test_no_word_of_the_journal_is_left_out() -> None:
    """A new act that no story tells falls here: it writes a word that nobody killed."""
    if set(TOLD) != set(STORIES):
        pytest.skip("this one needs every story before it: run the whole file")
    written = {word for teller in TOLD.values() for word in teller.written}
    assert words_of_the_source() - written - set(NO_ACT) == set()
    assert {"Cleared", "DecisionSigned", "HandsetHandedOver"} <= words_of_the_source()
