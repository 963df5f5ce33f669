import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Umzug } from 'umzug';
import { type Database, type Sql, text } from '../kernel/unit-of-work';

/** `sql/NNNN-name.sql`: forward only, run in the order of their numbers, each once. */
const MIGRATION_FILE = /^\d{4}-[a-z0-9-]+\.sql$/;

/**
 * Runs every migration of `folder` that this database has not seen and gives their names. Statements end with a semicolon at the
 * end of a line, so the body of a trigger stands on one line; lines starting with `--` are comments, and a statement that begins with the name
 * of a dialect in a comment is for that one alone. On SQLite a file is one transaction; MariaDB commits each CREATE by itself, so a file there
 * must be safe to begin again (CREATE … IF NOT EXISTS; ADD and DROP COLUMN are made so here).
 */
export async function runMigrations(database: Database, folder: string): Promise<readonly string[]> {
  await database.write((sql) =>
    sql.run('CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR(120) NOT NULL PRIMARY KEY)'),
  );
  const umzug = new Umzug({
    migrations: migrationFiles(folder).map((name) => ({
      name,
      up: () => runFile(database, join(folder, name)),
    })),
    storage: {
      logMigration: async ({ name }) => {
        await database.write((sql) => sql.run('INSERT INTO schema_migrations (name) VALUES (?)', [name]));
      },
      unlogMigration: async () => {
        throw new Error('migrations only go forward');
      },
      executed: async () =>
        (await database.read.all('SELECT name FROM schema_migrations ORDER BY name')).map((row) =>
          text(row.name),
        ),
    },
    logger: undefined,
  });
  return (await umzug.up()).map((migration) => migration.name);
}

/** Names of the migrations not yet run. */
export async function pendingMigrations(database: Database, folder: string): Promise<readonly string[]> {
  const done = await database.read.all('SELECT name FROM schema_migrations').then(
    (rows) => new Set(rows.map((row) => text(row.name))),
    () => new Set<string>(),
  );
  return migrationFiles(folder).filter((name) => !done.has(name));
}

function migrationFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => MIGRATION_FILE.test(name))
    .toSorted();
}

async function runFile(database: Database, file: string): Promise<void> {
  const statements = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n')
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  await database.write(async (sql) => {
    // Keys compare by bytes as on SQLite: MariaDB's default collation would take "a" and "A" for the same key.
    if (database.dialect === 'mariadb')
      await sql.run('ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin');
    for (const statement of statements)
      if (isFor(database.dialect, statement))
        await runStatement(sql, repeatable(statement, database.dialect));
  });
}

/** A comment before a statement may name the one dialect that it is for. */
function isFor(dialect: Database['dialect'], statement: string): boolean {
  const only = /^\/\* (sqlite|mariadb) \*\//.exec(statement)?.[1];
  return only === undefined || only === dialect;
}

/** MariaDB's answer when it keeps a binary log and lets only administrators make triggers. */
const TRIGGER_NEEDS_ADMINISTRATOR = 1419;

/** A trigger that the server lets nobody but its administrator make is left out: `verify-ledger` tells that it is missing, and what to do. */
async function runStatement(sql: Sql, statement: string): Promise<void> {
  try {
    await sql.run(statement);
  } catch (error) {
    if ((error as { errno?: unknown } | null)?.errno !== TRIGGER_NEEDS_ADMINISTRATOR) throw error;
  }
}

/** SQLite knows neither ADD COLUMN IF NOT EXISTS nor DROP COLUMN IF EXISTS and needs none: its file is one transaction. */
function repeatable(statement: string, dialect: Database['dialect']): string {
  if (dialect === 'sqlite') return statement;
  return statement
    .replace(/^(ALTER TABLE \w+ ADD COLUMN) /i, '$1 IF NOT EXISTS ')
    .replace(/^(ALTER TABLE \w+ DROP COLUMN) /i, '$1 IF EXISTS ');
}
