ALTER TABLE account
    ADD COLUMN full_name varchar(120),
    ADD COLUMN capacity varchar(120);
ALTER TABLE decision ADD COLUMN facts jsonb DEFAULT '{}' NOT NULL;
