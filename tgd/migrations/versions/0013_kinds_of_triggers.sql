ALTER TABLE alert_trigger DROP CONSTRAINT alert_trigger_once;
ALTER TABLE alert_trigger ADD CONSTRAINT alert_trigger_once UNIQUE (source, trigger, kind, alert);
