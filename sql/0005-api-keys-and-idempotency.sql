-- Why: keys carry scopes beside their role, and a POST that is sent again gives its first answer instead of a second effect.

CREATE TABLE IF NOT EXISTS api_key_scopes (
  key_id VARCHAR(36) NOT NULL,
  scope VARCHAR(40) NOT NULL,
  PRIMARY KEY (key_id, scope),
  FOREIGN KEY (key_id) REFERENCES api_keys (id)
);

CREATE TABLE IF NOT EXISTS api_requests (
  caller_id VARCHAR(36) NOT NULL,
  idempotency_key VARCHAR(255) NOT NULL,
  request_fingerprint VARCHAR(64) NOT NULL,
  status INTEGER NULL,
  answer TEXT NULL,
  started_at_ms BIGINT NOT NULL,
  PRIMARY KEY (caller_id, idempotency_key)
);

CREATE INDEX IF NOT EXISTS api_requests_by_age ON api_requests (started_at_ms);
