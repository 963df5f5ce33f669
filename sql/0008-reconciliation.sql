-- Why: what the media server says of each leg is kept beside our record of it, and where the two differ somebody gets a case to look at.
-- switch_listening says when a node could hear the media server: a leg that ended outside of it cannot be missed.

CREATE TABLE IF NOT EXISTS switch_legs (
  leg_id VARCHAR(64) NOT NULL PRIMARY KEY,
  node_id VARCHAR(64) NOT NULL,
  cdr_id VARCHAR(64) NOT NULL,
  started_at_ms BIGINT NOT NULL,
  answered_at_ms BIGINT NULL,
  ended_at_ms BIGINT NOT NULL,
  bill_ms BIGINT NOT NULL,
  hangup_cause VARCHAR(64) NOT NULL,
  judged INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS switch_legs_by_cdr ON switch_legs (cdr_id);
CREATE INDEX IF NOT EXISTS switch_legs_by_judgement ON switch_legs (node_id, judged, ended_at_ms, leg_id);
CREATE INDEX IF NOT EXISTS switch_legs_by_age ON switch_legs (ended_at_ms);

CREATE TABLE IF NOT EXISTS switch_listening (
  node_id VARCHAR(64) NOT NULL,
  from_ms BIGINT NOT NULL,
  until_ms BIGINT NOT NULL,
  PRIMARY KEY (node_id, from_ms)
);

CREATE TABLE IF NOT EXISTS cdrs_to_reconcile (
  cdr_id VARCHAR(36) NOT NULL PRIMARY KEY,
  node_id VARCHAR(64) NOT NULL,
  ended_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS cdrs_to_reconcile_by_time ON cdrs_to_reconcile (node_id, ended_at_ms, cdr_id);

CREATE TABLE IF NOT EXISTS reconciliation_cases (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  kind VARCHAR(24) NOT NULL,
  cdr_id VARCHAR(64) NOT NULL,
  leg_id VARCHAR(64) NOT NULL,
  details TEXT NOT NULL,
  state VARCHAR(6) NOT NULL CHECK (state IN ('open', 'closed')),
  opened_at_ms BIGINT NOT NULL,
  closed_at_ms BIGINT NULL,
  closed_by VARCHAR(120) NULL,
  note TEXT NULL,
  UNIQUE (kind, cdr_id, leg_id)
);

CREATE INDEX IF NOT EXISTS reconciliation_cases_by_time ON reconciliation_cases (opened_at_ms, id);
CREATE INDEX IF NOT EXISTS reconciliation_cases_by_state ON reconciliation_cases (state, opened_at_ms, id);
CREATE INDEX IF NOT EXISTS reconciliation_cases_by_kind ON reconciliation_cases (kind, opened_at_ms, id);
CREATE INDEX IF NOT EXISTS reconciliation_cases_by_cdr ON reconciliation_cases (cdr_id);
