-- The first tables, with every constraint, index and guard. Written once, never edited: what
-- changes later is a migration of its own.

-- One constraint holds both a handset and its period.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE account (
    name VARCHAR(80) NOT NULL,
    role VARCHAR(20) NOT NULL,
    password_hash TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (name)
);

CREATE TABLE handset (
    id VARCHAR(64) NOT NULL,
    state VARCHAR(20) NOT NULL,
    number VARCHAR(20),
    secret_hash VARCHAR(64),
    key_generation INTEGER NOT NULL,
    is_test_device BOOLEAN NOT NULL,
    last_counter BIGINT,
    enrolled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT handset_state CHECK (state IN ('in_stock', 'reserved', 'provisioned', 'issued',
        'returned', 'lost', 'stolen', 'faulty', 'retired')),
    UNIQUE (number)
);

CREATE TABLE journal (
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    who VARCHAR(80) NOT NULL,
    act VARCHAR(40) NOT NULL,
    alert UUID,
    handset VARCHAR(64),
    detail JSONB DEFAULT '{}' NOT NULL,
    place BIGINT,
    hash BYTEA,
    PRIMARY KEY (seq),
    CONSTRAINT journal_place_once UNIQUE (place)
);
CREATE INDEX journal_of_alert ON journal (alert);
CREATE INDEX journal_unsealed ON journal (seq) WHERE place IS NULL;

CREATE TABLE protected_person (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    places JSONB DEFAULT '[]' NOT NULL,
    note TEXT,
    PRIMARY KEY (id)
);

CREATE TABLE provider_message (
    sid VARCHAR(40) NOT NULL,
    status VARCHAR(12) NOT NULL,
    error VARCHAR(20),
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (sid),
    CONSTRAINT provider_status CHECK (status IN ('queued', 'sending', 'sent', 'undelivered',
        'failed', 'delivered'))
);

CREATE TABLE alert (
    id UUID NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    source VARCHAR(140) NOT NULL,
    handset VARCHAR(64),
    person UUID,
    lane VARCHAR(10) NOT NULL,
    trust VARCHAR(12) NOT NULL,
    labels VARCHAR(30)[] NOT NULL,
    state VARCHAR(20) NOT NULL,
    version INTEGER NOT NULL,
    presses INTEGER NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    pressed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    waiting_since TIMESTAMP WITH TIME ZONE NOT NULL,
    waits INTEGER NOT NULL,
    owner VARCHAR(80),
    acted_at TIMESTAMP WITH TIME ZONE,
    taken_at TIMESTAMP WITH TIME ZONE,
    verified VARCHAR(20),
    verified_at TIMESTAMP WITH TIME ZONE,
    requested_at TIMESTAMP WITH TIME ZONE,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    on_scene_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by VARCHAR(80),
    countersigned_by VARCHAR(80),
    outcome VARCHAR(20),
    reason TEXT,
    look_again_at TIMESTAMP WITH TIME ZONE,
    battery_pct FLOAT,
    updates INTEGER NOT NULL,
    proposed_by VARCHAR(80),
    proposed_outcome VARCHAR(20),
    proposed_reason TEXT,
    PRIMARY KEY (id),
    CONSTRAINT alert_state CHECK (state IN ('open', 'taken', 'verified', 'requested',
        'acknowledged', 'on_scene', 'closed')),
    CONSTRAINT alert_lane CHECK (lane IN ('real', 'test')),
    CONSTRAINT alert_trust CHECK (trust IN ('unknown', 'unverified', 'verified')),
    CONSTRAINT alert_outcome CHECK (outcome IN ('made_safe', 'apprehended', 'met_and_warned',
        'not_found', 'accidental', 'test', 'duplicate', 'other')),
    CONSTRAINT alert_verified CHECK (verified IN ('danger', 'silent', 'safe_code_word',
        'safe_voice')),
    CONSTRAINT alert_open_looks_again CHECK (state = 'closed' OR look_again_at IS NOT NULL),
    CONSTRAINT alert_closed_by_somebody CHECK (state <> 'closed' OR (outcome IS NOT NULL AND
        closed_by IS NOT NULL AND reason IS NOT NULL AND closed_at IS NOT NULL)),
    CONSTRAINT alert_four_eyes_are_two_people CHECK (closed_by <> countersigned_by),
    CONSTRAINT alert_taken_by_somebody CHECK (state <> 'taken' OR owner IS NOT NULL),
    UNIQUE (number),
    FOREIGN KEY(handset) REFERENCES handset (id),
    FOREIGN KEY(person) REFERENCES protected_person (id)
);
CREATE INDEX alert_changed ON alert (changed_at);
CREATE INDEX alert_look_again ON alert (look_again_at) WHERE look_again_at IS NOT NULL;
CREATE UNIQUE INDEX alert_one_open ON alert (source, lane) WHERE state <> 'closed';

CREATE TABLE allocation (
    id UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    person UUID NOT NULL,
    period TSTZRANGE NOT NULL,
    court VARCHAR(40),
    PRIMARY KEY (id),
    CONSTRAINT allocation_one_per_handset EXCLUDE USING gist (handset WITH =, period WITH &&),
    CONSTRAINT allocation_one_per_person EXCLUDE USING gist (person WITH =, period WITH &&),
    FOREIGN KEY(handset) REFERENCES handset (id),
    FOREIGN KEY(person) REFERENCES protected_person (id)
);

