-- Why: every documented filter walks an index of its own, newest first, and stops at the page's end.

CREATE INDEX IF NOT EXISTS cdrs_by_trunk ON cdrs (trunk_id, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_role ON cdrs (room_role, started_at_ms, id);
CREATE INDEX IF NOT EXISTS cdrs_by_cause ON cdrs (hangup_cause, started_at_ms, id);
