import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2';
import { Sequelize } from 'sequelize';
import { type Database, DuplicateKey, type Sql, type SqlValue, TooSlow } from '../kernel/unit-of-work';

/** Statements a pool may run at once; more callers wait in the pool's queue. */
const POOL_SIZE = 10;

/** How often a transaction is begun before its deadlock is reported. */
const MAX_ATTEMPTS = 20;

/** 1213 deadlock found, 1205 lock wait time-out. Either can come at any statement and at COMMIT. */
const RETRIED_ERRORS: readonly unknown[] = [1213, 1205];

/** A unique key refused a row. */
const DUPLICATE_ENTRY = 1062;

/** The server's answer to a statement that ran into its max_statement_time. */
const STATEMENT_TIMED_OUT = 1969;

/**
 * Opens a pool of connections to a MariaDB server. Sequelize keeps the pool; statements go straight to the driver, because what Sequelize adds to
 * each of them cost more than the statement. @throws driver errors when the server cannot be reached
 */
export async function openMariadb(url: string): Promise<Database> {
  const pool = new Sequelize(url, {
    dialect: 'mysql',
    logging: false,
    timezone: '+00:00',
    pool: { max: POOL_SIZE, acquire: 10_000 },
    dialectOptions: {
      supportBigNumbers: true,
      bigNumberStrings: true,
      charset: 'utf8mb4',
      // An UPDATE tells how many rows it changed, not how many it found.
      flags: '-FOUND_ROWS',
    },
    hooks: {
      // Set once a connection, a transaction needs no statement for it.
      afterConnect: async (connection) => {
        await ask(connection as Connection, 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      },
    },
  });
  await pool.authenticate();
  const reads = readsOver(pool);
  return {
    dialect: 'mariadb',
    read: reads,
    report: reads,
    write: (work) => unitOfWork(pool, work),
    close: () => pool.close(),
  };
}

/** Reads through any connection that is free. */
function readsOver(pool: Sequelize): Sql {
  const over = async <T>(work: (sql: Sql) => Promise<T>): Promise<T> => {
    const connection = await take(pool);
    try {
      return await work(sqlOver(connection, ''));
    } finally {
      give(pool, connection);
    }
  };
  return {
    forUpdate: '',
    all: (statement, values) => over((sql) => sql.all(statement, values)),
    run: (statement, values) => over((sql) => sql.run(statement, values)),
  };
}

/** Row locks, and the whole transaction again when MariaDB chose it as the victim of a deadlock. */
async function unitOfWork<T>(pool: Sequelize, work: (sql: Sql) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(pool, work);
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !RETRIED_ERRORS.includes(errorNumber(error))) throw error;
    }
  }
}

async function inTransaction<T>(pool: Sequelize, work: (sql: Sql) => Promise<T>): Promise<T> {
  const connection = await take(pool);
  try {
    await ask(connection, 'START TRANSACTION');
    try {
      const result = await work(sqlOver(connection, ' FOR UPDATE'));
      await ask(connection, 'COMMIT');
      return result;
    } catch (error) {
      // A connection that is gone has rolled back by itself; what went wrong first is what is told.
      await ask(connection, 'ROLLBACK').catch(() => undefined);
      throw error;
    }
  } finally {
    give(pool, connection);
  }
}

async function take(pool: Sequelize): Promise<Connection> {
  return (await pool.connectionManager.getConnection({ type: 'write', useMaster: true })) as Connection;
}

function give(pool: Sequelize, connection: Connection): void {
  pool.connectionManager.releaseConnection(connection);
}

function sqlOver(connection: Connection, forUpdate: string): Sql {
  return {
    forUpdate,
    async all(statement, values) {
      try {
        return (await ask(connection, statement, values)) as RowDataPacket[];
      } catch (error) {
        throw errorNumber(error) === STATEMENT_TIMED_OUT ? new TooSlow() : error;
      }
    },
    async run(statement, values) {
      try {
        return ((await ask(connection, statement, values)) as ResultSetHeader).affectedRows;
      } catch (error) {
        throw errorNumber(error) === DUPLICATE_ENTRY ? new DuplicateKey(statement) : error;
      }
    },
  };
}

function ask(connection: Connection, statement: string, values: readonly SqlValue[] = []): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query(statement, [...values], (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

function errorNumber(error: unknown): unknown {
  return (error as { errno?: unknown } | null)?.errno;
}
