-- Why: people sign in with an account that they have elsewhere. Of that account a fingerprint is kept (issuer and subject), the mail address that was
-- shown with it, and nothing else.

CREATE TABLE IF NOT EXISTS person_links (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  person_id VARCHAR(36) NOT NULL,
  provider VARCHAR(20) NOT NULL,
  identity_fingerprint VARCHAR(64) NOT NULL UNIQUE,
  mail VARCHAR(254) NULL,
  created_at_ms BIGINT NOT NULL,
  used_at_ms BIGINT NULL,
  FOREIGN KEY (person_id) REFERENCES people (id)
);

CREATE INDEX IF NOT EXISTS person_links_by_person ON person_links (person_id);

-- Way back from a provider that was taken: it is not taken twice.
CREATE TABLE IF NOT EXISTS spent_sign_ins (
  secret_fingerprint VARCHAR(64) NOT NULL PRIMARY KEY,
  expires_at_ms BIGINT NOT NULL
);

-- Who signs up with an identity of a provider has it linked when his mail address is confirmed.
ALTER TABLE sign_ups ADD COLUMN provider VARCHAR(20) NULL;
ALTER TABLE sign_ups ADD COLUMN identity_fingerprint VARCHAR(64) NULL;
