-- Why: what the carrier takes for a leg stands beside what the payer is charged, and the margin where both are in one currency.
-- margin_micros is in cost_currency; it is NULL, and cost_working says why, when charge and cost cannot be compared.

ALTER TABLE cdrs ADD COLUMN cost_micros BIGINT NULL;
ALTER TABLE cdrs ADD COLUMN cost_currency VARCHAR(3) NULL;
ALTER TABLE cdrs ADD COLUMN cost_working TEXT NULL;
ALTER TABLE cdrs ADD COLUMN margin_micros BIGINT NULL;
