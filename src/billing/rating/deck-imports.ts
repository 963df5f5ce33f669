import { Readable } from 'node:stream';
import { AppError } from '../../kernel/app-error';
import type { Clock } from '../../kernel/clock';
import { newId } from '../../kernel/ids';
import type { Log } from '../../kernel/log';
import type { Currency } from '../../kernel/money';
import { type Database, integer, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { type DeckImport, importRateDeck, type ImportReport } from './import-rate-deck';
import type { RateFileForm } from './rate-file-form';

/** An import that told nothing for so long was broken off: its node died. */
const SILENCE_MS = 10 * 60_000;

/** `refused`: the file has faults. `failed`: something else was in the way, and `problem` says what. */
export type ImportState = 'running' | 'done' | 'refused' | 'failed';

/** An import of prices that was begun: how far it is, or what came of it. */
export type StartedImport = {
  readonly id: string;
  readonly deckName: string;
  readonly sourceName: string;
  readonly isDryRun: boolean;
  readonly state: ImportState;
  /** What is being done: lines are `read`, rates are `compared`, rates are `stored`; and how many of them have been. */
  readonly step: string;
  readonly doneCount: number;
  readonly report: ImportReport | null;
  readonly problem: string | null;
  readonly startedAtMs: number;
  readonly changedAtMs: number;
};

export type ImportWish = {
  readonly deckName: string;
  readonly currency: Currency;
  readonly file: Buffer;
  readonly sourceName: string;
  readonly form: RateFileForm | null;
  readonly publishAtMs: number | null;
  readonly replaces: boolean;
  readonly isDryRun: boolean;
};

const COLUMNS =
  'id, deck_name, source_name, is_dry_run, state, step, done_count, report, problem, started_at_ms, changed_at_ms';

/** Begins imports that go on when the asker has been answered, and keeps their progress where every node can be asked for it. */
export class DeckImports {
  readonly #parts: { readonly database: Database; readonly clock: Clock; readonly log: Log };
  readonly #running = new Set<Promise<void>>();

  constructor(parts: { readonly database: Database; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  async begin(wish: ImportWish): Promise<StartedImport> {
    const nowMs = this.#parts.clock.nowMs();
    const id = newId(nowMs);
    await this.#parts.database.write((sql) =>
      sql.run(
        `INSERT INTO deck_imports (${COLUMNS}) VALUES (?, ?, ?, ?, 'running', 'read', 0, NULL, NULL, ?, ?)`,
        [id, wish.deckName, wish.sourceName.slice(0, 255), wish.isDryRun ? 1 : 0, nowMs, nowMs],
      ),
    );
    const running = this.#run(id, wish, nowMs).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return (await findImport(this.#parts.database.read, id, nowMs)) as StartedImport;
  }

  /** Resolves when no import goes on in this process. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(id: string, wish: ImportWish, nowMs: number): Promise<void> {
    const { database, clock, log } = this.#parts;
    let telling: Promise<unknown> = Promise.resolve();
    const tell = (step: string, count: number) => {
      telling = telling.then(() =>
        database.write((sql) =>
          sql.run(
            "UPDATE deck_imports SET step = ?, done_count = ?, changed_at_ms = ? WHERE id = ? AND state = 'running'",
            [step, count, clock.nowMs(), id],
          ),
        ),
      );
      telling.catch((error: unknown) => log.warn('the progress of an import was not kept', { error }));
    };
    const wanted: DeckImport = {
      deckName: wish.deckName,
      currency: wish.currency,
      csv: Readable.from([wish.file], { objectMode: false }),
      sourceName: wish.sourceName,
      nowMs,
      publishAtMs: wish.publishAtMs,
      replaces: wish.replaces,
      dryRun: wish.isDryRun,
      ...(wish.form ? { form: wish.form } : {}),
      onProgress: ({ step, rates }) => tell(step, rates),
    };
    try {
      const report = await importRateDeck(database, wanted);
      await telling.catch(() => undefined);
      await this.#end(id, report.faultCount > 0 ? 'refused' : 'done', { report, problem: null });
    } catch (error) {
      // What the operator can do something about is told; the rest is ours and stands in the log.
      const problem = error instanceof AppError ? error.message : 'a fault of the service; its log says more';
      log.warn('an import of prices failed', { importId: id, error });
      await this.#end(id, 'failed', { report: null, problem }).catch((failure: unknown) =>
        log.error('the end of an import was not kept', { importId: id, error: failure }),
      );
    }
  }

  async #end(
    id: string,
    state: ImportState,
    { report, problem }: { readonly report: ImportReport | null; readonly problem: string | null },
  ): Promise<void> {
    const { database, clock } = this.#parts;
    await database.write((sql) =>
      sql.run('UPDATE deck_imports SET state = ?, report = ?, problem = ?, changed_at_ms = ? WHERE id = ?', [
        state,
        report && JSON.stringify(report),
        problem,
        clock.nowMs(),
        id,
      ]),
    );
  }
}

/** The import, or null. One that has long told nothing is given as failed. */
export async function findImport(sql: Sql, id: string, nowMs: number): Promise<StartedImport | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM deck_imports WHERE id = ?`, [id]);
  return row ? toImport(row, nowMs) : null;
}

/** Imports, the newest first, from before `before` on (null: from the newest). */
export async function listImports(
  sql: Sql,
  page: { readonly before: string | null; readonly limit: number; readonly nowMs: number },
): Promise<readonly StartedImport[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM deck_imports${page.before === null ? '' : ' WHERE id < ?'} ORDER BY id DESC LIMIT ?`,
    [...(page.before === null ? [] : [page.before]), page.limit],
  );
  return rows.map((row) => toImport(row, page.nowMs));
}

function toImport(row: Row, nowMs: number): StartedImport {
  const report = textOrNull(row.report);
  const changedAtMs = integer(row.changed_at_ms);
  const isSilent = row.state === 'running' && changedAtMs < nowMs - SILENCE_MS;
  return {
    id: text(row.id),
    deckName: text(row.deck_name),
    sourceName: text(row.source_name),
    isDryRun: integer(row.is_dry_run) === 1,
    state: isSilent ? 'failed' : (text(row.state) as ImportState),
    step: text(row.step),
    doneCount: integer(row.done_count),
    report: report === null ? null : (JSON.parse(report) as ImportReport),
    problem: isSilent
      ? 'it was broken off; nothing of it counts, import the file again'
      : textOrNull(row.problem),
    startedAtMs: integer(row.started_at_ms),
    changedAtMs,
  };
}
