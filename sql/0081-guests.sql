-- Why: who opened a room by its PIN in a page enters it by SIP without typing the PIN again, and acts in it, for some hours.

CREATE TABLE IF NOT EXISTS guests (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  room_id VARCHAR(36) NOT NULL,
  role VARCHAR(16) NOT NULL,
  name VARCHAR(100) NOT NULL,
  username VARCHAR(32) NOT NULL UNIQUE,
  ha1_md5 VARCHAR(32) NOT NULL,
  ha1_sha256 VARCHAR(64) NOT NULL,
  token_hash VARCHAR(64) NOT NULL UNIQUE,
  created_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS guests_by_room ON guests (room_id);
CREATE INDEX IF NOT EXISTS guests_by_end ON guests (expires_at_ms);
