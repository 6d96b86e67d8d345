ALTER TABLE web_session ADD COLUMN words_key varchar(64);
