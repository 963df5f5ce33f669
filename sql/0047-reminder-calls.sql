-- Why: a reminder is called out once, whatever dies between the call and the note that its job is done.

CREATE TABLE IF NOT EXISTS reminder_calls (
  call_key VARCHAR(120) NOT NULL PRIMARY KEY,
  call_id VARCHAR(36) NOT NULL,
  account_id VARCHAR(36) NOT NULL,
  begun_at_ms BIGINT NOT NULL
);
