ALTER TABLE alert
    ADD COLUMN offered_to varchar(80),
    ADD COLUMN offered_at timestamp with time zone,
    ADD COLUMN on_the_way_at timestamp with time zone,
    ADD COLUMN expected_at timestamp with time zone;
