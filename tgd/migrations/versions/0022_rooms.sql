ALTER TABLE clearance ADD COLUMN control_room varchar(80);
ALTER TABLE clearance DROP CONSTRAINT clearance_for_one;
ALTER TABLE clearance ADD CONSTRAINT clearance_for_one CHECK (num_nonnulls(court, association, control_room) = 1);
CREATE INDEX commune_of_room ON commune (control_room, court);
CREATE INDEX commune_of_court ON commune (court, control_room);
