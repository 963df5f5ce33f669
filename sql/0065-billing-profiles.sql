-- Why: an invoice names who sells and who buys, in their words, with their tax numbers; `id` is an account's, or `house` for the seller.

CREATE TABLE IF NOT EXISTS billing_profiles (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  company_name VARCHAR(200) NULL,
  street VARCHAR(200) NULL,
  postal_code VARCHAR(20) NULL,
  city VARCHAR(100) NULL,
  region VARCHAR(40) NULL,
  country VARCHAR(2) NULL,
  vat_number VARCHAR(20) NULL,
  mail VARCHAR(254) NULL,
  phone VARCHAR(16) NULL,
  time_zone VARCHAR(60) NULL,
  payment_terms_days INTEGER NULL,
  reminder_plan_id VARCHAR(36) NULL,
  wants_reminder_calls INTEGER NOT NULL DEFAULT 0,
  bank_details VARCHAR(200) NULL,
  number_prefix VARCHAR(8) NULL,
  changed_at_ms BIGINT NOT NULL
);

-- Taxes that the house charges by place and date, beside the standard rates of the EU that the program knows. rate_ppm: millionths.
CREATE TABLE IF NOT EXISTS tax_rules (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  country VARCHAR(2) NOT NULL,
  region VARCHAR(40) NOT NULL,
  name VARCHAR(60) NOT NULL,
  rate_ppm INTEGER NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
  valid_from_ms BIGINT NOT NULL,
  valid_until_ms BIGINT NULL,
  created_at_ms BIGINT NOT NULL,
  UNIQUE (country, region, name, valid_from_ms)
);
