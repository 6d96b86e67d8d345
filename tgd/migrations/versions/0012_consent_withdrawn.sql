ALTER TABLE deadline DROP CONSTRAINT deadline_kind;
ALTER TABLE deadline ADD CONSTRAINT deadline_kind CHECK (kind IN ('referral_waiting', 'hand_over_waiting', 'renewal_first', 'renewal_second', 'renewal_last', 'allocation_end', 'ban_end', 'oppi_unconfirmed', 'release', 'test_due', 'return_due', 'platform_erasure', 'traces_erasure', 'clearance_end', 'consent_withdrawn'));
UPDATE deadline d SET kind = 'consent_withdrawn' FROM case_file f
    WHERE f.id = d.case_file AND d.kind = 'referral_waiting' AND d.settled_at IS NULL
    AND f.state IN ('granted', 'active', 'suspended');
