-- Why: whether somebody is there is told only to accounts that he put on a list.

CREATE TABLE IF NOT EXISTS presence_watchers (
  owner_account_id VARCHAR(36) NOT NULL,
  watcher_account_id VARCHAR(36) NOT NULL,
  added_at_ms BIGINT NOT NULL,
  PRIMARY KEY (owner_account_id, watcher_account_id),
  FOREIGN KEY (owner_account_id) REFERENCES accounts (id),
  FOREIGN KEY (watcher_account_id) REFERENCES accounts (id)
);
