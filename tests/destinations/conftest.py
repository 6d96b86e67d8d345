"""What the tests of those outside begin with."""

import pytest
from sqlalchemy import text

from tests.walking import Walk
from tests.world import World
from tgd import clock


@pytest.fixture
def walk(session, keys) -> Walk:
    """A case file whose handset is in Ana's hands; of its case sheet everybody has been told."""
    walk = Walk(World(session, keys, clock.now())).settle_in()
    walk.until("hand_over")
    session.connection().execute(text("UPDATE notice SET planned_at = made_at"))
    session.commit()
    return walk
