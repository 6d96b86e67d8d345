ALTER TABLE web_session ADD COLUMN sound varchar(7);
ALTER TABLE web_session ADD COLUMN sound_at timestamp with time zone;
ALTER TABLE web_session ADD CONSTRAINT web_session_sound CHECK (sound IN ('on', 'blocked'));
