-- Alerts that were told from the spool while the record was away, and turned out to be another one.

CREATE TABLE alert_merge (
    told UUID NOT NULL,
    alert UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (told),
    FOREIGN KEY(alert) REFERENCES alert (id) ON DELETE CASCADE
);
CREATE INDEX alert_merge_of ON alert_merge (alert);
