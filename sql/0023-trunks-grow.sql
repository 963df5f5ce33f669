-- Why: a trunk is recognised by address or digest, says how calls go out through it, and has limits in each direction.
-- outward is JSON: it is read whole and never searched by. What it leaves out has the defaults of trunks/outward.ts.
-- Passwords of ours at a carrier are sealed with TRUNK_KEY; of a carrier's password only H(A1) of RFC 7616 is kept.

CREATE TABLE IF NOT EXISTS trunk_targets (
  trunk_id VARCHAR(36) NOT NULL,
  priority INTEGER NOT NULL,
  host VARCHAR(255) NOT NULL,
  port INTEGER NULL,
  PRIMARY KEY (trunk_id, priority),
  FOREIGN KEY (trunk_id) REFERENCES trunks (id)
);

ALTER TABLE trunks ADD COLUMN country VARCHAR(2) NULL;
ALTER TABLE trunks ADD COLUMN is_trusted_peer INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunks ADD COLUMN requires_tls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunks ADD COLUMN digest_username VARCHAR(64) NULL;
ALTER TABLE trunks ADD COLUMN digest_realm VARCHAR(255) NULL;
ALTER TABLE trunks ADD COLUMN digest_md5 VARCHAR(32) NULL;
ALTER TABLE trunks ADD COLUMN digest_sha256 VARCHAR(64) NULL;
ALTER TABLE trunks ADD COLUMN max_channels INTEGER NULL;
ALTER TABLE trunks ADD COLUMN max_channels_in INTEGER NULL;
ALTER TABLE trunks ADD COLUMN max_channels_out INTEGER NULL;
ALTER TABLE trunks ADD COLUMN max_calls_per_second INTEGER NULL;
ALTER TABLE trunks ADD COLUMN outward TEXT NULL;
ALTER TABLE trunks ADD COLUMN outward_password VARCHAR(500) NULL;

CREATE UNIQUE INDEX IF NOT EXISTS trunks_by_digest_username ON trunks (digest_username);

INSERT INTO trunk_targets (trunk_id, priority, host, port)
SELECT id, 1, outbound_host, outbound_port FROM trunks
WHERE outbound_host IS NOT NULL AND id NOT IN (SELECT trunk_id FROM trunk_targets);

UPDATE trunks SET outward = '{}' WHERE outbound_host IS NOT NULL AND outward IS NULL;
