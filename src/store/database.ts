import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { QueryTypes, Sequelize, type Transaction } from 'sequelize';
import { InvalidInput } from '../kernel/app-error';
import {
  type Database,
  DuplicateKey,
  type Row,
  type Sql,
  type SqlValue,
  TooSlow,
} from '../kernel/unit-of-work';
import { mariadbUnitOfWork, sqliteUnitOfWork } from './unit-of-work-sequelize';

/** Statements a MariaDB pool may run at once; more callers wait in the pool's queue. */
const MARIADB_POOL_SIZE = 10;

/**
 * Opens the database that a URL names: `sqlite:<file>` (the folder is made when missing) or `mysql://user:password@host:port/name`.
 * @throws InvalidInput for any other URL; driver errors when the server cannot be reached.
 */
export async function openDatabase(url: string): Promise<Database> {
  if (url.startsWith('sqlite:')) return openSqlite(resolve(url.slice('sqlite:'.length)));
  if (/^(mysql|mariadb):\/\//.test(url)) return openMariadb(url.replace(/^mariadb:/, 'mysql:'));
  throw new InvalidInput(
    'DATABASE_URL',
    'names no database we know',
    'use sqlite:<file> or mysql://user:password@host:port/name',
  );
}

async function openSqlite(file: string): Promise<Database> {
  mkdirSync(dirname(file), { recursive: true });
  // Two connections: readers must see the last commit, not the half-done work of the one writer.
  const writer = new Sequelize({ dialect: 'sqlite', storage: file, logging: false });
  const reader = new Sequelize({ dialect: 'sqlite', storage: file, logging: false });
  for (const connection of [writer, reader]) {
    await connection.query('PRAGMA journal_mode=WAL');
    // FULL: a commit that was answered survives a power cut; NORMAL in WAL mode may lose the last ones.
    await connection.query('PRAGMA synchronous=FULL');
    await connection.query('PRAGMA busy_timeout=10000');
    await connection.query('PRAGMA foreign_keys=ON');
  }
  return {
    dialect: 'sqlite',
    read: sqlOver(reader, ''),
    write: sqliteUnitOfWork(sqlOver(writer, '')),
    close: async () => {
      await reader.close();
      await writer.close();
    },
  };
}

async function openMariadb(url: string): Promise<Database> {
  const connection = new Sequelize(url, {
    dialect: 'mysql',
    logging: false,
    timezone: '+00:00',
    pool: { max: MARIADB_POOL_SIZE, acquire: 10_000 },
    dialectOptions: { supportBigNumbers: true, bigNumberStrings: true, charset: 'utf8mb4' },
  });
  await connection.authenticate();
  return {
    dialect: 'mariadb',
    read: sqlOver(connection, ''),
    write: mariadbUnitOfWork(connection, (transaction) => sqlOver(connection, ' FOR UPDATE', transaction)),
    close: () => connection.close(),
  };
}

/** MariaDB's answer to a statement that ran into its max_statement_time. */
const STATEMENT_TIMED_OUT = 1969;

/** Statements through one Sequelize connection or transaction. */
function sqlOver(connection: Sequelize, forUpdate: string, transaction?: Transaction): Sql {
  const options = (values: readonly SqlValue[]) => ({
    raw: true as const,
    replacements: [...values],
    ...(transaction ? { transaction } : {}),
  });
  return {
    forUpdate,
    async all(statement, values = []) {
      try {
        return await connection.query<Row>(statement, { ...options(values), type: QueryTypes.SELECT });
      } catch (error) {
        const cause = (error as { original?: { errno?: unknown } } | null)?.original;
        throw cause?.errno === STATEMENT_TIMED_OUT ? new TooSlow() : error;
      }
    },
    async run(statement, values = []) {
      try {
        // BULKUPDATE is the one type whose result is the plain number of changed rows on both dialects.
        return await connection.query(statement, { ...options(values), type: QueryTypes.BULKUPDATE });
      } catch (error) {
        if (error instanceof Error && error.name === 'SequelizeUniqueConstraintError')
          throw new DuplicateKey(statement);
        throw error;
      }
    },
  };
}
