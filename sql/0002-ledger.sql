-- Why: money moves only as double entries that sum to zero; what an account can spend is kept beside them in the same transaction.
-- A positive amount is owed by the house to the owner of the ledger account; a negative one is owed to the house.
-- credit_limit_micros is NULL for the house's own accounts, which may go to any balance.

CREATE TABLE IF NOT EXISTS ledger_accounts (
  id VARCHAR(80) NOT NULL PRIMARY KEY,
  kind VARCHAR(30) NOT NULL,
  account_id VARCHAR(36) NULL UNIQUE,
  currency VARCHAR(3) NOT NULL,
  balance_micros BIGINT NOT NULL,
  held_micros BIGINT NOT NULL CHECK (held_micros >= 0),
  credit_limit_micros BIGINT NULL CHECK (credit_limit_micros >= 0),
  created_at_ms BIGINT NOT NULL,
  CHECK (credit_limit_micros IS NULL OR balance_micros + credit_limit_micros - held_micros >= 0),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE TABLE IF NOT EXISTS ledger_transactions (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  idempotency_key VARCHAR(200) NOT NULL UNIQUE,
  kind VARCHAR(30) NOT NULL,
  note VARCHAR(500) NOT NULL,
  content_fingerprint VARCHAR(64) NOT NULL,
  posted_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS ledger_entries (
  transaction_id VARCHAR(36) NOT NULL,
  line_number INTEGER NOT NULL,
  ledger_account_id VARCHAR(80) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros <> 0),
  posted_at_ms BIGINT NOT NULL,
  PRIMARY KEY (transaction_id, line_number),
  FOREIGN KEY (transaction_id) REFERENCES ledger_transactions (id),
  FOREIGN KEY (ledger_account_id) REFERENCES ledger_accounts (id)
);

CREATE INDEX IF NOT EXISTS ledger_entries_by_account
  ON ledger_entries (ledger_account_id, posted_at_ms, transaction_id, line_number);

-- No foreign key to ledger_accounts: the shared lock it takes on the parent would deadlock with the UPDATE that follows.
CREATE TABLE IF NOT EXISTS credit_holds (
  call_id VARCHAR(64) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  ledger_account_id VARCHAR(80) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros >= 0),
  state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'settled', 'released')),
  rate TEXT NOT NULL,
  opened_at_ms BIGINT NOT NULL,
  changed_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS credit_holds_by_account ON credit_holds (ledger_account_id, state);
CREATE INDEX IF NOT EXISTS credit_holds_by_change ON credit_holds (state, changed_at_ms);
