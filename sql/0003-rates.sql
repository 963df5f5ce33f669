-- Why: prices come as decks that are imported whole; a stored rate is never changed, so an old bill can always be worked out again.
-- Rates of a version above the deck's current_version are still being imported and are not valid yet.

CREATE TABLE IF NOT EXISTS rate_decks (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL UNIQUE,
  currency VARCHAR(3) NOT NULL,
  charge_decimals INTEGER NOT NULL CHECK (charge_decimals BETWEEN 0 AND 6),
  current_version INTEGER NOT NULL,
  created_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS rate_imports (
  deck_id VARCHAR(36) NOT NULL,
  version INTEGER NOT NULL,
  source_name VARCHAR(255) NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('staging', 'published')),
  rate_count INTEGER NOT NULL,
  staging_token VARCHAR(36) NOT NULL,
  started_at_ms BIGINT NOT NULL,
  PRIMARY KEY (deck_id, version),
  FOREIGN KEY (deck_id) REFERENCES rate_decks (id)
);

CREATE TABLE IF NOT EXISTS rates (
  deck_id VARCHAR(36) NOT NULL,
  prefix VARCHAR(14) NOT NULL,
  effective_from_ms BIGINT NOT NULL,
  version INTEGER NOT NULL,
  destination VARCHAR(100) NOT NULL,
  price_per_minute_micros BIGINT NOT NULL CHECK (price_per_minute_micros >= 0),
  connect_fee_micros BIGINT NOT NULL CHECK (connect_fee_micros >= 0),
  first_increment_seconds INTEGER NOT NULL CHECK (first_increment_seconds >= 1),
  next_increment_seconds INTEGER NOT NULL CHECK (next_increment_seconds >= 1),
  minimum_seconds INTEGER NOT NULL CHECK (minimum_seconds >= 0),
  minimum_charge_micros BIGINT NOT NULL CHECK (minimum_charge_micros >= 0),
  PRIMARY KEY (deck_id, prefix, effective_from_ms, version),
  FOREIGN KEY (deck_id) REFERENCES rate_decks (id)
);

CREATE INDEX IF NOT EXISTS rates_by_version ON rates (deck_id, version);
