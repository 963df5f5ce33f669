-- Why: hosts, agencies and resellers earn shares. A share is credited once for its cause, waits until it can no longer be disputed, and is paid out
-- with others; what was clawed back counts against them.

CREATE TABLE IF NOT EXISTS earnings (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  source_key VARCHAR(150) NOT NULL UNIQUE,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros <> 0),
  note VARCHAR(500) NOT NULL,
  earned_at_ms BIGINT NOT NULL,
  matures_at_ms BIGINT NOT NULL,
  payout_id VARCHAR(36) NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS earnings_by_account ON earnings (account_id, currency, payout_id, matures_at_ms);
CREATE INDEX IF NOT EXISTS earnings_by_payout ON earnings (payout_id, id);

CREATE TABLE IF NOT EXISTS payouts (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
  state VARCHAR(10) NOT NULL CHECK (state IN ('pending', 'paid', 'failed')),
  made_by VARCHAR(200) NOT NULL,
  made_at_ms BIGINT NOT NULL,
  ended_by VARCHAR(200) NULL,
  ended_note VARCHAR(200) NULL,
  ended_at_ms BIGINT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS payouts_by_account ON payouts (account_id, id);
CREATE INDEX IF NOT EXISTS payouts_by_state ON payouts (state, id);
