-- Why: what a room's owner decides about it (who enters how, when it ends, what is recorded, how the list is called) is kept beside the room.
-- A table of its own, since a column cannot be added safely twice on both databases; rooms made before get today's defaults.

CREATE TABLE IF NOT EXISTS room_rules (
  room_id VARCHAR(36) NOT NULL PRIMARY KEY,
  allows_listed_entry INTEGER NOT NULL,
  lobby INTEGER NOT NULL,
  waits_for_moderator INTEGER NOT NULL,
  charges_waiting INTEGER NOT NULL,
  entry_sound VARCHAR(8) NOT NULL CHECK (entry_sound IN ('none', 'tone', 'name')),
  participant_role VARCHAR(12) NOT NULL CHECK (participant_role IN ('speaker', 'listener')),
  language VARCHAR(8) NULL,
  ends_alone_after_seconds INTEGER NULL,
  ends_without_moderator_after_seconds INTEGER NULL,
  ends_silent_after_seconds INTEGER NULL,
  max_duration_seconds INTEGER NULL,
  max_wait_seconds INTEGER NOT NULL,
  recording VARCHAR(12) NOT NULL CHECK (recording IN ('off', 'manual', 'automatic')),
  retention_class VARCHAR(12) NOT NULL CHECK (retention_class IN ('short', 'standard', 'long')),
  is_public INTEGER NOT NULL,
  is_broadcast INTEGER NOT NULL,
  dial_out_parallel INTEGER NOT NULL,
  dial_out_attempts INTEGER NOT NULL,
  dial_out_retry_seconds INTEGER NOT NULL,
  caller_id_number VARCHAR(16) NULL,
  CHECK (is_broadcast = 0 OR is_public = 1),
  FOREIGN KEY (room_id) REFERENCES rooms (id)
);

INSERT INTO room_rules (
  room_id, allows_listed_entry, lobby, waits_for_moderator, charges_waiting, entry_sound, participant_role, language,
  ends_alone_after_seconds, ends_without_moderator_after_seconds, ends_silent_after_seconds, max_duration_seconds, max_wait_seconds,
  recording, retention_class, is_public, is_broadcast, dial_out_parallel, dial_out_attempts, dial_out_retry_seconds, caller_id_number
)
SELECT id, 0, 0, 0, 0, 'tone', 'speaker', NULL, 300, NULL, NULL, 14400, 1800, 'manual', 'standard', 0, 0, 3, 2, 60, NULL
FROM rooms WHERE id NOT IN (SELECT room_id FROM room_rules);
