import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Database } from '../../src/kernel/unit-of-work';
import { openDatabase } from '../../src/store/database';
import { runMigrations } from '../../src/store/run-migrations';

const MIGRATIONS = resolve(__dirname, '../../sql');

/** A migrated, empty database of one dialect; `url` opens it again from another process. */
export type TestDatabase = { readonly database: Database; readonly url: string; drop(): Promise<void> };

/** The dialects every store test runs on: `describe.each(DIALECTS)('…on %s', (dialect) => …)`. */
export const DIALECTS = ['sqlite', 'mariadb'] as const;
export type Dialect = (typeof DIALECTS)[number];

export async function emptyDatabase(dialect: Dialect): Promise<TestDatabase> {
  return dialect === 'sqlite' ? emptySqlite() : emptyMariadb();
}

async function emptySqlite(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), '123-voip-sqlite-'));
  const url = `sqlite:${folder}/test.db`;
  const database = await openDatabase(url);
  await runMigrations(database, MIGRATIONS);
  return {
    database,
    url,
    drop: async () => {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function emptyMariadb(): Promise<TestDatabase> {
  const server = process.env.TEST_MARIADB_URL;
  if (!server)
    throw new Error('TEST_MARIADB_URL is not set: run through jest, whose global setup starts a server');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const admin = await createConnection(server);
  await admin.query(`CREATE DATABASE ${name}`);
  const url = `${server}/${name}`;
  const database = await openDatabase(url);
  await runMigrations(database, MIGRATIONS);
  return {
    database,
    url,
    drop: async () => {
      await database.close();
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}
