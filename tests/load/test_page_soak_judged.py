"""The soak of a page is judged by numbers: what leaks is found by its name, what is flat passes."""

from dataclasses import fields, replace

import pytest

from tests.browser.soaked import GROWS, Minute, grown

FLAT = Minute(1, 2000.0, 700, 45, 2200.0, 900, 50, 290.0, 23, 1.7, 4, 150.0, 21, 0)
COUNTED = {field.name for field in fields(Minute)} - {"number", "rows", "silence_s", "complaints"}


def minutes(most: int = 30, **growth: float) -> list[Minute]:
    """So many minutes, with the noise of a garbage collector, in which these grow each minute."""
    noise = {"list_kb": 30.0, "list_nodes": 4.0}
    return [
        replace(
            FLAT, number=n,
            **{
                name: getattr(FLAT, name) + growth.get(name, 0) * n + noise.get(name, 0) * (-1) ** n
                for name in GROWS
            },
        )
        for n in range(1, most + 1)
    ]  # fmt: skip


def test_half_an_hour_that_is_flat_passes() -> None:
    assert grown(minutes()) == []
    assert grown(minutes(console_mb=0.05, worker_kb=1.0)) == []


def test_all_that_is_counted_is_judged() -> None:
    assert set(GROWS) == COUNTED


@pytest.mark.parametrize(
    ("name", "by"),
    [("list_kb", 12), ("sheet_kb", 12), ("worker_kb", 4), ("list_nodes", 8), ("sheet_nodes", 8),
     ("list_listeners", 1), ("sheet_listeners", 1), ("connections", 0.2), ("console_fd", 0.2),
     ("console_mb", 0.2)],
)  # fmt: skip
def test_what_grows_is_found(name: str, by: float) -> None:
    """A node that is left of each alert would be sixty a minute: an eighth of that is found."""
    (said,) = grown(minutes(**{name: by}))
    assert GROWS[name][0] in said


def test_a_page_that_fills_in_its_first_minutes_is_not_blamed() -> None:
    filling = [replace(one, list_nodes=300 + 80 * n) for n, one in enumerate(minutes()[:5])]
    assert grown([*filling, *minutes()[5:]]) == []


def test_a_short_one_is_only_shown() -> None:
    assert grown(minutes(list_nodes=60)[:10]) == []
