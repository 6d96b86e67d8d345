"""Fills a record with alerts by SQL, in seconds: closed ones of the past, or open ones."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from tests.acceptance.running import Service

_QUICKLY = "SET LOCAL synchronous_commit = off"
_REFERENCES = """
SELECT conrelid::regclass::text AS of, conname AS name, pg_get_constraintdef(oid) AS says
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""

# Ten milliseconds apart: none is old enough to be forgotten meanwhile, which would be measured.
_CLOSED = """
INSERT INTO alert (id, source, lane, trust, labels, state, version, presses, updates, waits,
    opened_at, pressed_at, changed_at, waiting_since, closed_at, closed_by, outcome, reason)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'mqtt:past-' || n, 'real',
    'unknown', '{}', 'closed', 5, 1, 0, 0, at, at, at, at, at, 'bruno', 'accidental', 'fill'
FROM (SELECT n, now() - make_interval(secs => n / 100.0 + 3600) AS at
      FROM generate_series(CAST(:first AS int), :last) AS n) AS past
"""
_TRIGGERS = """
INSERT INTO alert_trigger (id, alert, source, trigger, kind, counter, heard_at, labels)
SELECT id, id, source, 'past-' || source, 'press', 1, opened_at, '{}' FROM alert
WHERE id >= CAST(:from AS uuid) AND id <= CAST(:to AS uuid)
"""
_SIGHTINGS = """
INSERT INTO sighting (id, channel, form, transport_id, source, raw_sealed, struck, received_at,
    kept_at, alert, trigger, warnings)
SELECT id, 'mqtt', 'alert', 'past-' || source, source, decode(repeat('00', 200), 'hex'), false,
    opened_at, opened_at, id, id, '{}' FROM alert
WHERE id >= CAST(:from AS uuid) AND id <= CAST(:to AS uuid)
"""
_DELIVERIES = """
INSERT INTO delivery (id, key, alert, destination, topic, round, state, attempts, lease_token,
    made_at, told_at, received_at)
SELECT id, id || ':opened:0:platform', id, 'platform', 'opened', 0, 'received', 1, 1, opened_at,
    opened_at, opened_at FROM alert
WHERE id >= CAST(:from AS uuid) AND id <= CAST(:to AS uuid)
"""
_JOURNAL = """
INSERT INTO journal (at, who, act, alert, detail, place, hash)
SELECT opened_at, 'gateway', 'AlertOpened', id, '{}',
    (SELECT coalesce(max(place), 0) FROM journal) + row_number() OVER (ORDER BY id),
    sha256(id::text::bytea) FROM alert
WHERE id >= CAST(:from AS uuid) AND id <= CAST(:to AS uuid)
"""
_WAITING = """
INSERT INTO alert (id, source, lane, trust, labels, state, version, presses, updates, waits,
    opened_at, pressed_at, changed_at, waiting_since, look_again_at)
SELECT gen_random_uuid(), 'mqtt:waiting-' || n, 'real', 'unknown', '{}', 'open', 1, 1, 0, 0,
    at, at, at, at, now() + make_interval(secs => 60.0 * n / :count)
FROM (SELECT n, now() AS at FROM generate_series(1, CAST(:count AS int)) AS n) AS waiting
"""
_WERE_TOLD = """
INSERT INTO delivery (id, key, alert, destination, topic, round, state, attempts, lease_token,
    made_at, told_at, received_at)
SELECT id, id || ':opened:0:' || :destination, id, :destination, 'opened', 0, 'received', 1, 1,
    opened_at, opened_at, opened_at FROM alert WHERE starts_with(source, 'mqtt:waiting-')
"""


def closed_alerts(running: Service, first: int, last: int) -> None:
    """Alerts number `first` to `last` of the past, each with all that one alert leaves behind."""
    values = {"first": first, "last": last, "from": _id(first), "to": _id(last)}
    with running.engine.begin() as connection, _without_references(connection):
        connection.exec_driver_sql(_QUICKLY)
        for one in (_CLOSED, _TRIGGERS, _SIGHTINGS, _DELIVERIES, _JOURNAL):
            connection.execute(text(one), values)
    with running.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")  # as autovacuum will have done long before


def _id(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"


def open_alerts(running: Service, count: int, destination: str) -> None:
    """Alerts that nobody answers for, told to `destination`, each looked at once a minute."""
    with running.engine.begin() as connection, _without_references(connection):
        connection.exec_driver_sql(_QUICKLY)
        connection.execute(text(_WAITING), {"count": count})
        connection.execute(text(_WERE_TOLD), {"destination": destination})


@contextmanager
def _without_references(connection: Connection) -> Iterator[None]:
    """Foreign keys rest for the moment of the filling: what is written fits together."""
    resting = connection.execute(text(_REFERENCES)).all()
    for one in resting:
        connection.exec_driver_sql(f'ALTER TABLE {one.of} DROP CONSTRAINT "{one.name}"')
    yield
    for one in resting:
        says = one.says.removesuffix(" NOT VALID")
        connection.exec_driver_sql(
            f'ALTER TABLE {one.of} ADD CONSTRAINT "{one.name}" {says} NOT VALID'
        )
