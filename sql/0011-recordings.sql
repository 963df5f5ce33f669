-- Why: what was recorded in a room, who heard that it was, who listened to it, and when it goes. The sound itself is an encrypted file.
-- No foreign keys: that there was a recording, and who agreed to it, is kept when the room is gone.

CREATE TABLE IF NOT EXISTS recordings (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  room_id VARCHAR(36) NOT NULL,
  room_session_id VARCHAR(36) NOT NULL,
  node_id VARCHAR(36) NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('recording', 'done', 'cut-short', 'deleted')),
  started_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT NULL,
  audio_bytes BIGINT NOT NULL,
  file_bytes BIGINT NOT NULL,
  sha256 VARCHAR(64) NULL,
  key_id VARCHAR(16) NOT NULL,
  file_name VARCHAR(60) NOT NULL,
  retention_class VARCHAR(12) NOT NULL CHECK (retention_class IN ('short', 'standard', 'long')),
  delete_after_ms BIGINT NULL,
  legal_hold INTEGER NOT NULL,
  deleted_at_ms BIGINT NULL
);

CREATE INDEX IF NOT EXISTS recordings_by_room ON recordings (room_id, id);
CREATE INDEX IF NOT EXISTS recordings_by_session ON recordings (room_session_id, id);
CREATE INDEX IF NOT EXISTS recordings_by_state ON recordings (node_id, state, delete_after_ms);

CREATE TABLE IF NOT EXISTS recording_consents (
  recording_id VARCHAR(36) NOT NULL,
  cdr_id VARCHAR(36) NOT NULL,
  heard_at_ms BIGINT NOT NULL,
  how VARCHAR(24) NOT NULL CHECK (how IN ('announced-on-entry', 'announced-at-start')),
  left_at_ms BIGINT NULL,
  PRIMARY KEY (recording_id, cdr_id)
);

CREATE INDEX IF NOT EXISTS recording_consents_by_cdr ON recording_consents (cdr_id);

CREATE TABLE IF NOT EXISTS recording_downloads (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  recording_id VARCHAR(36) NOT NULL,
  key_id VARCHAR(36) NOT NULL,
  key_label VARCHAR(200) NOT NULL,
  downloaded_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS recording_downloads_by_recording ON recording_downloads (recording_id, id);
