-- Why: money that comes in by a payment provider or a bank is matched with what was asked for, credited once, and followed to the end: refunds,
-- disputes, saved methods, recharging by itself. What does not fit is kept apart until a person looks. No card data is stored.

CREATE TABLE IF NOT EXISTS payments (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  origin VARCHAR(16) NOT NULL CHECK (origin IN ('checkout', 'auto-recharge', 'bank')),
  provider_key VARCHAR(120) NULL UNIQUE,
  session_key VARCHAR(120) NULL UNIQUE,
  customer_key VARCHAR(120) NULL,
  bank_reference VARCHAR(25) NULL UNIQUE,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
  purpose VARCHAR(10) NOT NULL CHECK (purpose IN ('credit', 'invoice')),
  invoice_id VARCHAR(36) NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('open', 'succeeded', 'failed', 'expired')),
  received_micros BIGINT NOT NULL,
  returned_micros BIGINT NOT NULL CHECK (returned_micros <= received_micros),
  failure VARCHAR(200) NULL,
  made_at_ms BIGINT NOT NULL,
  received_at_ms BIGINT NULL,
  changed_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS payments_by_account ON payments (account_id, id);
CREATE INDEX IF NOT EXISTS payments_by_state ON payments (state, made_at_ms);
CREATE INDEX IF NOT EXISTS payments_by_invoice ON payments (invoice_id);

CREATE TABLE IF NOT EXISTS payment_events (
  id VARCHAR(120) NOT NULL PRIMARY KEY,
  type VARCHAR(120) NOT NULL,
  payment_key VARCHAR(120) NULL,
  session_key VARCHAR(120) NULL,
  payload TEXT NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('waiting', 'done', 'kept')),
  created_at_ms BIGINT NOT NULL,
  received_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS payment_quarantine (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  unique_key VARCHAR(200) NOT NULL UNIQUE,
  reason VARCHAR(40) NOT NULL,
  details TEXT NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'closed')),
  raised_at_ms BIGINT NOT NULL,
  closed_by VARCHAR(200) NULL,
  closed_note VARCHAR(500) NULL,
  closed_at_ms BIGINT NULL
);

CREATE INDEX IF NOT EXISTS payment_quarantine_by_state ON payment_quarantine (state, id);

CREATE TABLE IF NOT EXISTS refunds (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  payment_id VARCHAR(36) NOT NULL,
  account_id VARCHAR(36) NOT NULL,
  provider_key VARCHAR(120) NULL UNIQUE,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
  reason VARCHAR(500) NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('pending', 'paid', 'failed')),
  asked_by VARCHAR(200) NOT NULL,
  made_at_ms BIGINT NOT NULL,
  changed_at_ms BIGINT NOT NULL,
  FOREIGN KEY (payment_id) REFERENCES payments (id)
);

CREATE INDEX IF NOT EXISTS refunds_by_payment ON refunds (payment_id, id);

CREATE TABLE IF NOT EXISTS disputes (
  id VARCHAR(120) NOT NULL PRIMARY KEY,
  payment_id VARCHAR(36) NOT NULL,
  account_id VARCHAR(36) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'won', 'lost')),
  frozen_micros BIGINT NOT NULL,
  taken_micros BIGINT NOT NULL,
  opened_at_ms BIGINT NOT NULL,
  changed_at_ms BIGINT NOT NULL,
  FOREIGN KEY (payment_id) REFERENCES payments (id)
);

CREATE INDEX IF NOT EXISTS disputes_by_payment ON disputes (payment_id, id);

CREATE TABLE IF NOT EXISTS payment_customers (
  account_id VARCHAR(36) NOT NULL PRIMARY KEY,
  customer_key VARCHAR(120) NOT NULL UNIQUE,
  method_key VARCHAR(120) NULL,
  method_label VARCHAR(100) NULL,
  made_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS auto_recharges (
  account_id VARCHAR(36) NOT NULL PRIMARY KEY,
  enabled INTEGER NOT NULL,
  threshold_micros BIGINT NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
  most_a_day INTEGER NOT NULL,
  most_a_day_micros BIGINT NOT NULL,
  failures INTEGER NOT NULL,
  next_try_at_ms BIGINT NOT NULL,
  pending_payment_id VARCHAR(36) NULL,
  changed_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS auto_recharges_by_try ON auto_recharges (enabled, next_try_at_ms);

CREATE TABLE IF NOT EXISTS bank_transfers (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  bank_key VARCHAR(120) NOT NULL UNIQUE,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
  remittance VARCHAR(500) NOT NULL,
  payer VARCHAR(200) NOT NULL,
  payment_id VARCHAR(36) NULL,
  account_id VARCHAR(36) NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('unmatched', 'matched', 'confirmed', 'rejected')),
  exchange_rate VARCHAR(40) NULL,
  received_at_ms BIGINT NOT NULL,
  made_at_ms BIGINT NOT NULL,
  decided_by VARCHAR(200) NULL,
  decided_at_ms BIGINT NULL
);

CREATE INDEX IF NOT EXISTS bank_transfers_by_state ON bank_transfers (state, id);

CREATE TABLE IF NOT EXISTS payment_cursors (
  name VARCHAR(40) NOT NULL PRIMARY KEY,
  at_ms BIGINT NOT NULL
);
