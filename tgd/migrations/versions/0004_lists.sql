CREATE INDEX alert_of_person ON alert (person) WHERE person IS NOT NULL;
CREATE INDEX alert_of_handset ON alert (handset) WHERE handset IS NOT NULL;
CREATE INDEX allocation_of_decision ON allocation (decision);
CREATE INDEX case_file_ended ON case_file (court, changed_at) WHERE state IN ('refused', 'closed');
CREATE INDEX case_file_ended_of_association ON case_file (association, changed_at)
    WHERE state IN ('refused', 'closed');
CREATE INDEX case_file_of_association ON case_file (association, state);
CREATE INDEX case_file_of_person ON case_file (person);
CREATE INDEX consent_of_person ON consent (person, scope, given_at);
CREATE INDEX handset_incident_of_file ON handset_incident (case_file);
CREATE INDEX handset_of_pool ON handset (pool);
CREATE INDEX journal_of_file ON journal ((detail ->> 'file'), seq)
    WHERE detail ->> 'file' IS NOT NULL AND act NOT IN ('AccessLogged', 'AccessRefused');
DROP INDEX ix_case_file_association;
