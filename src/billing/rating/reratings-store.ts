import { NotFound } from '../../kernel/app-error';
import { type Currency, currency, type Money, money } from '../../kernel/money';
import { integer, micros, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';

/** A re-rating that told nothing for so long was broken off: its node died. */
const SILENCE_MS = 10 * 60_000;

/** Which calls are priced anew, and by what. */
export type RerateWish = {
  readonly fromMs: number;
  /** Calls that began before this moment. */
  readonly untilMs: number;
  readonly accountId: string | null;
  /** First digits of the number that was called, without a plus. */
  readonly prefix: string | null;
  /** The deck that priced the call. */
  readonly deckId: string | null;
  /** Another deck to price by; null: each call's own. */
  readonly byDeckId: string | null;
};

export type ReratingState = 'checking' | 'checked' | 'committing' | 'committed' | 'failed';

export type Rerating = {
  readonly id: string;
  readonly state: ReratingState;
  readonly wish: RerateWish;
  readonly reason: string;
  /** Calls that were priced anew, those of them that cost something else, and those that nothing prices any more and that stay as they are. */
  readonly lookedAt: number;
  readonly changed: number;
  readonly withoutPrice: number;
  /** Changes that were posted, or found to be impossible. */
  readonly settled: number;
  readonly problem: string | null;
  readonly startedAtMs: number;
  readonly changedAtMs: number;
};

/** `moved`: the call was corrected by another re-rating meanwhile. `no-credit`: its account cannot pay the difference. Both stay as they are. */
export type LineState = 'open' | 'posted' | 'moved' | 'no-credit';

/** A call that costs something else now. */
export type RerateLine = {
  readonly place: number;
  readonly cdrId: string;
  readonly accountId: string;
  readonly before: Money;
  readonly after: Money;
  /** How the new charge came about, as JSON. */
  readonly working: string;
  readonly state: LineState;
};

const COLUMNS = `id, state, wish, reason, looked_at, changed, without_price, settled, problem, started_at_ms, changed_at_ms`;

export async function insertRerating(
  sql: Sql,
  of: { readonly id: string; readonly wish: RerateWish; readonly reason: string; readonly nowMs: number },
): Promise<void> {
  await sql.run(`INSERT INTO reratings (${COLUMNS}) VALUES (?, 'checking', ?, ?, 0, 0, 0, 0, NULL, ?, ?)`, [
    of.id,
    JSON.stringify(of.wish),
    of.reason,
    of.nowMs,
    of.nowMs,
  ]);
}

/** Moves a re-rating from one state to another; false when it is in neither of `from`. */
export async function moveRerating(
  sql: Sql,
  id: string,
  to: {
    readonly from: readonly ReratingState[];
    readonly state: ReratingState;
    readonly problem?: string | null;
    readonly nowMs: number;
  },
): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE reratings SET state = ?, problem = ?, changed_at_ms = ? WHERE id = ? AND state IN (${to.from.map(() => '?').join(', ')})`,
    [to.state, to.problem ?? null, to.nowMs, id, ...to.from],
  );
  return changed === 1;
}

/** Stores found changes and how far the look has come, in one unit of work with each other. */
export async function keepFound(
  sql: Sql,
  id: string,
  found: {
    readonly lines: readonly Omit<RerateLine, 'state'>[];
    readonly lookedAt: number;
    readonly changed: number;
    readonly withoutPrice: number;
    readonly nowMs: number;
  },
): Promise<void> {
  await sql.run(
    'UPDATE reratings SET looked_at = ?, changed = ?, without_price = ?, changed_at_ms = ? WHERE id = ?',
    [found.lookedAt, found.changed, found.withoutPrice, found.nowMs, id],
  );
  if (found.lines.length === 0) return;
  await sql.run(
    `INSERT INTO rerating_lines (rerating_id, place, cdr_id, account_id, currency, before_micros, after_micros, working, state)
     VALUES ${found.lines.map(() => "(?, ?, ?, ?, ?, ?, ?, ?, 'open')").join(', ')}`,
    found.lines.flatMap((line) => [
      id,
      line.place,
      line.cdrId,
      line.accountId,
      line.before.currency,
      line.before.amountMicros,
      line.after.amountMicros,
      line.working,
    ]),
  );
}

/** The re-rating. One that works and has long told nothing is given as failed. @throws NotFound */
export async function readRerating(sql: Sql, id: string, nowMs: number): Promise<Rerating> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM reratings WHERE id = ?`, [id]);
  if (!row) throw new NotFound('re-rating', id);
  return toRerating(row, nowMs);
}

