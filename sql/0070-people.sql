-- Why: people sign in with a mail address and a password instead of sharing keys. Secrets (cookies, links, passwords) are stored as hashes only,
-- and tries at signing in are counted where all nodes see them.

CREATE TABLE IF NOT EXISTS people (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  name VARCHAR(200) NOT NULL,
  mail VARCHAR(254) NOT NULL UNIQUE,
  mail_verified_at_ms BIGINT NULL,
  phone VARCHAR(16) NULL,
  phone_verified_at_ms BIGINT NULL,
  language VARCHAR(6) NULL,
  country VARCHAR(2) NULL,
  role VARCHAR(12) NOT NULL,
  account_id VARCHAR(36) NULL,
  state VARCHAR(8) NOT NULL CHECK (state IN ('active', 'blocked')),
  password_hash VARCHAR(255) NOT NULL,
  created_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS people_by_role ON people (role, state);

-- stage: a session whose person has yet to show a second factor gives no rights.
CREATE TABLE IF NOT EXISTS sessions (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  secret_fingerprint VARCHAR(64) NOT NULL UNIQUE,
  person_id VARCHAR(36) NOT NULL,
  stage VARCHAR(13) NOT NULL CHECK (stage IN ('second-factor', 'signed-in')),
  address VARCHAR(45) NOT NULL,
  browser VARCHAR(200) NOT NULL,
  created_at_ms BIGINT NOT NULL,
  seen_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  FOREIGN KEY (person_id) REFERENCES people (id)
);

CREATE INDEX IF NOT EXISTS sessions_by_person ON sessions (person_id);
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (expires_at_ms);

CREATE TABLE IF NOT EXISTS one_time_links (
  token_fingerprint VARCHAR(64) NOT NULL PRIMARY KEY,
  kind VARCHAR(20) NOT NULL,
  subject VARCHAR(254) NOT NULL,
  role VARCHAR(12) NULL,
  expires_at_ms BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS one_time_links_by_subject ON one_time_links (kind, subject);

-- subject: fingerprint of an address, a mail address, or both together.
CREATE TABLE IF NOT EXISTS sign_in_tries (
  subject VARCHAR(64) NOT NULL PRIMARY KEY,
  tries INTEGER NOT NULL,
  wait_until_ms BIGINT NOT NULL,
  last_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS sign_in_tries_by_age ON sign_in_tries (last_at_ms);

-- Where a person has signed in from before: guesses of others do not keep him out there.
CREATE TABLE IF NOT EXISTS known_addresses (
  person_id VARCHAR(36) NOT NULL,
  address VARCHAR(45) NOT NULL,
  last_at_ms BIGINT NOT NULL,
  PRIMARY KEY (person_id, address),
  FOREIGN KEY (person_id) REFERENCES people (id)
);
