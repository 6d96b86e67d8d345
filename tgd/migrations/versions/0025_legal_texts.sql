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
