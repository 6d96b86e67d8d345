ALTER TABLE provisioning
    ADD COLUMN profile_waived_at timestamp with time zone,
    ADD COLUMN profile_waived_by varchar(80),
    ADD COLUMN profile_waived_why text;
ALTER TABLE deadline DROP CONSTRAINT deadline_kind;
ALTER TABLE deadline ADD CONSTRAINT deadline_kind CHECK (kind IN ('referral_waiting', 'hand_over_waiting', 'renewal_first', 'renewal_second', 'renewal_last', 'allocation_end', 'ban_end', 'oppi_unconfirmed', 'release', 'test_due', 'test_call', 'test_visit', 'return_due', 'platform_erasure', 'traces_erasure', 'clearance_end', 'transfer_waiting', 'recall_waiting', 'agreement_end', 'profile_waiting', 'consent_withdrawn'));
ALTER TABLE notice DROP CONSTRAINT notice_kind;
ALTER TABLE notice ADD CONSTRAINT notice_kind CHECK (kind IN ('reminder', 'escalation', 'handset', 'stock', 'sheet', 'profile', 'undelivered'));
CREATE INDEX notice_of_profile ON notice (case_file, handset, made_at) WHERE kind = 'profile';
