"""Runs migrations on the record that the caller names (tgd/migrate.py); reads no file, no setting.

One transaction for all steps, behind a lock: whoever comes second waits, then finds nothing to do.
"""

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

import tgd.records  # noqa: F401  (the tables, for `revision --autogenerate`)
from tgd.migrate import LOCK

engine = create_engine(
    context.config.attributes["url"],
    poolclass=NullPool,
    hide_parameters=True,
    connect_args={
        "options": "-c synchronous_commit=on -c timezone=UTC",
        "connect_timeout": 3,
        "application_name": "tgd-migrate",
    },
)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=SQLModel.metadata)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        context.run_migrations()
