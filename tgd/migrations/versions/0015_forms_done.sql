CREATE TABLE form_done (
    account varchar(80) NOT NULL REFERENCES account (name),
    word varchar(64) NOT NULL,
    done_at timestamp with time zone NOT NULL,
    PRIMARY KEY (account, word)
);
CREATE INDEX ix_form_done_done_at ON form_done (done_at);
