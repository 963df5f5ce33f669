-- Why: rate_versions holds what rate_imports held; a file of its own, because one that copies and drops could not begin again on MariaDB.

DROP TABLE IF EXISTS rate_imports;
