"""The console dies under its operators, small: `make campaign ARGS="consoles --long"` plays more.

Programs start warm here: what is judged does not depend on how long the console is away.
"""

from pathlib import Path

import pytest

from tests.campaign import consoles
from tests.seeds import seed

SEED = seed()


@pytest.mark.timeout(200)
async def test_nothing_that_an_operator_was_told_is_lost_or_doubled(open_folder: Path) -> None:
    """And neither handsets nor platform notice that the console died."""
    print(f"python -m tests.campaign consoles --seed {SEED}")
    size = consoles.Size(kills=4, operators=3, handsets=12, rate_per_s=3, calm_s=1)
    (outcome,) = await consoles.run(open_folder, size, SEED, print)
    print(outcome.line())
    assert outcome.judged
    assert float(outcome.facts["acts told done"]) > size.operators
