-- Case files, decisions, deadlines, equipment: from referral to return.

CREATE TABLE court (
    code VARCHAR(40) NOT NULL,
    name VARCHAR(120) NOT NULL,
    zone VARCHAR(40) NOT NULL,
    PRIMARY KEY (code)
);

CREATE TABLE pool (
    code VARCHAR(40) NOT NULL,
    court VARCHAR(40) NOT NULL,
    name VARCHAR(120) NOT NULL,
    floor INTEGER NOT NULL,
    PRIMARY KEY (code),
    CONSTRAINT pool_floor CHECK (floor >= 0),
    FOREIGN KEY(court) REFERENCES court (code)
);
CREATE INDEX ix_pool_court ON pool (court);

CREATE TABLE commune (
    insee VARCHAR(5) NOT NULL,
    name VARCHAR(120) NOT NULL,
    court VARCHAR(40) NOT NULL,
    force VARCHAR(12) NOT NULL,
    control_room VARCHAR(80) NOT NULL,
    box JSONB,
    PRIMARY KEY (insee),
    CONSTRAINT commune_force CHECK (force IN ('police', 'gendarmerie')),
    FOREIGN KEY(court) REFERENCES court (code)
);

CREATE TABLE clearance (
    id UUID NOT NULL,
    account VARCHAR(80) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    court VARCHAR(40),
    association VARCHAR(80),
    begins_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    given_by VARCHAR(80) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT clearance_kind CHECK (kind IN ('standing', 'on_call')),
    CONSTRAINT clearance_for_one CHECK ((court IS NULL) <> (association IS NULL)),
    CONSTRAINT clearance_period CHECK (begins_at < ends_at),
    FOREIGN KEY(account) REFERENCES account (name),
    FOREIGN KEY(court) REFERENCES court (code)
);
CREATE INDEX ix_clearance_account ON clearance (account);

