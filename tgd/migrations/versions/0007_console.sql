ALTER TABLE alert ADD COLUMN owner_seen_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE technical_item ADD COLUMN shelved_until TIMESTAMP WITH TIME ZONE;
ALTER TABLE technical_item ADD COLUMN shelved_by VARCHAR(80);
ALTER TABLE technical_item ADD COLUMN shelved_why VARCHAR(400);
CREATE TABLE shift (
    id UUID NOT NULL,
    account VARCHAR(80) NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    heard_sound BOOLEAN NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(account) REFERENCES account (name)
);
CREATE UNIQUE INDEX shift_one_open ON shift (account) WHERE ended_at IS NULL;
CREATE TABLE hand_over (
    id UUID NOT NULL,
    leaving VARCHAR(80) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    words TEXT NOT NULL,
    alerts UUID[] NOT NULL,
    items UUID[] NOT NULL,
    coming VARCHAR(80),
    confirmed_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT hand_over_between_two CHECK (coming <> leaving),
    FOREIGN KEY(leaving) REFERENCES account (name),
    FOREIGN KEY(coming) REFERENCES account (name)
);
CREATE UNIQUE INDEX hand_over_one_open ON hand_over (leaving) WHERE confirmed_at IS NULL;
