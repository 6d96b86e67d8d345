ALTER TABLE case_file ADD COLUMN platform_erased_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE case_file ADD COLUMN counts JSONB;
CREATE INDEX case_file_to_forget ON case_file (purge_at) WHERE state IN ('refused', 'closed');
CREATE INDEX sighting_kept_raw ON sighting (received_at) WHERE raw_sealed <> '';
CREATE TABLE legal_hold (
    id UUID NOT NULL,
    case_file UUID NOT NULL,
    procedure TEXT NOT NULL,
    by VARCHAR(80) NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_by VARCHAR(80),
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(case_file) REFERENCES case_file (id)
);
CREATE UNIQUE INDEX legal_hold_one_open ON legal_hold (case_file) WHERE ended_at IS NULL;
ALTER TABLE clearance ADD COLUMN revoked_by VARCHAR(80);
CREATE TABLE stock_census (
    id UUID NOT NULL,
    pool VARCHAR(40) NOT NULL,
    counted_by VARCHAR(80) NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lines JSONB NOT NULL,
    differing INTEGER NOT NULL,
    words TEXT,
    PRIMARY KEY (id),
    CONSTRAINT stock_census_differing CHECK (differing >= 0),
    FOREIGN KEY(pool) REFERENCES pool (code)
);
CREATE INDEX stock_census_of_pool ON stock_census (pool, counted_at);
