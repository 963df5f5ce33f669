-- Why: a price may depend on the time of day, end, be free for the first seconds and have an upper bound; and what a deck's prices are is
-- told by a history of versions, of which one may wait for its moment and the last can be taken back.
-- `version` numbers what changed a deck. Rates of a version count from `published_as` on and no more from `withdrawn_as` on, both compared
-- with the deck's current_version; NULL: not yet. `calendar` is what the version says of time bands; NULL: nothing.

ALTER TABLE rates ADD COLUMN effective_until_ms BIGINT NULL;
ALTER TABLE rates ADD COLUMN grace_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rates ADD COLUMN maximum_charge_micros BIGINT NULL;
ALTER TABLE rates ADD COLUMN band_prices TEXT NULL;
ALTER TABLE rate_decks ADD COLUMN last_version INTEGER NOT NULL DEFAULT 0;

CREATE TABLE IF NOT EXISTS rate_versions (
  deck_id VARCHAR(36) NOT NULL,
  version INTEGER NOT NULL,
  kind VARCHAR(10) NOT NULL CHECK (kind IN ('import', 'calendar', 'return')),
  state VARCHAR(12) NOT NULL CHECK (state IN ('staging', 'scheduled', 'published', 'withdrawn', 'cancelled')),
  source_name VARCHAR(255) NOT NULL,
  rate_count INTEGER NOT NULL,
  calendar TEXT NULL,
  staging_token VARCHAR(36) NULL,
  started_at_ms BIGINT NOT NULL,
  publish_at_ms BIGINT NULL,
  published_at_ms BIGINT NULL,
  published_as INTEGER NULL,
  withdrawn_as INTEGER NULL,
  PRIMARY KEY (deck_id, version),
  FOREIGN KEY (deck_id) REFERENCES rate_decks (id)
);

INSERT INTO rate_versions (deck_id, version, kind, state, source_name, rate_count, staging_token, started_at_ms, published_at_ms, published_as)
SELECT i.deck_id, i.version, 'import', i.state, i.source_name, i.rate_count, i.staging_token, i.started_at_ms,
  CASE WHEN i.state = 'published' THEN i.started_at_ms END, CASE WHEN i.state = 'published' THEN i.version END
FROM rate_imports i
WHERE NOT EXISTS (SELECT 1 FROM rate_versions v WHERE v.deck_id = i.deck_id AND v.version = i.version);

UPDATE rate_decks SET last_version = current_version WHERE last_version < current_version;
