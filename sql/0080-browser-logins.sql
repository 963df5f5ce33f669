-- Why: a page is a telephone for some hours only; its password must run out by itself.

ALTER TABLE devices ADD COLUMN kind VARCHAR(8) NOT NULL DEFAULT 'phone';
ALTER TABLE devices ADD COLUMN expires_at_ms BIGINT NULL;
