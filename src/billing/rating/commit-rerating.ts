import { readCdrs, type StoredCdr } from '../../cdr/cdrs-store';
import { subtractMoney } from '../../kernel/money';
import type { Database, Sql, SqlValue } from '../../kernel/unit-of-work';
import { recordEvents } from '../../webhooks/record-events';
import { InsufficientCredit } from '../ledger/ledger-errors';
import { callCorrection } from '../ledger/movements';
import { postAllNew } from '../ledger/post-entries';
import { callCorrected } from './call-events';
import { costBeside } from './carrier-cost';
import { endLines, type LineState, listLines, type RerateLine } from './reratings-store';

/** Changes of one unit of work. */
const LINES_TOGETHER = 100;

/** A call was corrected by somebody else between reading and writing; the unit of work is done again. */
class MovedMeanwhile extends Error {}

/**
 * Posts the open changes of a re-rating, a hundred in one unit of work: each as one entry of the difference, with the CDR's new charge and what it
 * was before. Broken off and begun again it goes on where it was. `onSettled` is told how many more are settled.
 */
export async function commitLines(
  database: Database,
  of: { readonly reratingId: string; readonly nowMs: number },
  onSettled: (count: number) => Promise<void>,
): Promise<void> {
  for (;;) {
    const lines = await listLines(database.read, of.reratingId, {
      after: null,
      limit: LINES_TOGETHER,
      state: 'open',
    });
    if (lines.length === 0) return;
    try {
      await database.write((sql) => commit(sql, of, lines));
    } catch (error) {
      if (!(error instanceof InsufficientCredit) && !(error instanceof MovedMeanwhile)) throw error;
      // One of them cannot be posted; alone, it is found out which.
      for (const line of lines) await commitAlone(database, of, line);
    }
    await onSettled(lines.length);
  }
}

async function commitAlone(
  database: Database,
  of: { readonly reratingId: string; readonly nowMs: number },
  line: RerateLine,
): Promise<void> {
  const end = (state: Exclude<LineState, 'open'>) =>
    database.write((sql) => endLines(sql, of.reratingId, { places: [line.place], state }));
  try {
    await database.write((sql) => commit(sql, of, [line]));
  } catch (error) {
    if (error instanceof InsufficientCredit) await end('no-credit');
    else if (error instanceof MovedMeanwhile) await end('moved');
    else throw error;
  }
}

/** @throws MovedMeanwhile, InsufficientCredit */
async function commit(
  sql: Sql,
  { reratingId, nowMs }: { readonly reratingId: string; readonly nowMs: number },
  lines: readonly RerateLine[],
): Promise<void> {
  // First, so that of two who commit at once one waits here and then finds nothing open.
  const places = lines.map(({ place }) => place);
  if ((await endLines(sql, reratingId, { places, state: 'posted' })) !== lines.length)
    throw new MovedMeanwhile();
  const cdrs = new Map(
    (
      await readCdrs(
        sql,
        lines.map(({ cdrId }) => cdrId),
      )
    ).map((cdr) => [cdr.cdrId, cdr]),
  );
  const changes = lines.map((line) => ({ line, cdr: cdrs.get(line.cdrId) }));
  const posted = await postAllNew(
    sql,
    lines.map(({ cdrId, accountId, before, after }) =>
      callCorrection({ cdrId, accountId, reratingId, difference: subtractMoney(after, before) }),
    ),
    nowMs,
  );
  await recordEvents(sql, lines.map(callCorrected), nowMs);
  for (const { line, cdr } of changes) {
    if (cdr?.rating?.charge.amountMicros !== line.before.amountMicros) throw new MovedMeanwhile();
    await correctCdr(sql, { line, cdr, reratingId });
  }
  const values = changes.flatMap(({ line, cdr }, n): SqlValue[] => [
    line.cdrId,
    reratingId,
    line.before.amountMicros,
    line.after.amountMicros,
    JSON.stringify(cdr?.rating?.working ?? {}),
    posted[n]?.transactionId ?? '',
    nowMs,
  ]);
  await sql.run(
    `INSERT INTO cdr_corrections (cdr_id, rerating_id, before_micros, after_micros, before_working, ledger_transaction_id, corrected_at_ms)
     VALUES ${changes.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
    values,
  );
}

/** @throws MovedMeanwhile */
async function correctCdr(
  sql: Sql,
  {
    line,
    cdr,
    reratingId,
  }: { readonly line: RerateLine; readonly cdr: StoredCdr; readonly reratingId: string },
): Promise<void> {
  const stored = cdr.rating?.cost ?? null;
  const cost = stored && costBeside(line.after, stored);
  const working = {
    ...(JSON.parse(line.working) as object),
    // The working before stands in the corrections of the CDR.
    rerated: { reratingId, beforeMicros: line.before.amountMicros.toString() },
  };
  const changed = await sql.run(
    'UPDATE cdrs SET charge_micros = ?, rating_working = ?, margin_micros = ? WHERE id = ? AND charge_micros = ?',
    [
      line.after.amountMicros,
      JSON.stringify(working),
      cost?.margin?.amountMicros ?? null,
      line.cdrId,
      line.before.amountMicros,
    ],
  );
  if (changed !== 1) throw new MovedMeanwhile();
}
