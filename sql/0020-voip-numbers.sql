-- Why: every account has one number of this service; one that was given back rests before somebody else gets it, and who had it when stays known.
-- country (ISO 3166-1 alpha-2) is where an account dials from, language (ISO 639-1) what it hears and reads; both may be unknown.

CREATE TABLE IF NOT EXISTS voip_numbers (
  number VARCHAR(10) NOT NULL PRIMARY KEY,
  state VARCHAR(12) NOT NULL CHECK (state IN ('assigned', 'quarantined')),
  account_id VARCHAR(36) NULL UNIQUE,
  free_at_ms BIGINT NULL,
  CHECK ((state = 'assigned') = (account_id IS NOT NULL)),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS voip_numbers_by_quarantine ON voip_numbers (state, free_at_ms);

CREATE TABLE IF NOT EXISTS voip_number_owners (
  number VARCHAR(10) NOT NULL,
  from_ms BIGINT NOT NULL,
  until_ms BIGINT NULL,
  account_id VARCHAR(36) NOT NULL,
  PRIMARY KEY (number, from_ms)
);

ALTER TABLE accounts ADD COLUMN country VARCHAR(2) NULL;
ALTER TABLE accounts ADD COLUMN language VARCHAR(8) NULL;
