-- Why: a hold knows which way its call goes, what of it minutes bought before pay, and how much of it counts to the day's spending.
-- Spending of the day stands beside the balance, so that credit and day are checked by one statement.

ALTER TABLE credit_holds ADD COLUMN direction VARCHAR(8) NOT NULL DEFAULT 'inbound';
ALTER TABLE credit_holds ADD COLUMN kind VARCHAR(10) NOT NULL DEFAULT 'room';
ALTER TABLE credit_holds ADD COLUMN number_e164 VARCHAR(16) NULL;
ALTER TABLE credit_holds ADD COLUMN included TEXT NULL;
ALTER TABLE credit_holds ADD COLUMN spend_day INTEGER NULL;
ALTER TABLE credit_holds ADD COLUMN day_held_micros BIGINT NOT NULL DEFAULT 0;

ALTER TABLE ledger_accounts ADD COLUMN spend_day INTEGER NULL;
ALTER TABLE ledger_accounts ADD COLUMN day_spent_micros BIGINT NOT NULL DEFAULT 0;

-- How many calls may go on at once; a scope without a row has the house's limit.
CREATE TABLE IF NOT EXISTS call_limits (
  scope VARCHAR(120) NOT NULL PRIMARY KEY,
  most INTEGER NOT NULL CHECK (most >= 0)
);
