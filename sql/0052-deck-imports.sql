-- Why: an import of prices takes minutes, so it is a thing of its own whose progress and report can be asked for; and how a carrier writes its
-- files down is kept once, under a name.

CREATE TABLE IF NOT EXISTS import_forms (
  kind VARCHAR(10) NOT NULL CHECK (kind IN ('rates', 'cdrs')),
  name VARCHAR(60) NOT NULL,
  form TEXT NOT NULL,
  changed_at_ms BIGINT NOT NULL,
  PRIMARY KEY (kind, name)
);

CREATE TABLE IF NOT EXISTS deck_imports (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  deck_name VARCHAR(100) NOT NULL,
  source_name VARCHAR(255) NOT NULL,
  is_dry_run INTEGER NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('running', 'done', 'refused', 'failed')),
  step VARCHAR(12) NOT NULL,
  done_count BIGINT NOT NULL,
  report MEDIUMTEXT NULL,
  problem TEXT NULL,
  started_at_ms BIGINT NOT NULL,
  changed_at_ms BIGINT NOT NULL
);
