-- Why: a number of a node without a CDR is a call that nobody will ever bill; it raises one alarm, with the node and the numbers.

ALTER TABLE alerts ADD COLUMN details TEXT NULL;

CREATE INDEX IF NOT EXISTS alerts_by_kind ON alerts (kind, raised_at_ms, id);
CREATE INDEX IF NOT EXISTS alerts_by_time ON alerts (raised_at_ms, id);

CREATE TABLE IF NOT EXISTS node_sequences (
  node_id VARCHAR(64) NOT NULL PRIMARY KEY,
  checked_through BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS node_sequence_gaps (
  node_id VARCHAR(64) NOT NULL,
  first_missing BIGINT NOT NULL,
  last_missing BIGINT NOT NULL,
  alert_id VARCHAR(36) NOT NULL,
  PRIMARY KEY (node_id, first_missing)
);

CREATE INDEX IF NOT EXISTS node_sequence_gaps_by_end ON node_sequence_gaps (node_id, last_missing);
