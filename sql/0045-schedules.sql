-- Why: work by the calendar must be done once over all nodes and not be missed because no process lived at its minute.
-- lease_token counts the turns taken, so what a runner that lost its lease still writes can be told from its follower's.

CREATE TABLE IF NOT EXISTS schedules (
  name VARCHAR(60) NOT NULL PRIMARY KEY,
  cron VARCHAR(60) NOT NULL,
  due_at_ms BIGINT NOT NULL,
  try_at_ms BIGINT NOT NULL,
  failures INTEGER NOT NULL,
  lease_token BIGINT NOT NULL,
  lease_until_ms BIGINT NULL,
  started_at_ms BIGINT NULL,
  finished_at_ms BIGINT NULL,
  last_result TEXT NULL,
  last_error TEXT NULL
);
