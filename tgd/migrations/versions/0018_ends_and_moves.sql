CREATE TABLE partnership_agreement (
    id uuid PRIMARY KEY,
    court varchar(40) NOT NULL REFERENCES court (code),
    association varchar(80) NOT NULL,
    reference varchar(120) NOT NULL,
    begins_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    recorded_by varchar(80) NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by varchar(80),
    CONSTRAINT partnership_agreement_period CHECK (begins_at < ends_at)
);
CREATE INDEX partnership_agreement_of ON partnership_agreement (association, court);
ALTER TABLE deadline ADD COLUMN agreement uuid REFERENCES partnership_agreement (id);
ALTER TABLE deadline DROP CONSTRAINT deadline_of_one;
ALTER TABLE deadline ADD CONSTRAINT deadline_of_one CHECK (num_nonnulls(case_file, clearance, agreement) = 1);
CREATE UNIQUE INDEX deadline_one_open_of_agreement ON deadline (agreement) WHERE settled_at IS NULL;
ALTER TABLE deadline DROP CONSTRAINT deadline_kind;
ALTER TABLE deadline ADD CONSTRAINT deadline_kind CHECK (kind IN ('referral_waiting', 'hand_over_waiting', 'renewal_first', 'renewal_second', 'renewal_last', 'allocation_end', 'ban_end', 'oppi_unconfirmed', 'release', 'test_due', 'return_due', 'platform_erasure', 'traces_erasure', 'clearance_end', 'recall_waiting', 'agreement_end', 'consent_withdrawn'));
INSERT INTO deadline (id, case_file, kind, due_at, owner, escalation, look_again_at, reminders)
    SELECT gen_random_uuid(), f.id, 'recall_waiting', now() + interval '7 days', 'registry', 'prosecutor', now(), 0
    FROM case_file f JOIN decision d ON d.case_file = f.id AND d.kind = 'grant'
    JOIN allocation a ON a.decision = d.id AND a.ended_at IS NULL
    JOIN handset h ON h.id = a.handset AND h.recall IS NOT NULL AND h.state = 'issued'
    WHERE f.state IN ('active', 'suspended') AND f.court IS NOT NULL;
ALTER TABLE notice DROP CONSTRAINT notice_kind;
ALTER TABLE notice ADD CONSTRAINT notice_kind CHECK (kind IN ('reminder', 'escalation', 'handset', 'stock', 'sheet', 'undelivered'));
ALTER TABLE sheet_copy ADD COLUMN acknowledged_at timestamp with time zone;
ALTER TABLE sheet_copy ADD COLUMN acknowledged_by varchar(80);
CREATE TABLE file_transfer (
    id uuid PRIMARY KEY,
    case_file uuid NOT NULL REFERENCES case_file (id),
    from_court varchar(40) NOT NULL REFERENCES court (code),
    to_court varchar(40) NOT NULL REFERENCES court (code),
    reasons text NOT NULL,
    asked_by varchar(80) NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    outcome varchar(10),
    answer text,
    answered_by varchar(80),
    answered_at timestamp with time zone,
    CONSTRAINT file_transfer_outcome CHECK (outcome IN ('accepted', 'refused', 'withdrawn')),
    CONSTRAINT file_transfer_answered CHECK ((outcome IS NULL) = (answered_at IS NULL)),
    CONSTRAINT file_transfer_elsewhere CHECK (from_court <> to_court)
);
CREATE UNIQUE INDEX file_transfer_one_open ON file_transfer (case_file) WHERE outcome IS NULL;
CREATE INDEX file_transfer_from ON file_transfer (from_court, asked_at);
CREATE INDEX file_transfer_to ON file_transfer (to_court, asked_at);
ALTER TABLE decision DROP CONSTRAINT decision_kind;
ALTER TABLE decision ADD CONSTRAINT decision_kind CHECK (kind IN ('grant', 'refuse', 'ask_for_more', 'renew', 'shorten', 'suspend', 'resume', 'withdraw', 'transfer'));
ALTER TABLE deadline DROP CONSTRAINT deadline_kind;
ALTER TABLE deadline ADD CONSTRAINT deadline_kind CHECK (kind IN ('referral_waiting', 'hand_over_waiting', 'renewal_first', 'renewal_second', 'renewal_last', 'allocation_end', 'ban_end', 'oppi_unconfirmed', 'release', 'test_due', 'test_call', 'test_visit', 'return_due', 'platform_erasure', 'traces_erasure', 'clearance_end', 'transfer_waiting', 'recall_waiting', 'agreement_end', 'consent_withdrawn'));
CREATE TABLE model_acceptance (
    id uuid PRIMARY KEY,
    model varchar(60) NOT NULL,
    test text NOT NULL,
    accepted_by varchar(80) NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    withdrawn_by varchar(80),
    withdrawn_at timestamp with time zone
);
CREATE INDEX model_acceptance_of ON model_acceptance (model, accepted_at);
INSERT INTO model_acceptance (id, model, test, accepted_by, accepted_at)
    SELECT gen_random_uuid(), model, 'In use before acceptances were recorded: to be tried.', 'migration', now()
    FROM (SELECT DISTINCT model FROM handset WHERE model IS NOT NULL AND state IN ('issued', 'return_due')) used;
ALTER TABLE handset ADD COLUMN imsi varchar(15) UNIQUE;
ALTER TABLE handset ADD COLUMN certified_since timestamp with time zone;
UPDATE handset h SET certified_since = w.begun_at
    FROM (SELECT handset, max(begun_at) AS begun_at FROM wipe_proof GROUP BY handset) w
    WHERE w.handset = h.id AND h.state NOT IN ('issued', 'return_due', 'lost', 'faulty');
