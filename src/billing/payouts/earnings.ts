import { Conflict, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { currency, type Currency, type Money, money, negate } from '../../kernel/money';
import {
  DuplicateKey,
  integer,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import { earning } from '../ledger/earning-movements';
import { openEarningsAccount } from '../ledger/ledger-accounts';
import { postEntries } from '../ledger/post-entries';

/** Somebody's share of what was earned by one cause; negative when it was clawed back. */
export type Earning = {
  readonly id: string;
  readonly accountId: string;
  /** Names its cause: a cause is shared once. */
  readonly sourceKey: string;
  readonly amount: Money;
  readonly note: string;
  readonly earnedAtMs: number;
  /** From then on it can be paid out. */
  readonly maturesAtMs: number;
  readonly payoutId: string | null;
};

export type EarningWanted = {
  readonly accountId: string;
  readonly sourceKey: string;
  readonly amount: Money;
  readonly note: string;
  readonly holdMs: number;
  readonly nowMs: number;
};

/**
 * Credits a share, once for its cause. Part of the unit of work of that cause. Gives the earning, the first one when the cause comes again.
 * @throws Conflict when the cause was shared with another amount or account, InvalidInput for zero
 */
export async function creditEarning(sql: Sql, wanted: EarningWanted): Promise<Earning> {
  const { accountId, sourceKey, amount, note, nowMs } = wanted;
  const made: Earning = {
    id: newId(nowMs),
    accountId,
    sourceKey,
    amount,
    note,
    earnedAtMs: nowMs,
    maturesAtMs: nowMs + wanted.holdMs,
    payoutId: null,
  };
  const movement = earning({ accountId, key: sourceKey, amount, note });
  try {
    await sql.run(`INSERT INTO earnings (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)`, [
      made.id,
      accountId,
      sourceKey,
      amount.currency,
      amount.amountMicros,
      note,
      made.earnedAtMs,
      made.maturesAtMs,
    ]);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    const before = await readEarning(sql, sourceKey);
    if (before.accountId === accountId && before.amount.amountMicros === amount.amountMicros) return before;
    throw new Conflict('this cause was shared before with another amount or account', { sourceKey });
  }
  await openEarningsAccount(sql, { accountId, unit: amount.currency, nowMs });
  await postEntries(sql, movement, nowMs);
  return made;
}

/** Takes a share back whose cause was undone (a dispute, a correction), once; it counts against the next payout. @throws NotFound */
export async function clawBackEarning(
  sql: Sql,
  {
    sourceKey,
    reason,
    nowMs,
  }: { readonly sourceKey: string; readonly reason: string; readonly nowMs: number },
): Promise<Earning> {
  const { accountId, amount } = await readEarning(sql, sourceKey);
  return creditEarning(sql, {
    accountId,
    sourceKey: `claw-back:${sourceKey}`,
    amount: negate(amount),
    note: reason,
    holdMs: 0,
    nowMs,
  });
}

async function readEarning(sql: Sql, sourceKey: string): Promise<Earning> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM earnings WHERE source_key = ?`, [sourceKey]);
  if (!row) throw new NotFound('earning', sourceKey);
  return toEarning(row);
}

const COLUMNS =
  'id, account_id, source_key, currency, amount_micros, note, earned_at_ms, matures_at_ms, payout_id';

export type EarningsSum = {
  readonly currency: Currency;
  /** Everything that is not paid out. */
  readonly unpaid: Money;
  /** What of it can be paid out now; below zero when more was clawed back. */
  readonly mature: Money;
};

/** What an account has earned and not been paid, by currency. */
export async function sumEarnings(
  sql: Sql,
  accountId: string,
  nowMs: number,
): Promise<readonly EarningsSum[]> {
  const rows = await sql.all(
    `SELECT currency, SUM(amount_micros) AS unpaid, SUM(CASE WHEN matures_at_ms <= ? THEN amount_micros ELSE 0 END) AS mature
     FROM earnings WHERE account_id = ? AND payout_id IS NULL GROUP BY currency ORDER BY currency`,
    [nowMs, accountId],
  );
  return rows.map((row) => {
    const unit = currency(text(row.currency));
    return {
      currency: unit,
      unpaid: money(micros(row.unpaid), unit),
      mature: money(micros(row.mature), unit),
    };
  });
}

/** Earnings of an account, the newest first; of one payout when that is given. */
export async function listEarnings(
  sql: Sql,
  wanted: {
    readonly accountId: string;
    readonly payoutId: string | null;
    readonly beforeId: string | null;
    readonly limit: number;
  },
): Promise<readonly Earning[]> {
  const { accountId, payoutId, beforeId, limit } = wanted;
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM earnings WHERE account_id = ? ${payoutId === null ? '' : 'AND payout_id = ?'}
     ${beforeId === null ? '' : 'AND id < ?'} ORDER BY id DESC LIMIT ?`,
    [accountId, ...[payoutId, beforeId].filter((value) => value !== null), limit],
  );
  return rows.map(toEarning);
}

function toEarning(row: Row): Earning {
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    sourceKey: text(row.source_key),
    amount: money(micros(row.amount_micros), currency(text(row.currency))),
    note: text(row.note),
    earnedAtMs: integer(row.earned_at_ms),
    maturesAtMs: integer(row.matures_at_ms),
    payoutId: textOrNull(row.payout_id),
  };
}
