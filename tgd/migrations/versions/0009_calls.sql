ALTER TABLE alert DROP CONSTRAINT alert_lane;
ALTER TABLE alert ADD CONSTRAINT alert_lane CHECK (lane IN ('real', 'test', 'exercise', 'canary'));
ALTER TABLE handset_status ADD COLUMN sim VARCHAR(64);
ALTER TABLE technical_item DROP CONSTRAINT technical_kind;
ALTER TABLE technical_item ADD CONSTRAINT technical_kind CHECK (kind IN ('silent', 'low_battery', 'lost', 'test_missed', 'sim_changed'));
CREATE TABLE exercise (
    id UUID NOT NULL,
    handset VARCHAR(64) NOT NULL,
    begins_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    announced_by VARCHAR(80) NOT NULL,
    announced_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT exercise_has_an_end CHECK (ends_at > begins_at AND ends_at <= begins_at + interval '12 hours'),
    FOREIGN KEY(handset) REFERENCES handset (id),
    FOREIGN KEY(announced_by) REFERENCES account (name)
);
CREATE INDEX exercise_of ON exercise (handset, begins_at);
ALTER TABLE shift ADD COLUMN telephone VARCHAR(20);
CREATE TABLE conversation (
    id UUID NOT NULL,
    alert UUID NOT NULL,
    wanted_by VARCHAR(80) NOT NULL,
    wanted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    listen_only BOOLEAN NOT NULL,
    conference VARCHAR(40),
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(alert) REFERENCES alert (id),
    FOREIGN KEY(wanted_by) REFERENCES account (name),
    UNIQUE (conference)
);
CREATE UNIQUE INDEX conversation_one_open ON conversation (alert) WHERE ended_at IS NULL;
CREATE INDEX conversation_of ON conversation (alert);
CREATE TABLE call_leg (
    conversation UUID NOT NULL,
    party VARCHAR(10) NOT NULL,
    state VARCHAR(12) NOT NULL,
    sid VARCHAR(40),
    why VARCHAR(40),
    due_at TIMESTAMP WITH TIME ZONE,
    dialled_at TIMESTAMP WITH TIME ZONE,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changes INTEGER NOT NULL,
    hang_up_at TIMESTAMP WITH TIME ZONE,
    hung_up_at TIMESTAMP WITH TIME ZONE,
    asked_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (conversation, party),
    CONSTRAINT call_leg_party CHECK (party IN ('operator', 'handset')),
    CONSTRAINT call_leg_state CHECK (state IN ('waiting', 'asked', 'ringing', 'answered', 'busy', 'no_answer', 'failed', 'ended')),
    FOREIGN KEY(conversation) REFERENCES conversation (id),
    UNIQUE (sid)
);
CREATE INDEX call_leg_due ON call_leg (due_at) WHERE due_at IS NOT NULL AND dialled_at IS NULL;
CREATE TABLE recording (
    id UUID NOT NULL,
    alert UUID NOT NULL,
    conversation UUID NOT NULL,
    reference VARCHAR(40) NOT NULL,
    duration_s INTEGER NOT NULL,
    kept_at TIMESTAMP WITH TIME ZONE NOT NULL,
    erase_at TIMESTAMP WITH TIME ZONE NOT NULL,
    erased_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(alert) REFERENCES alert (id),
    FOREIGN KEY(conversation) REFERENCES conversation (id),
    UNIQUE (reference)
);
CREATE INDEX recording_of ON recording (alert);
CREATE INDEX recording_to_erase ON recording (erase_at) WHERE erased_at IS NULL;
