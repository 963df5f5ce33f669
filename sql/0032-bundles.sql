-- Why: minutes that were bought before are used before money, in whole, by parallel calls too: what a call may still use is held like credit.

CREATE TABLE IF NOT EXISTS bundles (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  name VARCHAR(100) NOT NULL,
  seconds_per_period BIGINT NOT NULL CHECK (seconds_per_period > 0),
  period VARCHAR(5) NOT NULL CHECK (period IN ('once', 'day', 'month')),
  priority INTEGER NOT NULL,
  valid_from_ms BIGINT NOT NULL,
  valid_until_ms BIGINT NOT NULL,
  granted_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS bundles_by_account ON bundles (account_id, valid_until_ms);

CREATE TABLE IF NOT EXISTS bundle_prefixes (
  bundle_id VARCHAR(36) NOT NULL,
  prefix VARCHAR(14) NOT NULL,
  PRIMARY KEY (bundle_id, prefix),
  FOREIGN KEY (bundle_id) REFERENCES bundles (id)
);

CREATE TABLE IF NOT EXISTS bundle_periods (
  bundle_id VARCHAR(36) NOT NULL,
  period_start_ms BIGINT NOT NULL,
  held_seconds BIGINT NOT NULL CHECK (held_seconds >= 0),
  used_seconds BIGINT NOT NULL CHECK (used_seconds >= 0),
  PRIMARY KEY (bundle_id, period_start_ms)
);
