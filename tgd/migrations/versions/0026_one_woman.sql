ALTER TABLE case_file
    ADD COLUMN merged_into uuid REFERENCES case_file (id),
    DROP CONSTRAINT case_file_state,
    ADD CONSTRAINT case_file_state CHECK (state IN ('reported', 'under_evaluation', 'opinion_given',
        'decision_pending', 'refused', 'merged', 'granted', 'active', 'suspended', 'expired',
        'withdrawn', 'closed', 'purged')),
    DROP CONSTRAINT case_file_end_reaches_purge,
    ADD CONSTRAINT case_file_end_reaches_purge CHECK (state NOT IN ('closed', 'refused', 'merged')
        OR purge_at IS NOT NULL),
    ADD CONSTRAINT case_file_merged_somewhere CHECK (state <> 'merged' OR merged_into IS NOT NULL);
DROP INDEX case_file_one_open;
CREATE UNIQUE INDEX case_file_one_open ON case_file (person)
    WHERE state NOT IN ('refused', 'merged', 'closed', 'purged') AND NOT is_shortcut;
DROP INDEX case_file_ended;
CREATE INDEX case_file_ended ON case_file (court, changed_at)
    WHERE state IN ('refused', 'merged', 'closed');
DROP INDEX case_file_ended_of_association;
CREATE INDEX case_file_ended_of_association ON case_file (association, changed_at)
    WHERE state IN ('refused', 'merged', 'closed');
DROP INDEX case_file_to_forget;
CREATE INDEX case_file_to_forget ON case_file (purge_at)
    WHERE state IN ('refused', 'merged', 'closed');
