import { Readable } from 'node:stream';
import type { CdrFileForm } from '../../cdr/mediation/cdr-file-form';
import { AppError } from '../../kernel/app-error';
import type { Clock } from '../../kernel/clock';
import { newId } from '../../kernel/ids';
import type { Log } from '../../kernel/log';
import { type Database, integer, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { type CdrImportCounts, importCdrFile, type ToldLine } from './import-cdr-file';

/** An import that told nothing for so long was broken off: its node died. */
const SILENCE_MS = 10 * 60_000;

/** An import of CDRs that was begun: how far it is. Done means that every line was looked at. */
export type StartedCdrImport = CdrImportCounts & {
  readonly id: string;
  readonly source: string;
  readonly fileName: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly problem: string | null;
  readonly startedAtMs: number;
  readonly changedAtMs: number;
};

const COLUMNS =
  'id, source, file_name, state, lines_read, imported, known, refused, capped, problem, started_at_ms, changed_at_ms';

/** Begins imports of CDRs that go on when the asker has been answered, and keeps their progress and what is to be told of single lines. */
export class CdrImports {
  readonly #parts: { readonly database: Database; readonly clock: Clock; readonly log: Log };
  readonly #running = new Set<Promise<void>>();

  constructor(parts: { readonly database: Database; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  async begin(wish: {
    readonly file: Buffer;
    readonly fileName: string;
    readonly form: CdrFileForm;
  }): Promise<StartedCdrImport> {
    const { database, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const id = newId(nowMs);
    await database.write((sql) =>
      sql.run(`INSERT INTO cdr_imports (${COLUMNS}) VALUES (?, ?, ?, 'running', 0, 0, 0, 0, 0, NULL, ?, ?)`, [
        id,
        wish.form.source,
        wish.fileName.slice(0, 255),
        nowMs,
        nowMs,
      ]),
    );
    const running = this.#run(id, wish, nowMs).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return readCdrImport(database.read, id, nowMs) as Promise<StartedCdrImport>;
  }

  /** Resolves when no import goes on in this process. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(
    id: string,
    wish: { readonly file: Buffer; readonly form: CdrFileForm },
    nowMs: number,
  ): Promise<void> {
    const { database, clock, log } = this.#parts;
    const end = (state: 'done' | 'failed', problem: string | null) =>
      database.write((sql) =>
        sql.run('UPDATE cdr_imports SET state = ?, problem = ?, changed_at_ms = ? WHERE id = ?', [
          state,
          problem,
          clock.nowMs(),
          id,
        ]),
      );
    try {
      await importCdrFile(database, {
        csv: Readable.from([wish.file], { objectMode: false }),
        form: wish.form,
        nowMs,
        onPart: (counts, told) =>
          database.write((sql) => keepPart(sql, id, { counts, told, nowMs: clock.nowMs() })),
      });
      await end('done', null);
    } catch (error) {
      const problem = error instanceof AppError ? error.message : 'a fault of the service; its log says more';
      log.warn('an import of CDRs failed', { importId: id, error });
      await end('failed', `${problem}. What it had brought stays; import the file again`).catch(
        (failure: unknown) =>
          log.error('the end of an import was not kept', { importId: id, error: failure }),
      );
    }
  }
}

async function keepPart(
  sql: Sql,
  id: string,
  {
    counts,
    told,
    nowMs,
  }: { readonly counts: CdrImportCounts; readonly told: readonly ToldLine[]; readonly nowMs: number },
): Promise<void> {
  await sql.run(
    'UPDATE cdr_imports SET lines_read = ?, imported = ?, known = ?, refused = ?, capped = ?, changed_at_ms = ? WHERE id = ?',
    [counts.linesRead, counts.imported, counts.known, counts.refused, counts.capped, nowMs, id],
  );
  if (told.length === 0) return;
  // Several faults of one line follow each other.
  let place = 0;
  const rows = told.map((line, n) => {
    place = told[n - 1]?.line === line.line ? place + 1 : 0;
    return [
      id,
      line.line,
      place,
      line.outcome,
      line.field.slice(0, 100),
      line.problem.slice(0, 255),
      line.remedy.slice(0, 255),
      line.cdrId,
    ];
  });
  await sql.run(
    `INSERT INTO cdr_import_lines (import_id, line, place, outcome, field, problem, remedy, cdr_id)
     VALUES ${rows.map(() => '(?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
    rows.flat(),
  );
}

/** The import, or null. One that has long told nothing is given as failed. */
export async function readCdrImport(sql: Sql, id: string, nowMs: number): Promise<StartedCdrImport | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM cdr_imports WHERE id = ?`, [id]);
  return row ? toImport(row, nowMs) : null;
}

/** Imports of CDRs, the newest first, from before `before` on (null: from the newest). */
export async function listCdrImports(
  sql: Sql,
  page: { readonly before: string | null; readonly limit: number; readonly nowMs: number },
): Promise<readonly StartedCdrImport[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM cdr_imports${page.before === null ? '' : ' WHERE id < ?'} ORDER BY id DESC LIMIT ?`,
    [...(page.before === null ? [] : [page.before]), page.limit],
  );
  return rows.map((row) => toImport(row, page.nowMs));
}

/** Where a page of told lines ends. */
export type ToldPosition = { readonly line: number; readonly place: number };

/** The lines of an import that did not become a CDR charged whole, in the file's order. */
export async function listToldLines(
  sql: Sql,
  importId: string,
  page: { readonly after: ToldPosition | null; readonly limit: number },
): Promise<readonly (ToldLine & ToldPosition)[]> {
  const after = page.after ?? { line: -1, place: -1 };
  const rows = await sql.all(
    `SELECT line, place, outcome, field, problem, remedy, cdr_id FROM cdr_import_lines
     WHERE import_id = ? AND line >= ? AND (line > ? OR place > ?) ORDER BY line, place LIMIT ?`,
    [importId, after.line, after.line, after.place, page.limit],
  );
  return rows.map((row) => ({
    line: integer(row.line),
    place: integer(row.place),
    outcome: text(row.outcome) as ToldLine['outcome'],
    field: text(row.field),
    problem: text(row.problem),
    remedy: text(row.remedy),
    cdrId: textOrNull(row.cdr_id),
  }));
}

function toImport(row: Row, nowMs: number): StartedCdrImport {
  const changedAtMs = integer(row.changed_at_ms);
  const isSilent = row.state === 'running' && changedAtMs < nowMs - SILENCE_MS;
  return {
    id: text(row.id),
    source: text(row.source),
    fileName: text(row.file_name),
    state: isSilent ? 'failed' : (text(row.state) as StartedCdrImport['state']),
    linesRead: integer(row.lines_read),
    imported: integer(row.imported),
    known: integer(row.known),
    refused: integer(row.refused),
    capped: integer(row.capped),
    problem: isSilent
      ? 'it was broken off; import the file again, nothing comes twice'
      : textOrNull(row.problem),
    startedAtMs: integer(row.started_at_ms),
    changedAtMs,
  };
}
