"""The danger grid by its versions: what was answered is read by the questions that were asked."""

import hashlib
import json

from tgd.casework import grid
from tgd.casework.file_acts import BY_NAME

PUBLISHED = {
    "danger-grid/2026-1": "0af05a3bcf8ae88b14667154e31100e389c8273b",
}
"""Where the SHA-256 of each begins: one that was answered is never changed, a new one is made."""


def test_a_version_that_was_asked_is_never_changed():
    said = {
        version: hashlib.sha256(json.dumps(questions).encode()).hexdigest()[:40]
        for version, questions in grid.GRIDS.items()
    }
    assert said == PUBLISHED


def test_the_newest_version_is_the_one_that_is_asked():
    assert grid.GRIDS[grid.VERSION] == grid.QUESTIONS
    assert tuple(f.name for f in BY_NAME["assess"].fields) == tuple(grid.QUESTIONS)


def test_an_old_assessment_is_read_by_its_own_questions(monkeypatch):
    monkeypatch.setitem(grid.GRIDS, "danger-grid/2025-1", {"gun": "Does he own a gun?"})
    answers = {"gun": "yes", "weapon": "no"}
    assert grid.read("danger-grid/2025-1", answers) == [
        ("Does he own a gun?", "yes"), ("weapon", "no"),
    ]  # fmt: skip
    assert grid.read(grid.VERSION, {"weapon": "no", "death_threats": "yes"}) == [
        (grid.QUESTIONS["death_threats"], "yes"), (grid.QUESTIONS["weapon"], "no"),
    ]  # fmt: skip


def test_of_a_grid_that_nobody_knows_any_more_no_answer_is_lost():
    assert grid.read("other/1", {"repetition": "yes"}) == [("repetition", "yes")]
