-- Why: a leg may wait before it is charged, be the third try of a dial-out, or belong to one run of a room; and roles got their own names.

ALTER TABLE cdrs ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
ALTER TABLE cdrs ADD COLUMN room_session_id VARCHAR(36) NULL;
ALTER TABLE cdrs ADD COLUMN ringing_at_ms BIGINT NULL;
ALTER TABLE cdrs ADD COLUMN waited_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cdrs ADD COLUMN hangup_cause VARCHAR(64) NULL;

UPDATE cdrs SET room_role = 'speaker' WHERE room_role = 'participant';

CREATE INDEX IF NOT EXISTS cdrs_by_room_session ON cdrs (room_session_id, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_direction ON cdrs (direction, started_at_ms, id);
