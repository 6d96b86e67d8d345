"""One record for all simulated nights of a test process."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from tests.conftest import _admin, _named, drop_record, in_memory, reachable_folder
from tests.simulation.ground import Ground


@pytest.fixture(scope="session")
def ground(cluster: str) -> Iterator[Ground]:
    """A record of its own on the tests' PostgreSQL, emptied between nights."""
    admin = _admin(cluster)
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE nights TEMPLATE blank STRATEGY wal_log"))
    with reachable_folder(in_memory()) as folder:
        opened = Ground(_named(cluster, "nights"), folder)
        yield opened
        opened.close()
    drop_record(admin, "nights")
    admin.dispose()
