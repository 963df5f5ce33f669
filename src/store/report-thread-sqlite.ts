import { Worker } from 'node:worker_threads';
import type { Row, SqlValue } from '../kernel/unit-of-work';

type Question = { readonly id: number; readonly statement: string; readonly values: readonly SqlValue[] };
type Answer = { readonly id: number } & ({ readonly rows: Row[] } | { readonly error: string });
type Waiting = { resolve(rows: readonly Row[]): void; reject(error: Error): void };

/** Reads of a SQLite file in a thread of their own, one after the other, so that a long one keeps no call waiting. It starts with the first read. */
export class ReportThread {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #lastId = 0;

  constructor(private readonly file: string) {}

  /** All rows of a SELECT. @throws Error with what the database said */
  all(statement: string, values: readonly SqlValue[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const question: Question = { id: ++this.#lastId, statement, values };
      this.#waiting.set(question.id, { resolve, reject });
      this.#worker ??= this.#start();
      this.#worker.postMessage(question);
    });
  }

  /** Ends the thread; what it still reads is refused. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#refuseAll(new Error('the database was closed'));
  }

  #start(): Worker {
    // As text, for the same source runs compiled and under a test runner that compiles as it loads.
    const worker = new Worker(`(${answerQuestions.toString()})(require, ${JSON.stringify(SQLITE_DRIVER)})`, {
      eval: true,
      workerData: this.file,
    });
    worker.unref();
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error: Error) => {
      this.#worker = null;
      this.#refuseAll(error);
    });
    return worker;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('rows' in answer) waiting?.resolve(answer.rows);
    else waiting?.reject(new Error(answer.error));
  }

  #refuseAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

const SQLITE_DRIVER = require.resolve('better-sqlite3');

/** Runs in the thread, from its text alone: it may use nothing of this file. */
function answerQuestions(load: NodeJS.Require, driver: string): void {
  const { parentPort, workerData } = load('node:worker_threads') as typeof import('node:worker_threads');
  const SqliteFile = load(driver) as typeof import('better-sqlite3');
  const connection = new SqliteFile(workerData as string, { timeout: 10_000, readonly: true });
  parentPort?.on('message', ({ id, statement, values }: Question) => {
    try {
      parentPort?.postMessage({ id, rows: connection.prepare(statement).all(...values) });
    } catch (error) {
      parentPort?.postMessage({ id, error: String(error) });
    }
  });
}
