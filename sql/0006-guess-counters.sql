-- Why: guesses at Room IDs and PINs are counted beyond the end of a call, and the owner of a room is told when somebody guesses.
-- A subject is a room by its id, a caller's number or a trunk; neither a Room ID nor a PIN nor any room that does not exist stands here.

CREATE TABLE IF NOT EXISTS guess_counters (
  subject VARCHAR(120) NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  since_ms BIGINT NOT NULL,
  locked_until_ms BIGINT NULL,
  ends_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS guess_counters_by_end ON guess_counters (ends_at_ms);

CREATE TABLE IF NOT EXISTS room_known_callers (
  room_id VARCHAR(36) NOT NULL,
  caller_number VARCHAR(64) NOT NULL,
  entered_at_ms BIGINT NOT NULL,
  PRIMARY KEY (room_id, caller_number)
);

CREATE INDEX IF NOT EXISTS room_known_callers_by_age ON room_known_callers (entered_at_ms);

CREATE TABLE IF NOT EXISTS alerts (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  kind VARCHAR(40) NOT NULL,
  owner_account_id VARCHAR(36) NULL,
  room_id VARCHAR(36) NULL,
  caller_number VARCHAR(64) NULL,
  trunk_id VARCHAR(36) NULL,
  raised_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS alerts_by_owner ON alerts (owner_account_id, raised_at_ms, id);
CREATE INDEX IF NOT EXISTS alerts_by_age ON alerts (raised_at_ms);
