-- Why: stored calls can be priced anew, first looked at and then corrected, each once; what a call cost before, and how that came about, is kept.

CREATE TABLE IF NOT EXISTS reratings (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  state VARCHAR(12) NOT NULL CHECK (state IN ('checking', 'checked', 'committing', 'committed', 'failed')),
  wish TEXT NOT NULL,
  reason VARCHAR(255) NOT NULL,
  looked_at BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  without_price BIGINT NOT NULL,
  settled BIGINT NOT NULL,
  problem TEXT NULL,
  started_at_ms BIGINT NOT NULL,
  changed_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS rerating_lines (
  rerating_id VARCHAR(36) NOT NULL,
  place BIGINT NOT NULL,
  cdr_id VARCHAR(36) NOT NULL,
  account_id VARCHAR(36) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  before_micros BIGINT NOT NULL,
  after_micros BIGINT NOT NULL,
  working TEXT NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'posted', 'moved', 'no-credit')),
  PRIMARY KEY (rerating_id, place)
);

CREATE TABLE IF NOT EXISTS cdr_corrections (
  cdr_id VARCHAR(36) NOT NULL,
  rerating_id VARCHAR(36) NOT NULL,
  before_micros BIGINT NOT NULL,
  after_micros BIGINT NOT NULL,
  before_working TEXT NOT NULL,
  ledger_transaction_id VARCHAR(36) NOT NULL,
  corrected_at_ms BIGINT NOT NULL,
  PRIMARY KEY (cdr_id, rerating_id)
);

CREATE INDEX IF NOT EXISTS cdr_corrections_by_transaction ON cdr_corrections (ledger_transaction_id);
CREATE INDEX IF NOT EXISTS rerating_lines_by_state ON rerating_lines (rerating_id, state, place);
