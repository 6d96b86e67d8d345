"""Fills a record by SQL with courts, handsets in every state and years of case files."""

from sqlalchemy import Engine, text

HANDSETS, GENERATIONS, WAITING = 10_000, 5, 2_500
"""Each handset was given five times, the last time to whoever has it now: 50,000 allocations; and
2,500 files have no handset yet, or never had one."""
COURTS, POOLS = 5, 10

# The constraints and foreign keys of the record hold for every row: nothing is switched off.
_QUICKLY = "SET LOCAL synchronous_commit = off"

_PLACES = """
INSERT INTO court (code, name, zone) SELECT 'C' || c, 'TJ ' || c, 'Europe/Paris'
    FROM generate_series(0, :courts - 1) AS c;
INSERT INTO pool (code, court, name, floor)
    SELECT 'P' || p, 'C' || p % :courts, 'Stock ' || p, 5 FROM generate_series(0, :pools - 1) AS p
"""
_STATE_OF_HANDSET = """
    CASE WHEN h % 1000 = 1 THEN 'lost' WHEN h % 1000 = 2 THEN 'stolen' WHEN h % 1000 = 3
    THEN 'faulty' WHEN h % 100 < 75 THEN 'issued' WHEN h % 100 < 80 THEN 'return_due'
    WHEN h % 100 < 88 THEN 'in_stock' WHEN h % 100 = 88 THEN 'reserved'
    WHEN h % 100 = 89 THEN 'provisioned' WHEN h % 100 = 90 THEN 'ordered'
    WHEN h % 100 = 91 THEN 'returned' WHEN h % 100 = 92 THEN 'wiping'
    WHEN h % 100 = 93 THEN 'refurbished' WHEN h % 100 = 94 THEN 'quarantined'
    WHEN h % 100 = 95 THEN 'retired' ELSE 'in_stock' END
"""
_HANDSETS = f"""
INSERT INTO handset (id, state, number, key_generation, is_test_device, enrolled_at, pool, model,
    battery, radio, imei)
SELECT 'h' || h, {_STATE_OF_HANDSET}, '+3363998' || lpad((h % 10000)::text, 4, '0'), 1, false,
    now() - make_interval(days => 1200), 'P' || h / 100 % :pools, 'Modele ' || chr(65 + h % 4),
    'B' || h % 3, 'volte', '35' || lpad(h::text, 13, '0')
FROM generate_series(1, :handsets) AS h;
INSERT INTO handset_status (handset, state, session, battery_pct, heard_at)
SELECT id, 'online', 1, 60, now() - make_interval(mins => 5) FROM handset
"""
# File n: of handset h in generation g, the newest last; after them those that wait.
_FILES = """
CREATE TEMPORARY TABLE filled ON COMMIT DROP AS
SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id, h, g,
    'C' || h / 100 % :pools % :courts AS court, state,
    now() - make_interval(days => CASE WHEN g = :newest THEN 100 + h % 70
                                       ELSE (:newest - g) * 200 + 180 END) AS since
FROM (SELECT n, (n - 1) % :handsets + 1 AS h, (n - 1) / :handsets AS g,
    CASE WHEN n <= :handsets * :newest THEN 'closed'
         WHEN n > :handsets * (:newest + 1) THEN (ARRAY['reported', 'under_evaluation',
             'opinion_given', 'decision_pending', 'granted', 'refused'])[n % 6 + 1]
         WHEN (n - 1) % 100 < 69 THEN 'active' WHEN (n - 1) % 100 < 74 THEN 'suspended'
         WHEN (n - 1) % 100 < 77 THEN 'expired' WHEN (n - 1) % 100 < 79 THEN 'withdrawn'
         ELSE 'closed' END AS state
    FROM generate_series(1, :handsets * (:newest + 1) + :waiting) AS n) AS one;
UPDATE filled SET state = 'active' WHERE state = 'closed' AND g = :newest AND h % 100 = 0;
ALTER TABLE filled ADD COLUMN runs boolean;
UPDATE filled SET runs = g = :newest AND state IN ('active', 'suspended', 'expired', 'withdrawn');
ANALYZE filled;
INSERT INTO protected_person (id, name, places)
    SELECT id, 'Personne ' || n || ' FICTIVE', '[]' FROM filled;
INSERT INTO case_file (id, court, person, association, state, version, opened_at, changed_at,
    begins_on, ends_at, end_reason, ended_at, purge_at)
SELECT id, court, id, 'Association ' || court, state, 7, since,
    least(since + interval '170 days', now() - make_interval(mins => n % 5000)), since::date,
    since + interval '180 days',
    CASE WHEN state IN ('expired', 'withdrawn', 'closed') THEN 'beneficiary_request' END,
    CASE WHEN state IN ('closed', 'refused') THEN since + interval '170 days' END,
    CASE WHEN state IN ('closed', 'refused') THEN now() + interval '90 days' END FROM filled
"""
_WHAT_IS_IN_THEM = """
INSERT INTO referral (id, case_file, source, words, is_urgent, by, received_at)
    SELECT id, id, 'association', 'She was followed to her work.', n % 9 = 0, 'lea', since
    FROM filled;
INSERT INTO assessment (id, case_file, grid, answers, by, made_at)
    SELECT id, id, 'grid/2026-1', '{"repetition": "yes"}', 'lea', since FROM filled;
INSERT INTO opinion (id, case_file, kind, words, by, given_at)
    SELECT id, id, 'favourable', 'The danger is grave and near.', 'lea', since FROM filled
    WHERE state NOT IN ('reported', 'under_evaluation');
INSERT INTO condition_record (id, case_file, condition, found, evidence, by, recorded_at)
    SELECT gen_random_uuid(), id, c, '{"met": true}', 'procedure 2026/0001', 'greta', since
    FROM filled, unnest(ARRAY['grave_danger', 'consent', 'geolocation']) AS c;
INSERT INTO consent (id, person, scope, given_at, recorded_by)
    SELECT gen_random_uuid(), id, scope, since, 'greta'
    FROM filled, unnest(ARRAY['device', 'geolocation']) AS scope;
INSERT INTO case_sheet (id, case_file, version, sheet, by, made_at, confirmed_at)
    SELECT id, id, 1, '{"pets": "a cat"}', 'lea', since, since FROM filled WHERE g <= :newest;
INSERT INTO follow_up (id, case_file, words, by, at)
    SELECT id, id, 'She sleeps again.', 'lea', since + interval '9 days' FROM filled WHERE runs
"""
_DECISIONS = """
INSERT INTO decision (id, case_file, person, kind, reasons, begins_on, ends_at, text_version,
    route, advice, against_advice, by, on_call, signed_at, content_hash)
SELECT id, id, id, CASE state WHEN 'refused' THEN 'refuse' ELSE 'grant' END,
    'The danger is grave and near.', since::date, since + interval '180 days', '2024', 'ban', '{}',
    false, 'camille', false, since, repeat('0', 64)
FROM filled WHERE g <= :newest OR state IN ('granted', 'refused');
INSERT INTO provisioning (id, case_file, handset, reserved_by, reserved_at, provisioned_at,
    provisioned_by, key_generation, handed_over_at, ended_at)
SELECT id, id, 'h' || h, 'greta', since, since, 'sofia', 1, since, since FROM filled
    WHERE g <= :newest;
INSERT INTO allocation (id, handset, person, period, court, decision, ended_at)
SELECT id, 'h' || h, id, tstzrange(since, CASE WHEN runs THEN since + interval '180 days'
    ELSE least(since + interval '180 days', now()) END), court, id,
    CASE WHEN NOT runs THEN least(since + interval '180 days', now()) END
FROM filled WHERE g <= :newest
"""
_DEADLINES_AND_JOURNAL = """
INSERT INTO deadline (id, case_file, kind, due_at, owner, escalation, look_again_at, reminders,
    settled_at, settled_by)
SELECT gen_random_uuid(), id, kind, since + make_interval(days => days), owner, 'prosecutor',
    CASE WHEN runs THEN since + make_interval(days => days) END, 0,
    CASE WHEN NOT runs THEN since + interval '170 days' END,
    CASE WHEN NOT runs THEN 'returned' END
FROM filled, (VALUES ('allocation_end', 180, 'registry'), ('renewal_last', 165, 'registry'),
    ('test_due', 90, 'association')) AS due(kind, days, owner) WHERE g <= :newest;
INSERT INTO deadline (id, case_file, kind, due_at, owner, escalation, look_again_at, reminders)
SELECT gen_random_uuid(), id, 'referral_waiting', since + interval '15 days', 'prosecutor',
    'prosecutor', since + interval '15 days', 0 FROM filled
WHERE g > :newest AND state NOT IN ('granted', 'refused');
INSERT INTO journal (at, who, act, handset, detail, place, hash)
SELECT since, 'camille', act, 'h' || h, jsonb_build_object('file', id::text),
    row_number() OVER (ORDER BY n, act), sha256(n::text::bytea)
FROM filled, unnest(ARRAY['FileReferred', 'DangerAssessed', 'OpinionGiven', 'FileOpened',
    'ConditionRecorded', 'DecisionSigned', 'HandsetHandedOver', 'AccessLogged']) AS act
"""
PARTS = (_PLACES, _HANDSETS, _FILES, _WHAT_IS_IN_THEM, _DECISIONS, _DEADLINES_AND_JOURNAL)


def courts(engine: Engine, part: int = 1) -> None:
    """Everything, or a part of it: `part=10` fills a tenth."""
    values = {"handsets": HANDSETS // part, "waiting": WAITING // part, "courts": COURTS,
              "pools": POOLS, "newest": GENERATIONS - 1}  # fmt: skip
    with engine.begin() as connection:
        connection.exec_driver_sql(_QUICKLY)
        for statement in ";".join(PARTS).split(";"):
            connection.execute(text(_filled_in(statement, values)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")  # as autovacuum will have done long before


def _filled_in(statement: str, values: dict[str, int]) -> str:
    """Our own whole numbers in their places: a table made from a query takes no parameters."""
    for name, value in values.items():
        statement = statement.replace(f":{name}", str(value))
    return statement.replace("::", "\\:\\:")