CREATE TABLE consent (
    id UUID NOT NULL,
    person UUID NOT NULL,
    scope VARCHAR(20) NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT consent_scope CHECK (scope IN ('device', 'geolocation')),
    FOREIGN KEY(person) REFERENCES protected_person (id)
);

CREATE TABLE handset_status (
    handset VARCHAR(64) NOT NULL,
    state VARCHAR(10) NOT NULL,
    session BIGINT,
    battery_pct FLOAT,
    radio VARCHAR(20),
    rssi_dbm FLOAT,
    version VARCHAR(40),
    heard_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (handset),
    FOREIGN KEY(handset) REFERENCES handset (id)
);
CREATE INDEX ix_handset_status_heard_at ON handset_status (heard_at);

CREATE TABLE technical_item (
    id UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    kind VARCHAR(20) NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    settled_by VARCHAR(80),
    PRIMARY KEY (id),
    CONSTRAINT technical_kind CHECK (kind IN ('silent', 'low_battery', 'lost')),
    FOREIGN KEY(handset) REFERENCES handset (id)
);
CREATE UNIQUE INDEX technical_item_one_open ON technical_item (handset, kind) WHERE settled_at IS
        NULL;

CREATE TABLE web_session (
    token_hash VARCHAR(64) NOT NULL,
    account VARCHAR(80) NOT NULL,
    form_token VARCHAR(64) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY(account) REFERENCES account (name)
);
CREATE INDEX ix_web_session_account ON web_session (account);

CREATE TABLE alert_position (
    id UUID NOT NULL,
    alert UUID NOT NULL,
    lat FLOAT NOT NULL,
    lon FLOAT NOT NULL,
    radius_m FLOAT,
    method VARCHAR(10) NOT NULL,
    trust VARCHAR(12) NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE,
    heard_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT position_trust CHECK (trust IN ('unknown', 'unverified', 'verified')),
    CONSTRAINT position_on_the_globe CHECK (abs(lat) <= 90 AND abs(lon) <= 180),
    FOREIGN KEY(alert) REFERENCES alert (id)
);
CREATE INDEX alert_position_of ON alert_position (alert, heard_at);

CREATE TABLE alert_trigger (
    id UUID NOT NULL,
    alert UUID NOT NULL,
    source VARCHAR(140) NOT NULL,
    trigger VARCHAR(80) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    counter BIGINT,
    claimed_at TIMESTAMP WITH TIME ZONE,
    heard_at TIMESTAMP WITH TIME ZONE NOT NULL,
    labels VARCHAR(30)[] NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT alert_trigger_once UNIQUE (source, trigger),
    FOREIGN KEY(alert) REFERENCES alert (id)
);
CREATE INDEX alert_trigger_counter ON alert_trigger (source, counter);
CREATE INDEX alert_trigger_of ON alert_trigger (alert);

CREATE TABLE delivery (
    id UUID NOT NULL,
    key VARCHAR(140) NOT NULL,
    alert UUID NOT NULL,
    destination VARCHAR(60) NOT NULL,
    topic VARCHAR(12) NOT NULL,
    round INTEGER NOT NULL,
    step INTEGER,
    state VARCHAR(12) NOT NULL,
    attempts INTEGER NOT NULL,
    next_try_at TIMESTAMP WITH TIME ZONE,
    lease_owner VARCHAR(80),
    lease_token BIGINT NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE,
    received_at TIMESTAMP WITH TIME ZONE,
    said VARCHAR(200),
    reference VARCHAR(120),
    PRIMARY KEY (id),
    CONSTRAINT delivery_state CHECK (state IN ('pending', 'sent', 'received', 'taken', 'refused',
        'withdrawn')),
    CONSTRAINT delivery_once UNIQUE (key),
    FOREIGN KEY(alert) REFERENCES alert (id)
);
CREATE INDEX delivery_leased ON delivery (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX delivery_of ON delivery (alert);

CREATE TABLE note (
    id UUID NOT NULL,
    alert UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    who VARCHAR(80) NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(alert) REFERENCES alert (id)
);
CREATE INDEX note_of ON note (alert);

CREATE TABLE answer_heard (
    id VARCHAR(140) NOT NULL,
    destination VARCHAR(60) NOT NULL,
    delivery UUID,
    said VARCHAR(40) NOT NULL,
    heard_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(delivery) REFERENCES delivery (id)
);

CREATE TABLE sighting (
    id UUID NOT NULL,
    channel VARCHAR(10) NOT NULL,
    form VARCHAR(12) NOT NULL,
    transport_id VARCHAR(140) NOT NULL,
    source VARCHAR(140) NOT NULL,
    raw_sealed BYTEA NOT NULL,
    struck BOOLEAN NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    kept_at TIMESTAMP WITH TIME ZONE NOT NULL,
    alert UUID,
    trigger UUID,
    warnings VARCHAR(60)[] NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT sighting_once UNIQUE (channel, transport_id),
    FOREIGN KEY(alert) REFERENCES alert (id),
    FOREIGN KEY(trigger) REFERENCES alert_trigger (id)
);
CREATE INDEX sighting_of ON sighting (alert);

CREATE OR REPLACE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.place IS NULL AND NEW.place IS NOT NULL
       AND (NEW.seq, NEW.at, NEW.who, NEW.act, NEW.detail)
           = (OLD.seq, OLD.at, OLD.who, OLD.act, OLD.detail)
       AND NEW.alert IS NOT DISTINCT FROM OLD.alert
       AND NEW.handset IS NOT DISTINCT FROM OLD.handset THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the journal is append-only';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_never_emptied BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
