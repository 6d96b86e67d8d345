CREATE TABLE legal_text (
    version varchar(40) NOT NULL,
    from_day date NOT NULL,
    months integer NOT NULL,
    said jsonb NOT NULL,
    added_by varchar(80) NOT NULL,
    added_at timestamp with time zone NOT NULL,
    PRIMARY KEY (version),
    CONSTRAINT legal_text_months CHECK (months BETWEEN 1 AND 60)
);
CREATE TABLE partner (
    id uuid NOT NULL,
    name varchar(40) NOT NULL,
    token_hash varchar(64) NOT NULL,
    courts jsonb NOT NULL,
    made_by varchar(80) NOT NULL,
    made_at timestamp with time zone NOT NULL,
    revoked_by varchar(80),
    revoked_at timestamp with time zone,
    PRIMARY KEY (id),
    UNIQUE (token_hash)
);
ALTER TABLE notice DROP CONSTRAINT notice_kind;
ALTER TABLE notice ADD CONSTRAINT notice_kind CHECK (kind IN ('reminder', 'escalation', 'handset', 'stock', 'sheet', 'erasure', 'undelivered'));
