-- Why: numbers that carriers lend us are an inventory: what each costs, whose it is, where it leads, and who had it when.
-- Access numbers are such numbers too, those that lead to the menu, so their table goes into this one; its columns are all kept.
-- owner_account_id is who pays, or for whom a number is reserved; until_ms ends a reservation or a quarantine.

CREATE TABLE IF NOT EXISTS dids (
  number_e164 VARCHAR(16) NOT NULL PRIMARY KEY,
  state VARCHAR(12) NOT NULL CHECK (state IN ('available', 'reserved', 'assigned', 'quarantined')),
  trunk_id VARCHAR(36) NULL,
  channel_limit INTEGER NULL CHECK (channel_limit >= 1),
  rate_deck_id VARCHAR(36) NULL,
  currency VARCHAR(3) NULL,
  setup_fee_micros BIGINT NOT NULL CHECK (setup_fee_micros >= 0),
  monthly_fee_micros BIGINT NOT NULL CHECK (monthly_fee_micros >= 0),
  owner_account_id VARCHAR(36) NULL,
  target_kind VARCHAR(10) NULL CHECK (target_kind IN ('user', 'room', 'menu', 'host-line')),
  target_account_id VARCHAR(36) NULL,
  target_room_id VARCHAR(36) NULL,
  menu_language VARCHAR(8) NULL,
  menu_country VARCHAR(2) NULL,
  until_ms BIGINT NULL,
  created_at_ms BIGINT NOT NULL,
  CHECK ((state = 'assigned') = (target_kind IS NOT NULL)),
  FOREIGN KEY (trunk_id) REFERENCES trunks (id),
  FOREIGN KEY (rate_deck_id) REFERENCES rate_decks (id),
  FOREIGN KEY (owner_account_id) REFERENCES accounts (id),
  FOREIGN KEY (target_account_id) REFERENCES accounts (id),
  FOREIGN KEY (target_room_id) REFERENCES rooms (id)
);

CREATE INDEX IF NOT EXISTS dids_by_owner ON dids (owner_account_id, number_e164);
CREATE INDEX IF NOT EXISTS dids_by_state ON dids (state, number_e164);
CREATE INDEX IF NOT EXISTS dids_by_target ON dids (target_kind, number_e164);

-- The fees are those that were agreed when the number was assigned. An empty account_id: the house's own.
CREATE TABLE IF NOT EXISTS did_owners (
  number_e164 VARCHAR(16) NOT NULL,
  from_ms BIGINT NOT NULL,
  until_ms BIGINT NULL,
  account_id VARCHAR(36) NULL,
  currency VARCHAR(3) NULL,
  setup_fee_micros BIGINT NOT NULL,
  monthly_fee_micros BIGINT NOT NULL,
  PRIMARY KEY (number_e164, from_ms)
);

INSERT INTO dids (number_e164, state, setup_fee_micros, monthly_fee_micros, target_kind, menu_language, menu_country, created_at_ms)
SELECT number_e164, CASE WHEN state = 'active' THEN 'assigned' ELSE 'available' END, 0, 0,
  CASE WHEN state = 'active' THEN 'menu' END, language, country, created_at_ms
FROM access_numbers
WHERE number_e164 NOT IN (SELECT number_e164 FROM dids);

INSERT INTO did_owners (number_e164, from_ms, setup_fee_micros, monthly_fee_micros)
SELECT number_e164, created_at_ms, 0, 0 FROM dids
WHERE state = 'assigned' AND number_e164 NOT IN (SELECT number_e164 FROM did_owners);
