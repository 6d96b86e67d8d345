ALTER TABLE provisioning
    ADD COLUMN profile_waived_at timestamp with time zone,
    ADD COLUMN profile_waived_by varchar(80),
    ADD COLUMN profile_waived_why text;
ALTER TABLE deadline DROP CONSTRAINT deadline_kind;
ALTER TABLE deadline ADD CONSTRAINT deadline_kind CHECK (kind IN ('referral_waiting', 'hand_over_waiting', 'renewal_first', 'renewal_second', 'renewal_last', 'allocation_end', 'ban_end', 'oppi_unconfirmed', 'release', 'test_due', 'test_call', 'test_visit', 'return_due', 'platform_erasure', 'traces_erasure', 'clearance_end', 'transfer_waiting', 'recall_waiting', 'agreement_end', 'profile_waiting', 'order_late', 'sending_late', 'erasure_late', 'census_due', 'consent_withdrawn'));
ALTER TABLE notice DROP CONSTRAINT notice_kind;
ALTER TABLE notice ADD CONSTRAINT notice_kind CHECK (kind IN ('reminder', 'escalation', 'handset', 'stock', 'sheet', 'erasure', 'profile', 'undelivered'));
CREATE INDEX notice_of_profile ON notice (case_file, handset, made_at) WHERE kind = 'profile';
ALTER TABLE deadline ADD COLUMN pool varchar(40) REFERENCES pool (code);
ALTER TABLE deadline DROP CONSTRAINT deadline_of_one;
ALTER TABLE deadline ADD CONSTRAINT deadline_of_one CHECK (num_nonnulls(case_file, clearance, agreement, pool) = 1);
CREATE UNIQUE INDEX deadline_one_open_of_pool ON deadline (pool, kind) WHERE settled_at IS NULL;
CREATE INDEX journal_of_handset ON journal (handset, seq) WHERE act LIKE 'Handset%' OR act = 'RecallLifted';
