"""How a test plays a campaign: small, judged, its N and bound kept for the end of the run."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.campaign.outcome import Outcome, again
from tests.seeds import seed

Played = Callable[..., Awaitable[list[Outcome]]]
"""`await played(campaign, field=…)` with what is other than in the campaign's own size."""


@pytest.fixture(scope="session")
def chance() -> int:
    """The seed of this run, read before a test forgets the environment."""
    return seed()


@pytest.fixture
def played(
    open_folder: Path, chance: int, record_property: Callable[[str, object], None]
) -> Played:
    """Every promise is checked inside; what is counted is shown."""

    async def play(campaign: Any, **different: Any) -> list[Outcome]:
        size = campaign.Size(**different)
        print(again(campaign.__name__.rpartition(".")[2], chance, size))
        outcomes: list[Outcome] = await campaign.run(open_folder, size, chance, print)
        for one in outcomes:
            record_property("outcome", one.line())
            assert one.faults
            assert one.judged
        return outcomes

    return play
