-- Why: who did what, when and for which reason stays on record, and a record that was changed, removed or put in between afterwards is found:
-- each entry holds the hash of the one before, and the database itself refuses changes.

CREATE TABLE IF NOT EXISTS audit_entries (
  entry_number BIGINT NOT NULL PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  actor_kind VARCHAR(8) NOT NULL,
  actor_id VARCHAR(36) NOT NULL,
  actor_label VARCHAR(200) NOT NULL,
  action VARCHAR(60) NOT NULL,
  subject VARCHAR(300) NOT NULL,
  reason VARCHAR(500) NULL,
  address VARCHAR(45) NULL,
  facts TEXT NOT NULL,
  link_hash VARCHAR(64) NOT NULL
);

CREATE INDEX IF NOT EXISTS audit_entries_by_time ON audit_entries (at_ms);
CREATE INDEX IF NOT EXISTS audit_entries_by_actor ON audit_entries (actor_id, entry_number);
CREATE INDEX IF NOT EXISTS audit_entries_by_subject ON audit_entries (subject, entry_number);
CREATE INDEX IF NOT EXISTS audit_entries_by_action ON audit_entries (action, entry_number);

-- One row: the end of the chain, which the next entry hangs on. Without it a chain that was cut off would look whole.
CREATE TABLE IF NOT EXISTS audit_head (
  id INTEGER NOT NULL PRIMARY KEY,
  entry_number BIGINT NOT NULL,
  link_hash VARCHAR(64) NOT NULL
);

INSERT INTO audit_head (id, entry_number, link_hash)
SELECT 1, 0, '0000000000000000000000000000000000000000000000000000000000000000' FROM (SELECT 1 AS one) AS begins
WHERE NOT EXISTS (SELECT 1 FROM audit_head);

/* mariadb */ CREATE TRIGGER IF NOT EXISTS audit_entries_stay BEFORE UPDATE ON audit_entries FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the audit log is never changed';
/* mariadb */ CREATE TRIGGER IF NOT EXISTS audit_entries_remain BEFORE DELETE ON audit_entries FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the audit log is never changed';
/* sqlite */ CREATE TRIGGER IF NOT EXISTS audit_entries_stay BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
/* sqlite */ CREATE TRIGGER IF NOT EXISTS audit_entries_remain BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;

-- SQLite's REPLACE removes rows without asking the triggers above.
/* sqlite */ CREATE TRIGGER IF NOT EXISTS audit_entries_once BEFORE INSERT ON audit_entries WHEN EXISTS (SELECT 1 FROM audit_entries WHERE entry_number = NEW.entry_number) BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
