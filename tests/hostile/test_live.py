"""A running service attacked by every way in at once, small: `make campaign ARGS="hostile --long"`.

The seed is printed, and `python -m tests.hostile --live --seed N` plays the same again.
"""

from pathlib import Path

import pytest

from tests.campaign import hostile
from tests.seeds import seed

SEED = seed()


@pytest.mark.timeout(200)
async def test_nobody_s_attack_costs_a_press_or_tells_of_anybody(open_folder: Path) -> None:
    print(f"python -m tests.hostile --live --seed {SEED}")
    (outcome,) = await hostile.run(open_folder, hostile.Size(seconds=12, calm_s=2), SEED, print)
    print(outcome.line())
    assert outcome.judged > 20
    assert outcome.faults > 300


def test_a_name_a_place_a_secret_or_a_stack_in_a_log_would_be_seen() -> None:
    for word in (
        "Personne 3 FICTIVE",
        "+33639980017",
        "lat=48.892341",
        "Traceback (most",
        "s3cr3t",
    ):
        with pytest.raises(AssertionError, match="said"):
            hostile.is_quiet(["{}", f"a line with {word} in it"], ["s3cr3t"])
    with pytest.raises(AssertionError, match="door_failed"):
        hostile.is_quiet(['{"event":"door_failed"}'], [])
