"""Two desks: one with a record that runs already, one on a machine that has nothing."""

import pytest

from tests.cli.commanding import Desk
from tgd import migrate


@pytest.fixture
def desk(record_url, engine, tmp_path) -> Desk:
    """Commands work on the record of the test, which migrations have made."""
    with engine.begin() as connection:
        # the tables are those of the code already: say so, instead of making them again
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)"
        )
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{migrate.head()}')")
    return Desk({"TGD_DATABASE_URL": record_url, "TGD_DATA_DIR": str(tmp_path)})


@pytest.fixture
def bare_desk(open_folder) -> Desk:
    """Commands find an empty data folder."""
    return Desk({"TGD_DATA_DIR": str(open_folder / "tgd")})
