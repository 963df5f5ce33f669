-- Why: who calls and pays, through which trunks and access numbers, into which rooms.
-- Ids are text, times are milliseconds since 1970 UTC, money is BIGINT micros; the same statements run on MariaDB and SQLite.

CREATE TABLE IF NOT EXISTS accounts (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  name VARCHAR(200) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('active', 'limited', 'suspended', 'closed')),
  deck_id VARCHAR(36) NULL,
  created_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS api_keys (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  label VARCHAR(200) NOT NULL,
  role VARCHAR(20) NOT NULL,
  secret_fingerprint VARCHAR(64) NOT NULL UNIQUE,
  created_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NULL,
  revoked_at_ms BIGINT NULL
);

CREATE TABLE IF NOT EXISTS trunks (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL UNIQUE,
  state VARCHAR(12) NOT NULL CHECK (state IN ('active', 'disabled')),
  trusts_caller_id INTEGER NOT NULL,
  created_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS trunk_addresses (
  trunk_id VARCHAR(36) NOT NULL,
  cidr VARCHAR(60) NOT NULL,
  PRIMARY KEY (cidr),
  FOREIGN KEY (trunk_id) REFERENCES trunks (id)
);

CREATE TABLE IF NOT EXISTS access_numbers (
  number_e164 VARCHAR(16) NOT NULL PRIMARY KEY,
  language VARCHAR(8) NOT NULL,
  country VARCHAR(2) NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('active', 'disabled')),
  created_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS rooms (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  owner_account_id VARCHAR(36) NOT NULL,
  name VARCHAR(200) NOT NULL,
  room_number VARCHAR(9) NOT NULL UNIQUE,
  participant_pin_hash VARCHAR(255) NOT NULL,
  moderator_pin_hash VARCHAR(255) NOT NULL,
  max_seats INTEGER NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('open', 'closed')),
  created_at_ms BIGINT NOT NULL,
  FOREIGN KEY (owner_account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS rooms_by_owner ON rooms (owner_account_id, id);
