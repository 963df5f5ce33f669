-- Why: credit is kept aside for more than calls (a disputed payment), and corrections above a limit wait for a second person.
-- A freeze is open, then taken, freed or expired, once; what it keeps stands in held_micros of the account beside the holds of calls.

CREATE TABLE IF NOT EXISTS ledger_freezes (
  id VARCHAR(80) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  ledger_account_id VARCHAR(80) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros >= 0),
  reason VARCHAR(200) NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'taken', 'freed', 'expired')),
  taken_micros BIGINT NOT NULL,
  expires_at_ms BIGINT NULL,
  made_at_ms BIGINT NOT NULL,
  changed_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS ledger_freezes_by_account ON ledger_freezes (ledger_account_id, state);
CREATE INDEX IF NOT EXISTS ledger_freezes_by_end ON ledger_freezes (state, expires_at_ms);

CREATE TABLE IF NOT EXISTS ledger_adjustments (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  kind VARCHAR(12) NOT NULL CHECK (kind IN ('adjustment', 'write-off')),
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL,
  reason VARCHAR(500) NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('waiting', 'posted', 'rejected')),
  asked_by VARCHAR(120) NOT NULL,
  asked_by_name VARCHAR(200) NOT NULL,
  asked_at_ms BIGINT NOT NULL,
  decided_by VARCHAR(120) NULL,
  decided_by_name VARCHAR(200) NULL,
  decided_at_ms BIGINT NULL,
  transaction_id VARCHAR(36) NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS ledger_adjustments_by_state ON ledger_adjustments (state, id);
CREATE INDEX IF NOT EXISTS ledger_adjustments_by_account ON ledger_adjustments (account_id, id);
