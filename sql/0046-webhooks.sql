-- Why: other programs are told what happened, exactly what was stored with its cause, in order for each thing, until they have taken it.
-- No foreign keys: deliveries are written in the transactions of calls, which must not wait for somebody who edits an endpoint.

CREATE TABLE IF NOT EXISTS webhook_endpoints (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  url VARCHAR(500) NOT NULL,
  description VARCHAR(200) NOT NULL,
  kinds TEXT NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('active', 'paused')),
  secret_number INTEGER NOT NULL,
  former_secret_until_ms BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS webhook_events (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  kind VARCHAR(40) NOT NULL,
  object_key VARCHAR(120) NOT NULL,
  account_id VARCHAR(36) NULL,
  facts TEXT NOT NULL,
  recorded_at_ms BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS webhook_events_by_time ON webhook_events (recorded_at_ms, id);

CREATE TABLE IF NOT EXISTS webhook_deliveries (
  endpoint_id VARCHAR(36) NOT NULL,
  event_id VARCHAR(36) NOT NULL,
  object_key VARCHAR(120) NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
  attempts INTEGER NOT NULL,
  try_at_ms BIGINT NOT NULL,
  give_up_at_ms BIGINT NOT NULL,
  lease_until_ms BIGINT NULL,
  last_answer VARCHAR(300) NULL,
  finished_at_ms BIGINT NULL,
  PRIMARY KEY (endpoint_id, event_id)
);

CREATE INDEX IF NOT EXISTS webhook_deliveries_by_due_time ON webhook_deliveries (state, try_at_ms, event_id);
CREATE INDEX IF NOT EXISTS webhook_deliveries_by_object ON webhook_deliveries (endpoint_id, object_key, state, event_id);
