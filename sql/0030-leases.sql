-- Why: limits on what goes on at once (calls of an account, of a room, channels of a trunk) hold over all nodes, and free themselves when a node dies.
-- A lease counts until expires_at_ms; the rows of lease_scopes are only locked: two takers of one scope come after each other.

CREATE TABLE IF NOT EXISTS lease_scopes (
  scope VARCHAR(120) NOT NULL PRIMARY KEY
);

CREATE TABLE IF NOT EXISTS leases (
  holder_id VARCHAR(64) NOT NULL,
  scope VARCHAR(120) NOT NULL,
  node_id VARCHAR(64) NOT NULL,
  expires_at_ms BIGINT NOT NULL,
  PRIMARY KEY (holder_id, scope)
);

CREATE INDEX IF NOT EXISTS leases_by_scope ON leases (scope, expires_at_ms, holder_id);
CREATE INDEX IF NOT EXISTS leases_by_end ON leases (expires_at_ms);
