"""What the tests of those outside begin with."""

import pytest

from tests.walking import Walk
from tests.world import World
from tgd import clock


@pytest.fixture
def walk(session, keys) -> Walk:
    """A case file whose handset is in Ana's hands."""
    walk = Walk(World(session, keys, clock.now())).settle_in()
    walk.until("hand_over")
    session.commit()
    return walk
