-- Why: the sound of a message lies encrypted on the disk of the node that took it, and one call may leave several messages.
-- Nothing was ever written into the table of 0017-phones, so it is made anew.

DROP TABLE IF EXISTS voicemails;

CREATE TABLE IF NOT EXISTS voicemails (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  account_id VARCHAR(36) NOT NULL,
  cdr_id VARCHAR(36) NOT NULL,
  node_id VARCHAR(36) NOT NULL,
  from_number VARCHAR(64) NULL,
  seconds INTEGER NOT NULL,
  sound_file VARCHAR(255) NOT NULL,
  left_at_ms BIGINT NOT NULL,
  mailed_at_ms BIGINT NULL,
  heard_at_ms BIGINT NULL,
  FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE INDEX IF NOT EXISTS voicemails_by_account ON voicemails (account_id, id);
CREATE INDEX IF NOT EXISTS voicemails_by_age ON voicemails (node_id, left_at_ms);
CREATE INDEX IF NOT EXISTS voicemails_by_hearing ON voicemails (node_id, heard_at_ms);
