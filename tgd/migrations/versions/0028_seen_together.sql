ALTER TABLE web_session
    ADD COLUMN looks_at uuid[],
    ADD COLUMN looks_seen_at timestamp with time zone;
