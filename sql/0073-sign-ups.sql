-- Why: who signs up agrees to named versions of named policies, and it is known afterwards to which and when. Until the mail address is confirmed
-- there is no person and no account, and what was typed is forgotten when the link expires.

CREATE TABLE IF NOT EXISTS policies (
  policy_id VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  language VARCHAR(6) NOT NULL,
  title VARCHAR(200) NOT NULL,
  text_url VARCHAR(500) NOT NULL,
  published_at_ms BIGINT NOT NULL,
  PRIMARY KEY (policy_id, version, language)
);

-- policy_id 'analysis-cookies' with version 0 is the choice about cookies that are not needed.
CREATE TABLE IF NOT EXISTS consents (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  person_id VARCHAR(36) NOT NULL,
  policy_id VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  agreed INTEGER NOT NULL CHECK (agreed IN (0, 1)),
  at_ms BIGINT NOT NULL,
  FOREIGN KEY (person_id) REFERENCES people (id)
);

CREATE INDEX IF NOT EXISTS consents_by_person ON consents (person_id, policy_id, version);

CREATE TABLE IF NOT EXISTS sign_ups (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  name VARCHAR(200) NOT NULL,
  mail VARCHAR(254) NOT NULL,
  phone VARCHAR(16) NOT NULL,
  country VARCHAR(2) NOT NULL,
  language VARCHAR(6) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  deck_id VARCHAR(36) NULL,
  password_hash VARCHAR(255) NOT NULL,
  policies TEXT NOT NULL,
  analysis_cookies INTEGER NOT NULL CHECK (analysis_cookies IN (0, 1)),
  expires_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS sign_ups_by_end ON sign_ups (expires_at_ms);
