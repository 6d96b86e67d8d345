"""CI looks again only at what may fall by accident, and at few of them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

pytest_plugins = ["pytester"]

HERE = Path(__file__).parents[2] / ".ci" / "look_again.py"


@pytest.fixture(scope="module")
def ci() -> ModuleType:
    """CI's own file, which lies in no package."""
    spec = importlib.util.spec_from_file_location("look_again", HERE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_lives_in_real_time_may_be_looked_at_again(ci: ModuleType) -> None:
    assert ci.refused(["tests/acceptance/test_kills.py::test_nothing"]) is None


@pytest.mark.parametrize(
    "fell",
    [
        [],
        ["tests/rules/test_plan.py::test_a_rule"],
        ["tests/simulation/test_seeds.py::test_a_night"],
        ["tests/acceptance/test_kills.py"],
        ["tests/acceptance/test_kills.py::test_nothing", "tests/acts/test_taking.py::test_take"],
        [f"tests/load/test_storms.py::test_{n}" for n in range(4)],
    ],
    ids=["nothing named", "a rule", "a night", "a file that cannot be read", "one of two", "four"],
)
def test_whatever_else_fell_has_failed(ci: ModuleType, fell: list[str]) -> None:
    assert ci.refused(fell)


def test_a_broken_promise_is_never_looked_at_again(ci: ModuleType) -> None:
    """A lost press is no accident of a slow machine, wherever it was seen."""
    name = "tests/campaign/test_campaigns.py::test_nothing"
    assert ci.refused([name]) is None
    assert "promise" in ci.refused([name], frozenset({name}))


def test_a_test_in_which_a_promise_breaks_is_written_down(pytester: pytest.Pytester) -> None:
    """By the place of the assertion: whoever calls the promises, and however deep."""
    pytester.makeconftest(
        "import sys\nsys.path.insert(0, " + repr(str(HERE.parents[1])) + ")\n"
        "from tests.conftest import pytest_runtest_makereport\n"
    )
    pytester.makepyfile(promises="def keep(held):\n    assert held\n")
    pytester.makepyfile(
        test_it="import promises\n"
        "def test_lost():\n    promises.keep(False)\n"
        "def test_slow():\n    promises.keep(True)\n    assert 3 < 2\n"
    )
    pytester.runpytest_subprocess("-p", "no:randomly")
    broken = (pytester.path / ".pytest_cache/broken_promises").read_text().split()
    assert broken == ["test_it.py::test_lost"]


def test_one_that_falls_again_has_failed(ci: ModuleType, tmp_path: Path) -> None:
    stands, falls = tmp_path / "test_stands.py", tmp_path / "test_falls.py"
    stands.write_text("def test_it():\n    assert True\n")
    seen = tmp_path / "seen"
    falls.write_text(
        "from pathlib import Path\ndef test_it():\n"
        f"    n = Path({str(seen)!r})\n    n.open('a').write('x')\n"
        "    assert len(n.read_text()) < 3\n"
    )
    assert ci.stands(str(stands))
    assert not ci.stands(str(falls)), "twice is not three times"


def test_what_falls_in_code_without_a_file_is_an_ordinary_failure(
    pytester: pytest.Pytester,
) -> None:
    """It ended the whole run, and every other result with it."""
    pytester.makeconftest(
        "import sys\nsys.path.insert(0, " + repr(str(HERE.parents[1])) + ")\n"
        "from tests.conftest import pytest_runtest_makereport\n"
    )
    pytester.makepyfile(test_it="def test_it():\n    exec(compile('1 / 0', '<string>', 'exec'))\n")
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(failed=1)
