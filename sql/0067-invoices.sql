-- Why: an invoice is made once for account and period, numbered without a gap, and never changes; what changes with time stands beside it.
-- Amounts are what the customer owes: a credit note's are negative. Lines are whole coins; exact_micros is what the ledger has.

CREATE TABLE IF NOT EXISTS invoice_series (
  id VARCHAR(40) NOT NULL PRIMARY KEY,
  last_number INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS invoices (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  document_key VARCHAR(120) NOT NULL UNIQUE,
  kind VARCHAR(12) NOT NULL CHECK (kind IN ('invoice', 'credit-note')),
  account_id VARCHAR(36) NOT NULL,
  series_id VARCHAR(40) NOT NULL,
  series_number INTEGER NOT NULL,
  number VARCHAR(40) NOT NULL UNIQUE,
  corrects_invoice_id VARCHAR(36) NULL,
  reason VARCHAR(300) NULL,
  currency VARCHAR(3) NOT NULL,
  period VARCHAR(7) NOT NULL,
  period_from_ms BIGINT NOT NULL,
  period_until_ms BIGINT NOT NULL,
  issued_at_ms BIGINT NOT NULL,
  due_at_ms BIGINT NOT NULL,
  opening_micros BIGINT NOT NULL,
  exact_micros BIGINT NOT NULL,
  net_micros BIGINT NOT NULL,
  tax_micros BIGINT NOT NULL,
  total_micros BIGINT NOT NULL,
  tax_treatment VARCHAR(20) NOT NULL,
  tax_note VARCHAR(300) NOT NULL,
  parties TEXT NOT NULL,
  fingerprint VARCHAR(64) NOT NULL,
  UNIQUE (series_id, series_number),
  CHECK (total_micros = net_micros + tax_micros),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS invoices_by_account ON invoices (account_id, issued_at_ms, id);
CREATE INDEX IF NOT EXISTS invoices_by_time ON invoices (issued_at_ms, id);

-- A line names the account too: the key to invoices makes it impossible that one customer's line stands on another's invoice.
CREATE UNIQUE INDEX IF NOT EXISTS invoices_by_id_and_account ON invoices (id, account_id);

CREATE TABLE IF NOT EXISTS invoice_lines (
  invoice_id VARCHAR(36) NOT NULL,
  line_number INTEGER NOT NULL,
  account_id VARCHAR(36) NOT NULL,
  kind VARCHAR(30) NOT NULL,
  quantity BIGINT NOT NULL,
  exact_micros BIGINT NOT NULL,
  net_micros BIGINT NOT NULL,
  PRIMARY KEY (invoice_id, line_number),
  FOREIGN KEY (invoice_id, account_id) REFERENCES invoices (id, account_id)
);

CREATE TABLE IF NOT EXISTS invoice_taxes (
  invoice_id VARCHAR(36) NOT NULL,
  tax_number INTEGER NOT NULL,
  name VARCHAR(60) NOT NULL,
  rate_ppm INTEGER NOT NULL,
  base_micros BIGINT NOT NULL,
  tax_micros BIGINT NOT NULL,
  PRIMARY KEY (invoice_id, tax_number),
  FOREIGN KEY (invoice_id) REFERENCES invoices (id)
);

-- What changes: whether it is paid, disputed, and where its reminders stand.
CREATE TABLE IF NOT EXISTS invoice_progress (
  invoice_id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  state VARCHAR(8) NOT NULL CHECK (state IN ('open', 'paid', 'disputed')),
  changed_at_ms BIGINT NOT NULL,
  dispute_reason VARCHAR(300) NULL,
  next_step INTEGER NOT NULL,
  next_step_at_ms BIGINT NULL,
  FOREIGN KEY (invoice_id) REFERENCES invoices (id)
);

CREATE INDEX IF NOT EXISTS invoice_progress_by_step ON invoice_progress (state, next_step_at_ms, invoice_id, account_id, next_step);
CREATE INDEX IF NOT EXISTS invoice_progress_by_account ON invoice_progress (account_id, state);

CREATE TABLE IF NOT EXISTS invoice_runs (
  period VARCHAR(7) NOT NULL PRIMARY KEY,
  state VARCHAR(8) NOT NULL CHECK (state IN ('running', 'done')),
  after_account_id VARCHAR(36) NOT NULL,
  accounts_done INTEGER NOT NULL,
  invoices_made INTEGER NOT NULL,
  started_at_ms BIGINT NOT NULL,
  finished_at_ms BIGINT NULL
);

/* mariadb */ CREATE TRIGGER IF NOT EXISTS invoices_stay BEFORE UPDATE ON invoices FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an invoice is never changed: write a credit note';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS invoices_remain BEFORE DELETE ON invoices FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an invoice is never changed: write a credit note';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS invoice_lines_stay BEFORE UPDATE ON invoice_lines FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an invoice is never changed: write a credit note';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS invoice_lines_remain BEFORE DELETE ON invoice_lines FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an invoice is never changed: write a credit note';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS invoice_taxes_stay BEFORE UPDATE ON invoice_taxes FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an invoice is never changed: write a credit note';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS invoice_taxes_remain BEFORE DELETE ON invoice_taxes FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an invoice is never changed: write a credit note';

/* sqlite */ CREATE TRIGGER IF NOT EXISTS invoices_stay BEFORE UPDATE ON invoices BEGIN SELECT RAISE(ABORT, 'an invoice is never changed: write a credit note'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS invoices_remain BEFORE DELETE ON invoices BEGIN SELECT RAISE(ABORT, 'an invoice is never changed: write a credit note'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS invoice_lines_stay BEFORE UPDATE ON invoice_lines BEGIN SELECT RAISE(ABORT, 'an invoice is never changed: write a credit note'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS invoice_lines_remain BEFORE DELETE ON invoice_lines BEGIN SELECT RAISE(ABORT, 'an invoice is never changed: write a credit note'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS invoice_taxes_stay BEFORE UPDATE ON invoice_taxes BEGIN SELECT RAISE(ABORT, 'an invoice is never changed: write a credit note'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS invoice_taxes_remain BEFORE DELETE ON invoice_taxes BEGIN SELECT RAISE(ABORT, 'an invoice is never changed: write a credit note'); END;
