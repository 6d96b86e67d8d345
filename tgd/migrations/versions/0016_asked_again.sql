ALTER TABLE alert
    ADD COLUMN pressed_again_at timestamp with time zone,
    ADD COLUMN requests integer NOT NULL DEFAULT 0;
UPDATE alert SET requests = 1 WHERE requested_at IS NOT NULL;
