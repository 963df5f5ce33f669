-- Why: a key may belong to an account and then reaches only what is that account's own.

ALTER TABLE api_keys ADD COLUMN account_id VARCHAR(36) NULL;
