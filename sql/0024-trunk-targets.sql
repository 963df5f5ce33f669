-- Why: where a trunk takes calls stands in trunk_targets now; a file of its own, so that the one before it can be begun again.

ALTER TABLE trunks DROP COLUMN outbound_host;
ALTER TABLE trunks DROP COLUMN outbound_port;
