"""Nothing is lost when everybody presses, when one never stops, when all come back at once.

The short sizes; `python -m tests.load --long` runs the whole ones and asserts the goal's limits.
"""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.running import service
from tests.load import storms
from tests.load.sizes import SHORT

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""A socket of the crowd that a reset left open is the simulation's: the service runs elsewhere."""


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """What the crowd left behind is found here, not in a later test."""
    yield
    gc.collect()


@pytest.mark.timeout(400)
async def test_the_fleet_presses_beside_a_thousand_bad_messages_a_second(open_folder: Path) -> None:
    """Every press is on record and told, as one alert each, whatever else knocks at the door."""
    async with service(open_folder, platform_process=True) as running:
        show(await storms.storm(running, SHORT))


@pytest.mark.timeout(400)
async def test_one_handset_that_never_stops_is_one_alert(open_folder: Path) -> None:
    """And those who press beside it are heard and told as ever."""
    async with service(open_folder, platform_process=True) as running:
        show(await storms.stuck(running, SHORT))


@pytest.mark.timeout(400)
async def test_five_hundred_come_back_after_the_gateway_was_killed(open_folder: Path) -> None:
    """None is refused by our own limits, and no press is lost on the way."""
    async with service(open_folder, platform_process=True) as running:
        show(await storms.reconnect(running, SHORT))


def show(lines: list[str]) -> None:
    """What it took is for the reader."""
    print("\n" + "\n".join(lines))
