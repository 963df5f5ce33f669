-- Why: what is in the ledger stays as it was posted. The database itself refuses to change or remove it, and seals hash it in a chain, so that
-- a change by somebody who can switch the refusal off is found and named. An entry of a conversion keeps the rate it was made at.
-- A statement that begins with the name of a database in a comment is run on that one alone.

ALTER TABLE ledger_entries ADD COLUMN exchange_rate VARCHAR(40) NULL;

CREATE TABLE IF NOT EXISTS ledger_seals (
  seal_number INTEGER NOT NULL PRIMARY KEY,
  transaction_count INTEGER NOT NULL CHECK (transaction_count > 0),
  last_posted_at_ms BIGINT NOT NULL,
  last_link_hash VARCHAR(64) NOT NULL,
  seal_hash VARCHAR(64) NOT NULL,
  sealed_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS ledger_chain (
  seal_number INTEGER NOT NULL,
  place INTEGER NOT NULL,
  transaction_id VARCHAR(36) NOT NULL UNIQUE,
  link_hash VARCHAR(64) NOT NULL,
  PRIMARY KEY (seal_number, place)
);

CREATE TABLE IF NOT EXISTS ledger_proofs (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  proved_at_ms BIGINT NOT NULL,
  transaction_count BIGINT NOT NULL,
  seal_number INTEGER NOT NULL,
  seal_hash VARCHAR(64) NOT NULL,
  fault_count INTEGER NOT NULL,
  faults TEXT NOT NULL
);

/* mariadb */ CREATE TRIGGER IF NOT EXISTS ledger_entries_stay BEFORE UPDATE ON ledger_entries FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the ledger is never changed: post a correction';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS ledger_entries_remain BEFORE DELETE ON ledger_entries FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the ledger is never changed: post a correction';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS ledger_transactions_stay BEFORE UPDATE ON ledger_transactions FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the ledger is never changed: post a correction';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS ledger_transactions_remain BEFORE DELETE ON ledger_transactions FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the ledger is never changed: post a correction';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS ledger_chain_stays BEFORE UPDATE ON ledger_chain FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the ledger is never changed: post a correction';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS ledger_chain_remains BEFORE DELETE ON ledger_chain FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the ledger is never changed: post a correction';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS ledger_seals_stay BEFORE UPDATE ON ledger_seals FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the ledger is never changed: post a correction';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS ledger_seals_remain BEFORE DELETE ON ledger_seals FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the ledger is never changed: post a correction';

/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_entries_stay BEFORE UPDATE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_entries_remain BEFORE DELETE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_transactions_stay BEFORE UPDATE ON ledger_transactions BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_transactions_remain BEFORE DELETE ON ledger_transactions BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_chain_stays BEFORE UPDATE ON ledger_chain BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_chain_remains BEFORE DELETE ON ledger_chain BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_seals_stay BEFORE UPDATE ON ledger_seals BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_seals_remain BEFORE DELETE ON ledger_seals BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;

-- SQLite's REPLACE removes rows without asking the triggers above.
/* sqlite */ CREATE TRIGGER IF NOT EXISTS ledger_entries_once BEFORE INSERT ON ledger_entries WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE transaction_id = NEW.transaction_id AND line_number = NEW.line_number) BEGIN SELECT RAISE(ABORT, 'the ledger is never changed: post a correction'); END;
