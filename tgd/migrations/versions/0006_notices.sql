-- What must be told outside the pages about files and handsets, and to whom it was; and allocations
-- that exclude each other take turns instead of waiting for each other.

CREATE TABLE notice (
    id UUID NOT NULL,
    kind VARCHAR(12) NOT NULL,
    about VARCHAR(30) NOT NULL,
    to_role VARCHAR(20),
    case_file UUID,
    handset VARCHAR(64),
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    planned_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT notice_kind CHECK (kind IN ('reminder', 'escalation', 'handset')),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);
CREATE INDEX notice_unplanned ON notice (made_at) WHERE planned_at IS NULL;

CREATE TABLE notice_telling (
    key VARCHAR(140) NOT NULL,
    notice UUID NOT NULL,
    destination VARCHAR(60) NOT NULL,
    state VARCHAR(12) NOT NULL,
    attempts INTEGER NOT NULL,
    next_try_at TIMESTAMP WITH TIME ZONE,
    lease_token BIGINT NOT NULL,
    said VARCHAR(200),
    reference VARCHAR(120),
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (key),
    CONSTRAINT notice_telling_state
        CHECK (state IN ('pending', 'sent', 'received', 'taken', 'refused', 'withdrawn')),
    FOREIGN KEY(notice) REFERENCES notice (id)
);
CREATE INDEX notice_telling_of ON notice_telling (notice);
CREATE INDEX notice_telling_due ON notice_telling (next_try_at) WHERE next_try_at IS NOT NULL;

CREATE FUNCTION allocation_stands_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM handset WHERE id = NEW.handset FOR NO KEY UPDATE;
    PERFORM 1 FROM protected_person WHERE id = NEW.person FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER allocation_in_line BEFORE INSERT ON allocation
    FOR EACH ROW EXECUTE FUNCTION allocation_stands_in_line();
