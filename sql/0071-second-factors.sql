-- Why: a password that was stolen alone opens nothing. Secrets of authenticator programs are sealed, recovery codes are hashed, and of passkeys only
-- the public half is here.

-- confirmed_at_ms: null until the first code was typed; last_step: the newest 30 s step whose code was used, so that none counts twice.
CREATE TABLE IF NOT EXISTS totp_secrets (
  person_id VARCHAR(36) NOT NULL PRIMARY KEY,
  sealed_secret VARCHAR(200) NOT NULL,
  confirmed_at_ms BIGINT NULL,
  last_step BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  FOREIGN KEY (person_id) REFERENCES people (id)
);

CREATE TABLE IF NOT EXISTS recovery_codes (
  person_id VARCHAR(36) NOT NULL,
  code_fingerprint VARCHAR(64) NOT NULL,
  PRIMARY KEY (person_id, code_fingerprint),
  FOREIGN KEY (person_id) REFERENCES people (id)
);

CREATE TABLE IF NOT EXISTS passkeys (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  person_id VARCHAR(36) NOT NULL,
  credential_fingerprint VARCHAR(64) NOT NULL UNIQUE,
  credential_id TEXT NOT NULL,
  public_key TEXT NOT NULL,
  use_count BIGINT NOT NULL,
  transports VARCHAR(200) NOT NULL,
  name VARCHAR(100) NOT NULL,
  created_at_ms BIGINT NOT NULL,
  used_at_ms BIGINT NULL,
  FOREIGN KEY (person_id) REFERENCES people (id)
);

CREATE INDEX IF NOT EXISTS passkeys_by_person ON passkeys (person_id);

-- A challenge is answered once. person_id: for whom a passkey is being made; null: somebody signs in.
CREATE TABLE IF NOT EXISTS passkey_challenges (
  challenge_fingerprint VARCHAR(64) NOT NULL PRIMARY KEY,
  person_id VARCHAR(36) NULL,
  expires_at_ms BIGINT NOT NULL
);
