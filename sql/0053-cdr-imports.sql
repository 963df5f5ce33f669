-- Why: calls of other switches are rated and charged like ours, each once, however often its file comes; an import has a progress and says of
-- every line that was not taken why. A source numbers its CDRs as a node of ours does.

CREATE TABLE IF NOT EXISTS cdr_sources (
  name VARCHAR(50) NOT NULL PRIMARY KEY,
  last_sequence BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS cdr_imports (
  id VARCHAR(36) NOT NULL PRIMARY KEY,
  source VARCHAR(50) NOT NULL,
  file_name VARCHAR(255) NOT NULL,
  state VARCHAR(12) NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  lines_read BIGINT NOT NULL,
  imported BIGINT NOT NULL,
  known BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  capped BIGINT NOT NULL,
  problem TEXT NULL,
  started_at_ms BIGINT NOT NULL,
  changed_at_ms BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS cdr_import_lines (
  import_id VARCHAR(36) NOT NULL,
  line BIGINT NOT NULL,
  place INTEGER NOT NULL,
  outcome VARCHAR(10) NOT NULL CHECK (outcome IN ('known', 'refused', 'capped')),
  field VARCHAR(100) NOT NULL,
  problem VARCHAR(255) NOT NULL,
  remedy VARCHAR(255) NOT NULL,
  cdr_id VARCHAR(36) NULL,
  PRIMARY KEY (import_id, line, place)
);
