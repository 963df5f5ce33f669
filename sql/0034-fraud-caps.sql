-- Why: what a stolen password can cost is bounded before it is used: prices, sums, places and bursts that an account may call.
-- subject is an account's id, or a currency: the house's caps for accounts of that currency. NULL is the house's, or the program's, value.

CREATE TABLE IF NOT EXISTS fraud_caps (
  subject VARCHAR(36) NOT NULL PRIMARY KEY,
  max_price_per_minute_micros BIGINT NULL CHECK (max_price_per_minute_micros >= 0),
  max_call_cost_micros BIGINT NULL CHECK (max_call_cost_micros >= 0),
  max_day_cost_micros BIGINT NULL CHECK (max_day_cost_micros >= 0),
  premium_numbers_per_day INTEGER NULL CHECK (premium_numbers_per_day >= 0),
  short_calls_per_ten_minutes INTEGER NULL CHECK (short_calls_per_ten_minutes >= 0),
  night_calls_per_hour INTEGER NULL CHECK (night_calls_per_hour >= 0),
  home_countries VARCHAR(200) NULL,
  time_zone VARCHAR(64) NULL
);

CREATE TABLE IF NOT EXISTS opened_countries (
  account_id VARCHAR(36) NOT NULL,
  country VARCHAR(5) NOT NULL,
  opened_at_ms BIGINT NOT NULL,
  open_until_ms BIGINT NOT NULL,
  opened_by VARCHAR(120) NOT NULL,
  PRIMARY KEY (account_id, country),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);
