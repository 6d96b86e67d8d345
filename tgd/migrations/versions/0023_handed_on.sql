ALTER TABLE alert
    ADD COLUMN offered_to varchar(80),
    ADD COLUMN offered_at timestamp with time zone;
