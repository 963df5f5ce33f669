-- Why: what a number costs a month is charged once for each number, account and period, and what could not be paid yet is still due.

CREATE TABLE IF NOT EXISTS number_fees (
  number VARCHAR(20) NOT NULL,
  account_id VARCHAR(36) NOT NULL,
  period VARCHAR(24) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
  state VARCHAR(6) NOT NULL CHECK (state IN ('due', 'posted')),
  due_at_ms BIGINT NOT NULL,
  posted_at_ms BIGINT NULL,
  ledger_transaction_id VARCHAR(36) NULL,
  PRIMARY KEY (number, account_id, period)
);

CREATE INDEX IF NOT EXISTS number_fees_by_state ON number_fees (state, due_at_ms, number, account_id, period);
CREATE INDEX IF NOT EXISTS number_fees_by_account ON number_fees (account_id, due_at_ms, number, period);
