ALTER TABLE handset ADD COLUMN is_canary BOOLEAN DEFAULT 'false' NOT NULL;
UPDATE handset SET is_canary = true WHERE starts_with(id, 'canary');
ALTER TABLE handset ADD CONSTRAINT handset_canary_by_name
    CHECK (is_canary = starts_with(id, 'canary'));
ALTER TABLE handset ADD CONSTRAINT handset_canary_in_no_hands
    CHECK (NOT is_canary OR state IN ('provisioned', 'retired'));
ALTER TABLE allocation ADD CONSTRAINT allocation_of_no_canary
    CHECK (NOT starts_with(handset, 'canary'));
ALTER TABLE alert DROP CONSTRAINT alert_lane;
ALTER TABLE alert ADD CONSTRAINT alert_lane CHECK (lane IN ('real', 'test', 'canary'));
ALTER TABLE alert ADD CONSTRAINT alert_canary_is_never_open CHECK (
    lane <> 'canary' OR (state = 'closed' AND look_again_at IS NULL AND person IS NULL
    AND trust = 'verified' AND starts_with(source, 'handset:canary')));
CREATE UNIQUE INDEX alert_one_canary ON alert (source) WHERE lane = 'canary';
