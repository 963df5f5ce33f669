-- Why: a plan is sold as it was published; a month of it is charged once, and a trial is had once by a person.

CREATE TABLE IF NOT EXISTS plans (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL UNIQUE,
  currency VARCHAR(3) NOT NULL,
  monthly_fee_micros BIGINT NOT NULL CHECK (monthly_fee_micros >= 0),
  trial_days INTEGER NOT NULL CHECK (trial_days >= 0),
  included TEXT NULL,
  state VARCHAR(9) NOT NULL CHECK (state IN ('active', 'withdrawn')),
  created_at_ms BIGINT NOT NULL
);

-- One row for each time an account has a plan; a change at the end of a period ends one row and begins the next.
CREATE TABLE IF NOT EXISTS plan_subscriptions (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  plan_id VARCHAR(36) NOT NULL,
  starts_at_ms BIGINT NOT NULL,
  trial_until_ms BIGINT NULL,
  ends_at_ms BIGINT NULL,
  open_account_id VARCHAR(36) NULL UNIQUE,
  created_at_ms BIGINT NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id),
  FOREIGN KEY (plan_id) REFERENCES plans (id)
);

CREATE INDEX IF NOT EXISTS plan_subscriptions_by_account ON plan_subscriptions (account_id, starts_at_ms);

CREATE TABLE IF NOT EXISTS trials_used (
  person_key VARCHAR(80) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  plan_id VARCHAR(36) NOT NULL,
  began_at_ms BIGINT NOT NULL
);
