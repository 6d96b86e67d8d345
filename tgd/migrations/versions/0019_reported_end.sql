ALTER TABLE alert ADD COLUMN reported_outcome varchar(20);
ALTER TABLE alert ADD COLUMN reported_by varchar(80);
ALTER TABLE alert ADD COLUMN reported_at timestamp with time zone;
