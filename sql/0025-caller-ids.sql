-- Why: an account shows a number to the outside only when it has proven that it answers there, by a code that was spoken to that number.
-- A code is kept as a hash. Slots limit how often a number is called and an account asks: each is one row that is free again at its end.

CREATE TABLE IF NOT EXISTS proven_numbers (
  account_id VARCHAR(36) NOT NULL,
  number_e164 VARCHAR(16) NOT NULL,
  proven_at_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, number_e164),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE TABLE IF NOT EXISTS number_proofs (
  account_id VARCHAR(36) NOT NULL,
  number_e164 VARCHAR(16) NOT NULL,
  code_hash VARCHAR(255) NOT NULL,
  tries INTEGER NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  PRIMARY KEY (account_id, number_e164),
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS number_proofs_by_end ON number_proofs (expires_at_ms);

CREATE TABLE IF NOT EXISTS number_proof_slots (
  subject VARCHAR(60) NOT NULL,
  slot INTEGER NOT NULL,
  until_ms BIGINT NOT NULL,
  PRIMARY KEY (subject, slot)
);

CREATE INDEX IF NOT EXISTS number_proof_slots_by_end ON number_proof_slots (until_ms);

CREATE TABLE IF NOT EXISTS caller_id_choices (
  account_id VARCHAR(36) NOT NULL PRIMARY KEY,
  number_e164 VARCHAR(16) NULL,
  withholds INTEGER NOT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);
