-- Why: a room's list is called through a trunk, so a trunk may say where it takes calls from us.

ALTER TABLE trunks ADD COLUMN outbound_host VARCHAR(255) NULL;
ALTER TABLE trunks ADD COLUMN outbound_port INTEGER NULL;
