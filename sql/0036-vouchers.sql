-- Why: credit is sold as codes too. A code is kept only as what scrypt makes of it; each is redeemed by one conditional statement.

CREATE TABLE IF NOT EXISTS voucher_batches (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  label VARCHAR(200) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
  voucher_count INTEGER NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  made_by VARCHAR(120) NOT NULL,
  created_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT NULL,
  ended_because VARCHAR(10) NULL
);

CREATE INDEX IF NOT EXISTS voucher_batches_by_end ON voucher_batches (ended_at_ms, expires_at_ms);

CREATE TABLE IF NOT EXISTS vouchers (
  code_fingerprint VARCHAR(64) NOT NULL PRIMARY KEY,
  id VARCHAR(36) NOT NULL UNIQUE,
  batch_id VARCHAR(36) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'redeemed', 'expired', 'cancelled')),
  redeemed_by VARCHAR(36) NULL,
  redeemed_at_ms BIGINT NULL,
  FOREIGN KEY (batch_id) REFERENCES voucher_batches (id)
);

CREATE INDEX IF NOT EXISTS vouchers_by_batch ON vouchers (batch_id, state);

CREATE TABLE IF NOT EXISTS voucher_guesses (
  subject VARCHAR(120) NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_failure_at_ms BIGINT NOT NULL,
  locked_until_ms BIGINT NOT NULL
);
