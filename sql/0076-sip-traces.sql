-- Why: what was said in SIP on each leg is kept for a while, so that a call can be looked into after it has ended.
-- Messages are stored with their secrets masked.

CREATE TABLE IF NOT EXISTS sip_messages (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  sip_call_id VARCHAR(255) NOT NULL,
  seen_at_ms BIGINT NOT NULL,
  way VARCHAR(3) NOT NULL CHECK (way IN ('in', 'out')),
  transport VARCHAR(8) NOT NULL,
  peer VARCHAR(64) NOT NULL,
  message TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS sip_messages_by_call ON sip_messages (sip_call_id, id);
CREATE INDEX IF NOT EXISTS sip_messages_by_time ON sip_messages (seen_at_ms);
