ALTER TABLE web_session
    ADD COLUMN looks_at uuid[],
    ADD COLUMN looks_seen_at timestamp with time zone;

CREATE TABLE room_words (
    id uuid NOT NULL,
    said_by varchar(80) NOT NULL,
    said_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (said_by) REFERENCES account (name)
);

CREATE TABLE room_words_read (
    words uuid NOT NULL,
    account varchar(80) NOT NULL,
    read_at timestamp with time zone NOT NULL,
    PRIMARY KEY (words, account),
    FOREIGN KEY (words) REFERENCES room_words (id),
    FOREIGN KEY (account) REFERENCES account (name)
);

ALTER TABLE recording
    ADD COLUMN sha256 varchar(64),
    ADD COLUMN size_bytes bigint,
    ADD COLUMN fetch_asked_at timestamp with time zone,
    ADD COLUMN differs_at timestamp with time zone;

CREATE TABLE recording_copy (
    recording uuid NOT NULL,
    sound_sealed bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    PRIMARY KEY (recording),
    FOREIGN KEY (recording) REFERENCES recording (id)
);
