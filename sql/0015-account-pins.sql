-- Why: an account is used from any telephone by a PIN alone, so the PIN has to find the account: its first six digits do, the rest is the secret.

CREATE TABLE IF NOT EXISTS account_pins (
  account_id VARCHAR(36) NOT NULL PRIMARY KEY,
  code VARCHAR(6) NOT NULL UNIQUE,
  pin_hash VARCHAR(255) NOT NULL,
  created_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);
