"""The console dies under its operators, small: `make campaign ARGS="consoles --long"` plays more.

Programs start warm here: what is judged does not depend on how long the console is away.
"""

import pytest

from tests.campaign import consoles
from tests.campaign.conftest import Played


@pytest.mark.timeout(200)
async def test_nothing_that_an_operator_was_told_is_lost_or_doubled(played: Played) -> None:
    """And neither handsets nor platform notice that the console died."""
    operators = 3
    (outcome,) = await played(
        consoles, kills=4, operators=operators, handsets=12, rate_per_s=3, calm_s=1
    )
    assert float(outcome.facts["acts told done"]) > operators
