-- Why: an account's telephones prove who they are by a password each, and say where they are to be rung.
-- Of a password only the two hashes are kept that digest authentication works with (RFC 8760); the realm is part of both.

CREATE TABLE IF NOT EXISTS devices (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  name VARCHAR(100) NOT NULL,
  username VARCHAR(20) NOT NULL UNIQUE,
  ha1_md5 VARCHAR(32) NOT NULL,
  ha1_sha256 VARCHAR(64) NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('active', 'revoked')),
  created_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS devices_by_account ON devices (account_id, id);

-- A binding is known by the instance of the telephone and its flow where it tells them (RFC 5626), else by its Contact.
CREATE TABLE IF NOT EXISTS registrations (
  device_id VARCHAR(36) NOT NULL,
  binding VARCHAR(64) NOT NULL,
  binding_text VARCHAR(512) NOT NULL,
  contact_uri VARCHAR(512) NOT NULL,
  call_id VARCHAR(255) NOT NULL,
  cseq BIGINT NOT NULL,
  path VARCHAR(512) NULL,
  received_from VARCHAR(128) NOT NULL,
  user_agent VARCHAR(128) NOT NULL,
  priority_q INTEGER NOT NULL,
  registered_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  PRIMARY KEY (device_id, binding),
  FOREIGN KEY (device_id) REFERENCES devices (id)
);

CREATE INDEX IF NOT EXISTS registrations_by_end ON registrations (expires_at_ms);

-- Each count of a nonce is good once, whichever node sees it.
CREATE TABLE IF NOT EXISTS digest_uses (
  nonce VARCHAR(80) NOT NULL,
  nonce_count INTEGER NOT NULL,
  used_at_ms BIGINT NOT NULL,
  PRIMARY KEY (nonce, nonce_count)
);

CREATE INDEX IF NOT EXISTS digest_uses_by_age ON digest_uses (used_at_ms);

-- Failed tries of a network address or of a username; the addresses from which a telephone has been used by its owner.
CREATE TABLE IF NOT EXISTS sip_failures (
  subject VARCHAR(120) NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  blocks INTEGER NOT NULL,
  since_ms BIGINT NOT NULL,
  blocked_until_ms BIGINT NULL,
  ends_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS sip_failures_by_end ON sip_failures (ends_at_ms);

CREATE TABLE IF NOT EXISTS device_addresses (
  device_id VARCHAR(36) NOT NULL,
  address VARCHAR(64) NOT NULL,
  last_used_at_ms BIGINT NOT NULL,
  PRIMARY KEY (device_id, address)
);

CREATE INDEX IF NOT EXISTS device_addresses_by_address ON device_addresses (address, last_used_at_ms);
CREATE INDEX IF NOT EXISTS device_addresses_by_age ON device_addresses (last_used_at_ms);

-- How an account wants to be reached; an account without a row is rung for 30 s and has no voicemail.
CREATE TABLE IF NOT EXISTS call_handling (
  account_id VARCHAR(36) NOT NULL PRIMARY KEY,
  do_not_disturb INTEGER NOT NULL,
  ring_seconds INTEGER NOT NULL,
  forward_busy VARCHAR(40) NULL,
  forward_no_answer VARCHAR(40) NULL,
  forward_unreachable VARCHAR(40) NULL,
  voicemail_to VARCHAR(254) NULL,
  changed_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE TABLE IF NOT EXISTS voicemails (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  cdr_id VARCHAR(36) NOT NULL UNIQUE,
  from_number VARCHAR(64) NULL,
  seconds INTEGER NOT NULL,
  sound_file VARCHAR(255) NOT NULL,
  left_at_ms BIGINT NOT NULL,
  mailed_at_ms BIGINT NULL,
  heard_at_ms BIGINT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS voicemails_by_account ON voicemails (account_id, left_at_ms, id);

-- Secrets that all application nodes share.
CREATE TABLE IF NOT EXISTS shared_secrets (
  name VARCHAR(40) NOT NULL PRIMARY KEY,
  value VARCHAR(128) NOT NULL
);
