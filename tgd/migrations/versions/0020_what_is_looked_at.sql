ALTER TABLE notice ADD COLUMN deadline UUID REFERENCES deadline (id);

CREATE INDEX notice_of_deadline ON notice (deadline) WHERE deadline IS NOT NULL;

-- Only what still runs: an old notice of a settled deadline has nobody to be told.
UPDATE notice n SET deadline = d.id FROM deadline d
WHERE n.kind IN ('reminder', 'escalation', 'undelivered') AND d.kind = n.about
  AND d.case_file = n.case_file AND d.settled_at IS NULL;

ALTER TABLE decision ADD COLUMN details JSONB NOT NULL DEFAULT '{}'::jsonb;

ALTER TABLE notice ADD COLUMN is_urgent BOOLEAN NOT NULL DEFAULT false;
