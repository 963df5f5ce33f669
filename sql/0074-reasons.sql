-- Why: staff sees what belongs to people only after saying what for, and the reason stands beside each read in the audit log.

ALTER TABLE sessions ADD COLUMN reason VARCHAR(500) NULL;
ALTER TABLE sessions ADD COLUMN reason_subject VARCHAR(200) NULL;
ALTER TABLE sessions ADD COLUMN reason_until_ms BIGINT NULL;
