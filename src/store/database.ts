import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidInput } from '../kernel/app-error';
import type { Database } from '../kernel/unit-of-work';
import { openMariadb } from './database-mariadb';
import { openSqlite } from './database-sqlite';

/**
 * Opens the database that a URL names: `sqlite:<file>` (the folder is made when missing) or `mysql://user:password@host:port/name`.
 * @throws InvalidInput for any other URL; driver errors when the server cannot be reached.
 */
export async function openDatabase(url: string): Promise<Database> {
  if (url.startsWith('sqlite:')) {
    const file = resolve(url.slice('sqlite:'.length));
    mkdirSync(dirname(file), { recursive: true });
    return openSqlite(file);
  }
  if (/^(mysql|mariadb):\/\//.test(url)) return openMariadb(url.replace(/^mariadb:/, 'mysql:'));
  throw new InvalidInput(
    'DATABASE_URL',
    'names no database we know',
    'use sqlite:<file> or mysql://user:password@host:port/name',
  );
}
