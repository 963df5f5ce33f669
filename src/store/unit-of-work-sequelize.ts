import { type Sequelize, Transaction } from 'sequelize';
import type { Database, Sql } from '../kernel/unit-of-work';

/** How often a MariaDB transaction is begun before its deadlock is reported. */
const MAX_ATTEMPTS = 20;

/** MariaDB: 1213 deadlock found, 1205 lock wait time-out. Either can come at any statement and at COMMIT. */
const RETRIED_ERRORS: readonly unknown[] = [1213, 1205];

/**
 * One writer at a time: SQLite has a single write lock, and waiting for it in line here is far cheaper than in the driver,
 * where every waiter occupies a thread.
 */
export function sqliteUnitOfWork(sql: Sql): Database['write'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(async () => {
      // IMMEDIATE takes the write lock now; a deferred transaction that turns to writing can fail with BUSY.
      await sql.run('BEGIN IMMEDIATE');
      try {
        const result = await work(sql);
        await sql.run('COMMIT');
        return result;
      } catch (error) {
        await sql.run('ROLLBACK');
        throw error;
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** Row locks, and the whole transaction again when MariaDB chose it as the victim of a deadlock. */
export function mariadbUnitOfWork(
  connection: Sequelize,
  sqlIn: (transaction: Transaction) => Sql,
): Database['write'] {
  return async (work) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await connection.transaction(
          { isolationLevel: Transaction.ISOLATION_LEVELS.READ_COMMITTED },
          (transaction) => work(sqlIn(transaction)),
        );
      } catch (error) {
        if (attempt >= MAX_ATTEMPTS || !isRetried(error)) throw error;
      }
    }
  };
}

function isRetried(error: unknown): boolean {
  const cause = (error as { original?: { errno?: unknown } } | null)?.original;
  return RETRIED_ERRORS.includes(cause?.errno);
}
