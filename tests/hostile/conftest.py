"""One ground for all attacks: the processes must outlive them all, one after the other.

It ends with the last of them: with all the alerts that they leave open it is never idle.
"""

import resource
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import drop_record, reachable_folder
from tests.hostile.ground import Ground, running
from tgd import migrate
from tgd.database import open_record
from tgd.seal import Keys


@pytest.fixture(scope="package")
def ground(cluster: str) -> Iterator[Ground]:
    """Gateway, dispatch and console on a record of their own."""
    name = "hostile" + uuid4().hex[:8]
    admin = create_engine(cluster, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE blank STRATEGY wal_log"))
    url = cluster.rsplit("/", 1)[0] + "/" + name
    engine = open_record(url, lane="work")
    with engine.begin() as connection:  # the tables are those of the code: commands may know it
        connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)"))
        connection.execute(text(f"INSERT INTO alembic_version VALUES ('{migrate.head()}')"))
    with reachable_folder() as folder:
        try:
            with running(url, engine, folder, Keys(bytes(range(32)))) as made:
                yield made
        finally:
            engine.dispose()
            drop_record(admin, name)
            admin.dispose()


@pytest.fixture(scope="session", autouse=True)
def many_connections() -> None:
    """A login shell often allows 1,024 open files: too few to be a crowd of callers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
