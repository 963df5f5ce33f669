-- Why: whom a room knows by number (who may enter without a PIN, who is called), and when a room meets.
-- A run of a schedule that dials out is claimed by inserting its row: whoever inserts it dials, however many processes look.

CREATE TABLE IF NOT EXISTS room_list_entries (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  room_id VARCHAR(36) NOT NULL,
  name VARCHAR(100) NOT NULL,
  number_e164 VARCHAR(16) NOT NULL,
  role VARCHAR(12) NOT NULL CHECK (role IN ('host', 'moderator', 'speaker', 'listener', 'coach')),
  language VARCHAR(8) NULL,
  may_enter INTEGER NOT NULL,
  dial_out INTEGER NOT NULL,
  valid_from_ms BIGINT NULL,
  valid_until_ms BIGINT NULL,
  created_at_ms BIGINT NOT NULL,
  UNIQUE (room_id, number_e164),
  FOREIGN KEY (room_id) REFERENCES rooms (id)
);

CREATE INDEX IF NOT EXISTS room_list_entries_by_room ON room_list_entries (room_id, id);
CREATE INDEX IF NOT EXISTS room_list_entries_by_number ON room_list_entries (number_e164, room_id);

CREATE TABLE IF NOT EXISTS room_schedules (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  room_id VARCHAR(36) NOT NULL,
  time_zone VARCHAR(64) NOT NULL,
  starts_local VARCHAR(16) NOT NULL,
  duration_minutes INTEGER NOT NULL,
  repeats VARCHAR(8) NOT NULL CHECK (repeats IN ('never', 'daily', 'weekly', 'monthly')),
  every_count INTEGER NOT NULL,
  weekdays VARCHAR(13) NOT NULL,
  until_date VARCHAR(10) NULL,
  occurrence_count INTEGER NULL,
  early_entry_minutes INTEGER NOT NULL,
  dials_out INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_at_ms BIGINT NOT NULL,
  changed_at_ms BIGINT NOT NULL,
  FOREIGN KEY (room_id) REFERENCES rooms (id)
);

CREATE INDEX IF NOT EXISTS room_schedules_by_room ON room_schedules (room_id, id);
CREATE INDEX IF NOT EXISTS room_schedules_by_dial_out ON room_schedules (dials_out, id);

-- No foreign key: that a run was dialled is kept when its schedule is deleted and made anew.
CREATE TABLE IF NOT EXISTS room_schedule_runs (
  schedule_id VARCHAR(36) NOT NULL,
  starts_at_ms BIGINT NOT NULL,
  room_id VARCHAR(36) NOT NULL,
  claimed_at_ms BIGINT NOT NULL,
  PRIMARY KEY (schedule_id, starts_at_ms)
);

CREATE INDEX IF NOT EXISTS room_schedule_runs_by_start ON room_schedule_runs (starts_at_ms);
