-- Why: a fee, a tax or a late fee is owed once for its key, and is posted as soon as the account's credit reaches for it; until then it is due.

CREATE TABLE IF NOT EXISTS due_charges (
  charge_key VARCHAR(160) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  kind VARCHAR(20) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL,
  tax_micros BIGINT NOT NULL,
  note VARCHAR(300) NOT NULL,
  details TEXT NOT NULL,
  state VARCHAR(9) NOT NULL CHECK (state IN ('due', 'posted', 'cancelled')),
  due_at_ms BIGINT NOT NULL,
  posted_at_ms BIGINT NULL,
  ledger_transaction_id VARCHAR(36) NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS due_charges_by_state ON due_charges (state, due_at_ms, charge_key);
CREATE INDEX IF NOT EXISTS due_charges_by_account ON due_charges (account_id, state, due_at_ms, charge_key);
