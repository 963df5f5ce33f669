-- Why: legs of one call are found together, a leg keeps whose it was that day, and what the carrier's side of it is priced by.

ALTER TABLE cdrs ADD COLUMN call_id VARCHAR(36) NULL;
ALTER TABLE cdrs ADD COLUMN account_id VARCHAR(36) NULL;
ALTER TABLE cdrs ADD COLUMN device_id VARCHAR(36) NULL;
ALTER TABLE cdrs ADD COLUMN cost_deck_id VARCHAR(36) NULL;
ALTER TABLE cdrs ADD COLUMN is_withheld INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cdrs ADD COLUMN caller_identity VARCHAR(40) NULL;

UPDATE cdrs SET call_id = id WHERE call_id IS NULL;

CREATE INDEX IF NOT EXISTS cdrs_by_call ON cdrs (call_id, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_account ON cdrs (account_id, started_at_ms, id);
