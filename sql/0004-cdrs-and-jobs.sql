-- Why: one row for every ended leg, searched from many sides, and the work that follows from it stored in the same transaction.
-- cdrs has no foreign keys: a record of what happened is kept even when what it points to is wrong or gone.

CREATE TABLE IF NOT EXISTS cdrs (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  node_id VARCHAR(64) NOT NULL,
  node_sequence BIGINT NOT NULL,
  sip_call_id VARCHAR(255) NOT NULL,
  direction VARCHAR(10) NOT NULL,
  from_number VARCHAR(64) NULL,
  dialled_number VARCHAR(128) NOT NULL,
  routed_number VARCHAR(16) NULL,
  trunk_id VARCHAR(36) NULL,
  room_id VARCHAR(36) NULL,
  room_role VARCHAR(12) NULL,
  payer_account_id VARCHAR(36) NULL,
  started_at_ms BIGINT NOT NULL,
  answered_at_ms BIGINT NULL,
  charged_from_ms BIGINT NULL,
  ended_at_ms BIGINT NOT NULL,
  result VARCHAR(24) NOT NULL,
  ended_by VARCHAR(10) NOT NULL,
  sip_status INTEGER NOT NULL,
  quality TEXT NULL,
  charge_micros BIGINT NULL,
  currency VARCHAR(3) NULL,
  rating_working TEXT NULL,
  held_capped INTEGER NOT NULL,
  ledger_transaction_id VARCHAR(36) NULL,
  rated_at_ms BIGINT NULL,
  UNIQUE (node_id, node_sequence)
);

CREATE INDEX IF NOT EXISTS cdrs_by_time ON cdrs (started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_payer ON cdrs (payer_account_id, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_from_number ON cdrs (from_number, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_dialled_number ON cdrs (dialled_number, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_routed_number ON cdrs (routed_number, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_room ON cdrs (room_id, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_sip_call ON cdrs (sip_call_id);
CREATE INDEX IF NOT EXISTS cdrs_by_result ON cdrs (result, started_at_ms, id);

CREATE TABLE IF NOT EXISTS jobs (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  kind VARCHAR(40) NOT NULL,
  unique_key VARCHAR(200) NOT NULL,
  payload TEXT NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'dead')),
  run_at_ms BIGINT NOT NULL,
  attempts INTEGER NOT NULL,
  lease_token VARCHAR(36) NULL,
  lease_until_ms BIGINT NULL,
  last_error TEXT NULL,
  created_at_ms BIGINT NOT NULL,
  finished_at_ms BIGINT NULL,
  UNIQUE (kind, unique_key)
);

CREATE INDEX IF NOT EXISTS jobs_by_due_time ON jobs (state, run_at_ms, id);
CREATE INDEX IF NOT EXISTS jobs_by_lease ON jobs (lease_token);
