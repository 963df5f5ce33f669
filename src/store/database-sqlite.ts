import SqliteFile from 'better-sqlite3';
import { sleep, systemClock } from '../kernel/clock';
import { type Database, DuplicateKey, type Row, type Sql, type SqlValue } from '../kernel/unit-of-work';
import { ReportThread } from './report-thread-sqlite';

/** How long a statement waits for another process that has the file's lock. */
const BUSY_TIMEOUT_MS = 10_000;
const BUSY_LOOK_EVERY_MS = 5;

/** Prepared statements a connection keeps; lists of values make new ones all the time. */
const MAX_PREPARED = 500;

/** Units of work that one commit makes durable. */
const MAX_TOGETHER = 50;

/** How long statements may go on before the rest of the program has a turn. */
const LONGEST_TURN_MS = 5;

/** A key is there already. */
const DUPLICATE_CODES: readonly unknown[] = ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'];

type Connection = SqliteFile.Database;

/** What SQLite said of a statement. The driver keeps one class of errors for all programs of a process, which is a stranger to all but the first. */
class SqliteRefused extends Error {
  readonly code: unknown;
  constructor(cause: unknown) {
    super((cause as { message?: string } | null)?.message ?? String(cause), { cause });
    this.name = 'SqliteRefused';
    this.code = codeOf(cause);
  }
}

/**
 * Opens a SQLite file. Statements run at once in this thread: each takes microseconds, and handing it to another thread would take longer.
 * Reads that may take long have a thread of their own, `report`.
 */
export function openSqlite(file: string): Database {
  // Two connections: readers must see the last commit, not the half-done work of the one writer.
  const [writer, reader] = [connect(file), connect(file)];
  // Waiting for the write lock must not hold up this thread; see beginImmediate.
  writer.pragma('busy_timeout = 0');
  const writes = new Writer(writer);
  const reports = new ReportThread(file);
  return {
    dialect: 'sqlite',
    read: sqlOver(reader),
    report: {
      forUpdate: '',
      all: (statement, values) => reports.all(statement, bindable(values)),
      run: refuseToWrite,
    },
    write: (work) => writes.write(work),
    close: async () => {
      await reports.close();
      reader.close();
      writer.close();
    },
  };
}

function connect(file: string): Connection {
  const connection = new SqliteFile(file, { timeout: BUSY_TIMEOUT_MS });
  connection.pragma('journal_mode = WAL');
  // FULL: a commit that was answered survives a power cut; NORMAL in WAL mode may lose the last ones.
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  return connection;
}

async function refuseToWrite(): Promise<never> {
  throw new Error('a report only reads');
}

/** A unit of work that waits in line. `attempt` does it, whatever comes of it; `settle` tells its caller once it is known whether that is durable. */
type Waiting = { attempt(): Promise<void>; settle(commitError: Error | null): void };

/**
 * One writer at a time: SQLite has a single write lock. Units of work that wait in line while one is at work are done in one transaction, each
 * with a savepoint of its own, so that one flush of the disk makes all of them durable.
 */
class Writer {
  readonly #sql: Sql;
  readonly #waiting: Waiting[] = [];
  #working = false;

  constructor(private readonly connection: Connection) {
    this.#sql = sqlOver(connection);
  }

  write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let tell: () => void = () => reject(new Error('the unit of work was never begun'));
      this.#waiting.push({
        attempt: async () => {
          try {
            const result = await this.#alone(work);
            tell = () => resolve(result);
          } catch (error) {
            tell = () => reject(error);
          }
        },
        settle: (commitError) => {
          if (commitError) reject(commitError);
          else tell();
        },
      });
      if (!this.#working) void this.#workThrough();
    });
  }

  async #workThrough(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) await this.#workTogether();
    this.#working = false;
  }

  /** Does what waits in one transaction. When that cannot be begun or made durable, everybody who was to be part of it is told. */
  async #workTogether(): Promise<void> {
    const taken: Waiting[] = [];
    let failure: Error | null = null;
    try {
      await beginImmediate(this.connection);
      await this.#takeFromLine(taken);
      // Statements are answered at once, so nobody came meanwhile: whoever comes in this turn of the program shares the flush.
      await nextTurn();
      await this.#takeFromLine(taken);
      this.connection.exec('COMMIT');
    } catch (error) {
      failure = error as Error;
      if (taken.length === 0) taken.push(...this.#waiting.splice(0, MAX_TOGETHER));
      if (this.connection.inTransaction) this.connection.exec('ROLLBACK');
    }
    for (const one of taken) one.settle(failure);
  }

  async #takeFromLine(taken: Waiting[]): Promise<void> {
    while (this.#waiting.length > 0 && taken.length < MAX_TOGETHER) {
      taken.push(this.#waiting.shift() as Waiting);
      await taken.at(-1)?.attempt();
    }
  }

  /** A unit of work that fails leaves nothing behind and harms none of the others. */
  async #alone<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    this.connection.exec('SAVEPOINT alone');
    try {
      const result = await work(this.#sql);
      this.connection.exec('RELEASE alone');
      return result;
    } catch (error) {
      // A full disk rolls back everything by itself; COMMIT finds that out and tells all.
      if (this.connection.inTransaction) this.connection.exec('ROLLBACK TO alone; RELEASE alone');
      throw error;
    }
  }
}

/**
 * Takes the write lock now: a deferred transaction that turns to writing can fail with BUSY. Another connection that has it is waited for without
 * holding up this thread, for the other may be of this thread too.
 */
async function beginImmediate(connection: Connection): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += BUSY_LOOK_EVERY_MS)
    try {
      connection.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_BUSY' || waitedMs >= BUSY_TIMEOUT_MS) throw error;
      await sleep(systemClock, BUSY_LOOK_EVERY_MS);
    }
}

function sqlOver(connection: Connection): Sql {
  const prepared = new Map<string, SqliteFile.Statement>();
  const prepare = (statement: string): SqliteFile.Statement => {
    const known = prepared.get(statement);
    if (known) return known;
    if (prepared.size >= MAX_PREPARED) prepared.delete(prepared.keys().next().value as string);
    const made = connection.prepare(statement);
    prepared.set(statement, made);
    return made;
  };
  return {
    forUpdate: '',
    async all(statement, values) {
      await breath();
      try {
        return prepare(statement).all(...bindable(values)) as Row[];
      } catch (error) {
        throw new SqliteRefused(error);
      }
    },
    async run(statement, values) {
      await breath();
      try {
        return prepare(statement).run(...bindable(values)).changes;
      } catch (error) {
        throw DUPLICATE_CODES.includes(codeOf(error))
          ? new DuplicateKey(statement)
          : new SqliteRefused(error);
      }
    },
  };
}

let turnBeganMs: number | null = null;

/**
 * Lets the rest of the program have a turn when statements have had one for long: answered at once, each only continues the work that asked, and a
 * long unit of work would hear no call meanwhile.
 */
async function breath(): Promise<void> {
  if (turnBeganMs === null) {
    turnBeganMs = systemClock.monotonicMs();
    setImmediate(() => {
      turnBeganMs = null;
    });
  } else if (systemClock.monotonicMs() - turnBeganMs > LONGEST_TURN_MS) await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Whole numbers as integers: the driver takes every number for a fraction, and an INTEGER divided by one is a fraction. */
function bindable(values: readonly SqlValue[] = []): SqlValue[] {
  return values.map((value) => (Number.isSafeInteger(value) ? BigInt(value as number) : value));
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