/** Re-ratings, the newest first, from before `before` on (null: from the newest). */
export async function listReratings(
  sql: Sql,
  page: { readonly before: string | null; readonly limit: number; readonly nowMs: number },
): Promise<readonly Rerating[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM reratings${page.before === null ? '' : ' WHERE id < ?'} ORDER BY id DESC LIMIT ?`,
    [...(page.before === null ? [] : [page.before]), page.limit],
  );
  return rows.map((row) => toRerating(row, page.nowMs));
}

/** What a re-rating means for one account. */
export type AccountDelta = {
  readonly accountId: string;
  readonly calls: number;
  readonly before: Money;
  readonly after: Money;
};

/** The delta report: an account and currency a line, in the order of accounts, from behind `after` on. */
export async function deltaByAccount(
  sql: Sql,
  id: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<readonly AccountDelta[]> {
  const rows = await sql.all(
    `SELECT account_id, currency, COUNT(*) AS calls, CAST(SUM(before_micros) AS CHAR) AS before_sum, CAST(SUM(after_micros) AS CHAR) AS after_sum
     FROM rerating_lines WHERE rerating_id = ? AND account_id > ? GROUP BY account_id, currency ORDER BY account_id, currency LIMIT ?`,
    [id, page.after ?? '', page.limit],
  );
  return rows.map((row) => {
    const unit: Currency = currency(text(row.currency));
    return {
      accountId: text(row.account_id),
      calls: integer(row.calls),
      before: money(micros(row.before_sum), unit),
      after: money(micros(row.after_sum), unit),
    };
  });
}

/** Changes of a re-rating in their order, from behind `after` on; of one state when it is named. */
export async function listLines(
  sql: Sql,
  id: string,
  page: { readonly after: number | null; readonly limit: number; readonly state?: LineState },
): Promise<readonly RerateLine[]> {
  const rows = await sql.all(
    `SELECT place, cdr_id, account_id, currency, before_micros, after_micros, working, state FROM rerating_lines
     WHERE rerating_id = ? AND place > ?${page.state ? ' AND state = ?' : ''} ORDER BY place LIMIT ?`,
    [id, page.after ?? -1, ...(page.state ? [page.state] : []), page.limit],
  );
  return rows.map(toLine);
}

/** Ends open changes; gives how many of them were open. */
export function endLines(
  sql: Sql,
  id: string,
  { places, state }: { readonly places: readonly number[]; readonly state: Exclude<LineState, 'open'> },
): Promise<number> {
  return sql.run(
    `UPDATE rerating_lines SET state = ? WHERE rerating_id = ? AND place IN (${places.map(() => '?').join(', ')}) AND state = 'open'`,
    [state, id, ...places],
  );
}

function toLine(row: Row): RerateLine {
  const unit = currency(text(row.currency));
  return {
    place: integer(row.place),
    cdrId: text(row.cdr_id),
    accountId: text(row.account_id),
    before: money(micros(row.before_micros), unit),
    after: money(micros(row.after_micros), unit),
    working: text(row.working),
    state: text(row.state) as LineState,
  };
}

function toRerating(row: Row, nowMs: number): Rerating {
  const changedAtMs = integer(row.changed_at_ms);
  const works = row.state === 'checking' || row.state === 'committing';
  const isSilent = works && changedAtMs < nowMs - SILENCE_MS;
  return {
    id: text(row.id),
    state: isSilent ? 'failed' : (text(row.state) as ReratingState),
    wish: JSON.parse(text(row.wish)) as RerateWish,
    reason: text(row.reason),
    lookedAt: integer(row.looked_at),
    changed: integer(row.changed),
    withoutPrice: integer(row.without_price),
    settled: integer(row.settled),
    problem: isSilent
      ? 'it was broken off; what is open can be committed again, nothing comes twice'
      : textOrNull(row.problem),
    startedAtMs: integer(row.started_at_ms),
    changedAtMs,
  };
}