CREATE TABLE recall (
    id UUID NOT NULL,
    criterion VARCHAR(10) NOT NULL,
    value VARCHAR(60) NOT NULL,
    reason TEXT NOT NULL,
    by VARCHAR(80) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE case_file (
    id UUID NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    court VARCHAR(40),
    person UUID NOT NULL,
    association VARCHAR(80),
    state VARCHAR(20) NOT NULL,
    version INTEGER NOT NULL,
    is_shortcut BOOLEAN DEFAULT 'false' NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    begins_on DATE,
    ends_at TIMESTAMP WITH TIME ZONE,
    release_on DATE,
    end_reason VARCHAR(30),
    ended_at TIMESTAMP WITH TIME ZONE,
    purge_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT case_file_state CHECK (state IN ('reported', 'under_evaluation', 'opinion_given',
        'decision_pending', 'refused', 'granted', 'active', 'suspended', 'expired', 'withdrawn',
        'closed', 'purged')),
    CONSTRAINT case_file_end_reason CHECK (end_reason IN ('beneficiary_request',
        'restrained_person_detained', 'danger_ended', 'rules_breach', 'expiry',
        'oppi_not_confirmed', 'cohabitation_resumed', 'moved_abroad', 'death')),
    CONSTRAINT case_file_ends_for_a_reason CHECK (state NOT IN ('expired', 'withdrawn', 'closed')
        OR end_reason IS NOT NULL),
    CONSTRAINT case_file_end_reaches_purge CHECK (state NOT IN ('closed', 'refused') OR purge_at
        IS NOT NULL),
    UNIQUE (number),
    FOREIGN KEY(court) REFERENCES court (code),
    FOREIGN KEY(person) REFERENCES protected_person (id)
);
CREATE INDEX case_file_of_court ON case_file (court, state);
CREATE UNIQUE INDEX case_file_one_open ON case_file (person) WHERE state NOT IN ('refused',
        'closed', 'purged') AND NOT is_shortcut;
CREATE INDEX ix_case_file_association ON case_file (association);

CREATE TABLE referral (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    source VARCHAR(40) NOT NULL,
    words TEXT NOT NULL,
    contact TEXT,
    is_urgent BOOLEAN NOT NULL,
    by VARCHAR(80) NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);
CREATE INDEX ix_referral_case_file ON referral (case_file);

CREATE TABLE assessment (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    grid VARCHAR(40) NOT NULL,
    answers JSONB NOT NULL,
    by VARCHAR(80) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);
CREATE INDEX ix_assessment_case_file ON assessment (case_file);

CREATE TABLE opinion (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    kind VARCHAR(20) NOT NULL,
    words TEXT NOT NULL,
    by VARCHAR(80) NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT opinion_kind CHECK (kind IN ('favourable', 'reserved', 'unfavourable')),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);
CREATE INDEX ix_opinion_case_file ON opinion (case_file);

CREATE TABLE restrained_person (
    case_file UUID NOT NULL,
    name TEXT NOT NULL,
    about JSONB NOT NULL,
    PRIMARY KEY (case_file),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);

CREATE TABLE condition_record (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    condition VARCHAR(30) NOT NULL,
    found JSONB NOT NULL,
    evidence TEXT NOT NULL,
    by VARCHAR(80) NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT condition_record_condition CHECK (condition IN ('grave_danger', 'covered_relation',
        'no_cohabitation', 'consent', 'ban', 'imminent_danger', 'geolocation')),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);
CREATE INDEX ix_condition_record_case_file ON condition_record (case_file);

CREATE TABLE decision (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    person UUID NOT NULL,
    kind VARCHAR(20) NOT NULL,
    reasons TEXT NOT NULL,
    begins_on DATE,
    ends_at TIMESTAMP WITH TIME ZONE,
    text_version VARCHAR(40) NOT NULL,
    route VARCHAR(20),
    advice JSONB NOT NULL,
    against_advice BOOLEAN NOT NULL,
    by VARCHAR(80) NOT NULL,
    on_call BOOLEAN NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT decision_kind CHECK (kind IN ('grant', 'refuse', 'ask_for_more', 'renew',
        'shorten', 'suspend', 'resume', 'withdraw')),
    CONSTRAINT decision_route CHECK (route IN ('ban', 'imminent_danger')),
    CONSTRAINT decision_has_reasons CHECK (length(reasons) >= 10),
    CONSTRAINT decision_says_how_long CHECK (kind NOT IN ('grant', 'renew', 'shorten') OR
        (begins_on IS NOT NULL AND ends_at IS NOT NULL)),
    CONSTRAINT decision_for_somebody UNIQUE (id, person, kind),
    FOREIGN KEY(case_file) REFERENCES case_file (id),
    FOREIGN KEY(person) REFERENCES protected_person (id)
);
CREATE UNIQUE INDEX decision_once ON decision (case_file) WHERE kind IN ('grant', 'refuse');
CREATE INDEX ix_decision_case_file ON decision (case_file);

CREATE TABLE deadline (
    id UUID NOT NULL,
    case_file UUID,
    clearance UUID,
    kind VARCHAR(30) NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    owner VARCHAR(20) NOT NULL,
    escalation VARCHAR(20) NOT NULL,
    look_again_at TIMESTAMP WITH TIME ZONE,
    reminded_at TIMESTAMP WITH TIME ZONE,
    reminders INTEGER NOT NULL,
    escalated_at TIMESTAMP WITH TIME ZONE,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    acknowledged_by VARCHAR(80),
    settled_at TIMESTAMP WITH TIME ZONE,
    settled_by VARCHAR(80),
    PRIMARY KEY (id),
    CONSTRAINT deadline_kind CHECK (kind IN ('referral_waiting', 'hand_over_waiting',
        'renewal_first', 'renewal_second', 'renewal_last', 'allocation_end', 'ban_end',
        'oppi_unconfirmed', 'release', 'test_due', 'return_due', 'platform_erasure',
        'traces_erasure', 'clearance_end')),
    CONSTRAINT deadline_owner CHECK (owner IN ('operator', 'supervisor', 'prosecutor',
        'control_room', 'association', 'stock_manager', 'auditor', 'admin', 'registry')),
    CONSTRAINT deadline_escalation CHECK (escalation IN ('operator', 'supervisor', 'prosecutor',
        'control_room', 'association', 'stock_manager', 'auditor', 'admin', 'registry')),
    CONSTRAINT deadline_looks_again CHECK (settled_at IS NOT NULL OR look_again_at IS NOT NULL),
    CONSTRAINT deadline_of_one CHECK ((case_file IS NULL) <> (clearance IS NULL)),
    FOREIGN KEY(case_file) REFERENCES case_file (id),
    FOREIGN KEY(clearance) REFERENCES clearance (id)
);
CREATE INDEX deadline_look_again ON deadline (look_again_at) WHERE settled_at IS NULL;
CREATE UNIQUE INDEX deadline_one_open ON deadline (case_file, kind) WHERE settled_at IS NULL;
CREATE UNIQUE INDEX deadline_one_open_of_clearance ON deadline (clearance) WHERE settled_at IS NULL;
CREATE INDEX ix_deadline_case_file ON deadline (case_file);

CREATE TABLE follow_up (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    words TEXT NOT NULL,
    by VARCHAR(80) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);
CREATE INDEX ix_follow_up_case_file ON follow_up (case_file);

CREATE TABLE case_sheet (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    version INTEGER NOT NULL,
    sheet JSONB NOT NULL,
    control_room VARCHAR(80),
    force VARCHAR(12),
    by VARCHAR(80) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT case_sheet_version UNIQUE (case_file, version),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);

CREATE TABLE sheet_copy (
    id UUID NOT NULL,
    sheet UUID NOT NULL,
    holder VARCHAR(100) NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    erase_by_at TIMESTAMP WITH TIME ZONE,
    erased_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT sheet_copy_once UNIQUE (sheet, holder),
    FOREIGN KEY(sheet) REFERENCES case_sheet (id)
);

CREATE TABLE provisioning (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    reserved_by VARCHAR(80) NOT NULL,
    reserved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    provisioned_at TIMESTAMP WITH TIME ZONE,
    provisioned_by VARCHAR(80),
    key_generation INTEGER,
    handed_over_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(case_file) REFERENCES case_file (id),
    FOREIGN KEY(handset) REFERENCES handset (id)
);
CREATE UNIQUE INDEX provisioning_one_per_file ON provisioning (case_file) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX provisioning_one_per_handset ON provisioning (handset) WHERE ended_at IS NULL;

CREATE TABLE test_press (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    trigger UUID NOT NULL,
    heard_at TIMESTAMP WITH TIME ZONE NOT NULL,
    validated_by VARCHAR(80) NOT NULL,
    validated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT test_press_once UNIQUE (trigger),
    FOREIGN KEY(case_file) REFERENCES case_file (id),
    FOREIGN KEY(handset) REFERENCES handset (id),
    FOREIGN KEY(trigger) REFERENCES alert_trigger (id)
);
CREATE INDEX ix_test_press_case_file ON test_press (case_file);

CREATE TABLE handset_transfer (
    id UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    from_pool VARCHAR(40),
    to_pool VARCHAR(40) NOT NULL,
    sent_by VARCHAR(80) NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_by VARCHAR(80),
    received_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(handset) REFERENCES handset (id),
    FOREIGN KEY(from_pool) REFERENCES pool (code),
    FOREIGN KEY(to_pool) REFERENCES pool (code)
);
CREATE UNIQUE INDEX handset_transfer_one_open ON handset_transfer (handset) WHERE received_at IS
        NULL;

CREATE TABLE return_certificate (
    allocation UUID NOT NULL,
    case_file UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    received_by VARCHAR(80) NOT NULL,
    witness VARCHAR(120) NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    platform_erases_by_at TIMESTAMP WITH TIME ZONE NOT NULL,
    traces_erased_by_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (allocation),
    FOREIGN KEY(allocation) REFERENCES allocation (id),
    FOREIGN KEY(case_file) REFERENCES case_file (id),
    FOREIGN KEY(handset) REFERENCES handset (id)
);
CREATE INDEX ix_return_certificate_case_file ON return_certificate (case_file);

CREATE TABLE wipe_proof (
    id UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    proof TEXT,
    key_generation INTEGER NOT NULL,
    begun_by VARCHAR(80) NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    wiped_by VARCHAR(80),
    wiped_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(handset) REFERENCES handset (id)
);
CREATE INDEX ix_wipe_proof_handset ON wipe_proof (handset);

CREATE TABLE handset_incident (
    id UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    case_file UUID,
    kind VARCHAR(10) NOT NULL,
    words TEXT NOT NULL,
    replaced_by VARCHAR(64),
    told JSONB NOT NULL,
    by VARCHAR(80) NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT incident_kind CHECK (kind IN ('lost', 'stolen', 'broken')),
    FOREIGN KEY(handset) REFERENCES handset (id),
    FOREIGN KEY(case_file) REFERENCES case_file (id),
    FOREIGN KEY(replaced_by) REFERENCES handset (id)
);
CREATE INDEX ix_handset_incident_handset ON handset_incident (handset);

CREATE OR REPLACE FUNCTION decision_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a signed decision is never changed';
END $$;
CREATE TRIGGER decision_final BEFORE UPDATE ON decision
    FOR EACH ROW EXECUTE FUNCTION decision_is_final();

-- What was there already.

ALTER TABLE handset DROP CONSTRAINT handset_state;
ALTER TABLE handset ADD CONSTRAINT handset_state CHECK (state IN ('in_stock', 'reserved',
        'provisioned', 'issued', 'returned', 'lost', 'stolen', 'faulty', 'retired', 'ordered',
        'return_due', 'wiping', 'refurbished', 'quarantined'));
ALTER TABLE handset
    ADD COLUMN version INTEGER DEFAULT 1 NOT NULL,
    ADD COLUMN pool VARCHAR(40) REFERENCES pool (code),
    ADD COLUMN model VARCHAR(60),
    ADD COLUMN battery VARCHAR(60),
    ADD COLUMN radio VARCHAR(60),
    ADD COLUMN imei VARCHAR(17) UNIQUE,
    ADD COLUMN recall UUID REFERENCES recall (id);

ALTER TABLE consent
    ADD COLUMN is_refusal BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN wording VARCHAR(40),
    ADD COLUMN recorded_by VARCHAR(80);

-- Each allocation that there is gets the file and the decision that it had on paper; they share its
-- id. It is still open where its handset is still out and no later one has replaced it.
ALTER TABLE allocation
    ADD COLUMN decision UUID,
    ADD COLUMN decided VARCHAR(20) DEFAULT 'grant' NOT NULL,
    ADD COLUMN ended_at TIMESTAMP WITH TIME ZONE;
UPDATE allocation a SET ended_at = coalesce(upper(a.period), now())
    WHERE EXISTS (SELECT 1 FROM allocation b WHERE b.id <> a.id
                  AND (b.handset = a.handset OR b.person = a.person)
                  AND lower(b.period) > lower(a.period))
       OR EXISTS (SELECT 1 FROM handset h WHERE h.id = a.handset
                  AND h.state NOT IN ('issued', 'lost', 'stolen', 'faulty'));
INSERT INTO case_file (id, court, person, state, version, is_shortcut, opened_at, changed_at,
                       begins_on, ends_at, end_reason, ended_at, purge_at)
    SELECT a.id, NULL, a.person,
           CASE WHEN a.ended_at IS NOT NULL THEN 'closed'
                WHEN upper(a.period) <= now() THEN 'expired' ELSE 'active' END,
           1, true, lower(a.period), now(), CAST(lower(a.period) AS date),
           coalesce(upper(a.period), now() + interval '6 months'),
           CASE WHEN a.ended_at IS NOT NULL OR upper(a.period) <= now() THEN 'expiry' END,
           a.ended_at, a.ended_at + interval '6 months'
    FROM allocation a;
INSERT INTO decision (id, case_file, person, kind, reasons, begins_on, ends_at, text_version,
                      advice, against_advice, by, on_call, signed_at, content_hash)
    SELECT f.id, f.id, f.person, 'grant', 'Decided on paper before this record kept decisions.',
           f.begins_on, f.ends_at, 'unknown', '{}', false, 'migration', false, f.opened_at,
           'unknown'
    FROM case_file f;
INSERT INTO deadline (id, case_file, kind, due_at, owner, escalation, look_again_at, reminders)
    SELECT gen_random_uuid(), f.id, 'allocation_end', f.ends_at, 'prosecutor', 'registry',
           f.ends_at - interval '7 days', 0
    FROM case_file f WHERE f.state <> 'closed';
UPDATE allocation SET decision = id;
ALTER TABLE allocation
    ALTER COLUMN decision SET NOT NULL,
    ADD CONSTRAINT allocation_by_a_grant CHECK (decided = 'grant'),
    ADD CONSTRAINT allocation_by_decision FOREIGN KEY (decision, person, decided)
        REFERENCES decision (id, person, kind);
CREATE UNIQUE INDEX allocation_one_open_per_handset ON allocation (handset) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX allocation_one_open_per_person ON allocation (person) WHERE ended_at IS NULL;
