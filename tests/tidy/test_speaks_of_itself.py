"""The project speaks of itself: no machine it was written on, no real number, no registry."""

import re

from tests.tidy.house import ROOT, name_of, texts

THIS_FILE = "tests/tidy/test_speaks_of_itself.py"

# Written so that this file does not contain what it looks for.
REGISTRIES = [
    r"files\.pythonho" + r"sted\.org", r"\bpypi\.or" + r"g\b", r"registry\.npmj" + r"s\.org",
    r"--index-u" + r"rl", r"--extra-index-u" + r"rl", r"proxy\.golan" + r"g\.org",
]  # fmt: skip
PLACES = [
    r"(?<![\w.])/wo" + r"rk/",
    r"/ho" + r"me/\w+/",
    r"(?<![\w.])/ro" + r"ot/\w",
    r"/Us" + r"ers/\w",
]

FRENCH_NUMBER = re.compile(r"(?<![\w+./:-])(?:\+33[ .]?|0033[ .]?|0)([1-9](?:[ .]?\d{2}){4})(?!\w)")
FICTIONAL = ("63998", "19900")
"""06 39 98 xx xx and 01 99 00 xx xx: numbers kept for fiction."""


def lines() -> list[tuple[str, str]]:
    own = [path for path in texts() if name_of(path) != THIS_FILE and path.suffix != ".lock"]
    return [
        (f"{name_of(path)}:{number}", line)
        for path in own
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
    ]


def where(patterns: list[str]) -> list[str]:
    wanted = re.compile("|".join(patterns))
    return [place for place, line in lines() if wanted.search(line)]


def test_no_package_registry_is_named():
    assert where(REGISTRIES) == []
    for lock in ROOT.glob("*.lock"):
        assert not re.search("|".join(REGISTRIES), lock.read_text())


def test_no_place_of_one_machine_is_named():
    assert where(PLACES) == []


def test_every_telephone_number_is_fictional():
    real = [
        f"{place} {match[0]}"
        for place, line in lines()
        for match in FRENCH_NUMBER.finditer(line)
        if not re.sub(r"\D", "", match[1]).startswith(FICTIONAL)
    ]
    assert real == []


def test_the_search_for_numbers_sees_the_usual_spellings():
    for spelled in ("+336" + "12345678", "06 1" + "2 34 56 78", "01.2" + "3.45.67.89"):
        assert FRENCH_NUMBER.search(spelled), spelled
    assert not FRENCH_NUMBER.search("at 1732401605123")
