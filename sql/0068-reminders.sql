-- Why: each step of an invoice's reminders is taken once, whatever dies in between, and an account's fall and rise by them is on record.

CREATE TABLE IF NOT EXISTS reminder_plans (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL UNIQUE,
  plan TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS reminders (
  invoice_id VARCHAR(36) NOT NULL,
  step INTEGER NOT NULL,
  account_id VARCHAR(36) NOT NULL,
  action VARCHAR(10) NOT NULL,
  state VARCHAR(8) NOT NULL CHECK (state IN ('queued', 'sent', 'noted', 'skipped', 'stopped')),
  open_micros BIGINT NOT NULL,
  taken_at_ms BIGINT NOT NULL,
  sent_at_ms BIGINT NULL,
  PRIMARY KEY (invoice_id, step)
);

CREATE INDEX IF NOT EXISTS reminders_by_account ON reminders (account_id, taken_at_ms, invoice_id, step);

-- Where unpaid invoices have brought an account; balance_micros is what it had when that was last judged.
CREATE TABLE IF NOT EXISTS account_ladder (
  account_id VARCHAR(36) NOT NULL PRIMARY KEY,
  level VARCHAR(10) NOT NULL,
  since_ms BIGINT NOT NULL,
  judged_balance_micros BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS notices (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  notice_key VARCHAR(120) NOT NULL UNIQUE,
  account_id VARCHAR(36) NOT NULL,
  kind VARCHAR(30) NOT NULL,
  title VARCHAR(300) NOT NULL,
  body TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  read_at_ms BIGINT NULL
);

CREATE INDEX IF NOT EXISTS notices_by_account ON notices (account_id, created_at_ms, id);
