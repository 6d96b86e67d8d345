CREATE TABLE kept_longer (
    id UUID NOT NULL,
    alert UUID NOT NULL,
    what VARCHAR(12) NOT NULL,
    reason TEXT NOT NULL,
    by VARCHAR(80) NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_by VARCHAR(80),
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT kept_longer_what CHECK (what IN ('positions', 'procedure')),
    FOREIGN KEY(alert) REFERENCES alert (id)
);
CREATE UNIQUE INDEX kept_longer_one_open ON kept_longer (alert, what) WHERE ended_at IS NULL;
ALTER TABLE alert ADD COLUMN forgotten_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX alert_of_nobody ON alert (closed_at) WHERE person IS NULL AND forgotten_at IS NULL AND state = 'closed' AND lane <> 'canary';
ALTER TABLE notice DROP CONSTRAINT notice_kind;
ALTER TABLE notice ADD CONSTRAINT notice_kind CHECK (kind IN ('reminder', 'escalation', 'handset', 'undelivered'));
ALTER TABLE notice_telling ADD COLUMN not_delivered_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX notice_telling_undelivered ON notice_telling (key) WHERE not_delivered_at IS NOT NULL;
ALTER TABLE conversation ADD COLUMN speak_wanted_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE conversation ADD COLUMN speak_asked_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE conversation ADD COLUMN speaks_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE conversation ADD COLUMN speak_why VARCHAR(40);
CREATE INDEX conversation_to_speak ON conversation (speak_wanted_at) WHERE speak_wanted_at IS NOT NULL AND speaks_at IS NULL AND ended_at IS NULL;
