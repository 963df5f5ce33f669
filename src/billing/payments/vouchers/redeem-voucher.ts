import { readAccount } from '../../../accounts/accounts-store';
import { AppError, Conflict, InvalidInput } from '../../../kernel/app-error';
import { type Currency, currency, type Money, money } from '../../../kernel/money';
import {
  type Database,
  DuplicateKey,
  integer,
  micros,
  type Row,
  type Sql,
  text,
} from '../../../kernel/unit-of-work';
import { openHouseAccounts } from '../../ledger/ledger-accounts';
import { voucherRedemption } from '../../ledger/movements';
import { postEntries } from '../../ledger/post-entries';
import { parseVoucherCode, voucherFingerprint } from './voucher-code';
import { VoucherExpired, VoucherLocked, VoucherNotAccepted } from './voucher-errors';
import { afterWrongCode, type GuessCount, isLockedOut, NO_GUESSES } from './voucher-guesses';

/** Where a code comes from. `sourceId` tells sources apart: the caller's number, or the API key. */
export type VoucherSource = { readonly source: 'keypad' | 'api'; readonly sourceId: string };

export type RedemptionWanted = VoucherSource & {
  readonly accountId: string;
  /** As it was typed. */
  readonly code: string;
  readonly nowMs: number;
};

export type Redemption = { readonly amount: Money; readonly transactionId: string };

/** Longest name of a source that counts for itself. */
const LONGEST_SOURCE = 64;

/**
 * Turns a voucher into credit of the account. One conditional statement takes the voucher, in one unit of work with its posting: of fifty
 * at once one gets it. Every try counts as wrong before it is looked at, and no longer when it was right, so that many at once are not
 * more guesses than one after the other.
 * @throws InvalidInput for what cannot be a code (it is no guess and does not count), VoucherLocked, VoucherNotAccepted, VoucherExpired,
 * NotFound (account), Conflict for a closed account
 */
export async function redeemVoucher(database: Database, wanted: RedemptionWanted): Promise<Redemption> {
  const { accountId, nowMs } = wanted;
  const account = await readAccount(database.read, accountId);
  if (account.state === 'closed') throw new Conflict('the account is closed', { accountId });
  const code = parseVoucherCode(wanted.code);
  if (code === null)
    throw new InvalidInput('code', 'is no voucher code', 'check its sixteen digits: one of them is wrong');
  const subjects = subjectsOf(wanted);
  await countTry(database, subjects, nowMs);
  const fingerprint = await voucherFingerprint(code);
  return database.write(async (sql) => {
    const redemption = await takeVoucher(sql, { fingerprint, accountId, unit: account.currency, nowMs });
    await takeBackTry(sql, subjects);
    return redemption;
  });
}

function subjectsOf({ accountId, source, sourceId }: RedemptionWanted): readonly string[] {
  // In one order everywhere: two tries that share one subject would otherwise wait for each other.
  return [`account:${accountId}`, `${source}:${sourceId.slice(0, LONGEST_SOURCE)}`].toSorted();
}

/** @throws VoucherLocked */
function countTry(database: Database, subjects: readonly string[], nowMs: number): Promise<void> {
  return database.write(async (sql) => {
    const counts = new Map<string, GuessCount>();
    for (const subject of subjects) counts.set(subject, await lockCount(sql, subject));
    const lockedUntilMs = Math.max(...[...counts.values()].map((count) => count.lockedUntilMs));
    if ([...counts.values()].some((count) => isLockedOut(count, nowMs)))
      throw new VoucherLocked(lockedUntilMs);
    for (const [subject, count] of counts) await storeCount(sql, subject, afterWrongCode(count, nowMs));
  });
}

async function lockCount(sql: Sql, subject: string): Promise<GuessCount> {
  const [row] = await selectCount(sql, subject);
  if (row) return toCount(row);
  try {
    await sql.run(
      'INSERT INTO voucher_guesses (subject, failures, last_failure_at_ms, locked_until_ms) VALUES (?, 0, 0, 0)',
      [subject],
    );
    return NO_GUESSES;
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    const [made] = await selectCount(sql, subject);
    return made ? toCount(made) : NO_GUESSES;
  }
}

function selectCount(sql: Sql, subject: string): Promise<readonly Row[]> {
  return sql.all(
    `SELECT failures, last_failure_at_ms, locked_until_ms FROM voucher_guesses WHERE subject = ?${sql.forUpdate}`,
    [subject],
  );
}

function toCount(row: Row): GuessCount {
  return {
    failures: integer(row.failures),
    lastFailureAtMs: integer(row.last_failure_at_ms),
    lockedUntilMs: integer(row.locked_until_ms),
  };
}

async function storeCount(sql: Sql, subject: string, count: GuessCount): Promise<void> {
  await sql.run(
    'UPDATE voucher_guesses SET failures = ?, last_failure_at_ms = ?, locked_until_ms = ? WHERE subject = ?',
    [count.failures, count.lastFailureAtMs, count.lockedUntilMs, subject],
  );
}

/** The try was right after all: only it is taken back, so that a bought voucher does not pay for new guesses. */
async function takeBackTry(sql: Sql, subjects: readonly string[]): Promise<void> {
  for (const subject of subjects)
    await sql.run(
      'UPDATE voucher_guesses SET failures = failures - 1, locked_until_ms = 0 WHERE subject = ? AND failures > 0',
      [subject],
    );
}

type Taking = {
  readonly fingerprint: string;
  readonly accountId: string;
  readonly unit: Currency;
  readonly nowMs: number;
};

async function takeVoucher(sql: Sql, { fingerprint, accountId, unit, nowMs }: Taking): Promise<Redemption> {
  const taken = await sql.run(
    `UPDATE vouchers SET state = 'redeemed', redeemed_by = ?, redeemed_at_ms = ?
     WHERE code_fingerprint = ? AND state = 'open' AND expires_at_ms > ? AND currency = ?`,
    [accountId, nowMs, fingerprint, nowMs, unit],
  );
  const [row] = await sql.all(
    'SELECT id, state, currency, amount_micros, expires_at_ms FROM vouchers WHERE code_fingerprint = ?',
    [fingerprint],
  );
  if (taken === 0 || !row) throw refusalOf(row, unit);
  const amount = money(micros(row.amount_micros), currency(text(row.currency)));
  await openHouseAccounts(sql, unit, nowMs);
  const movement = voucherRedemption({ accountId, voucherId: text(row.id), amount });
  const { transactionId } = await postEntries(sql, movement, nowMs);
  return { amount, transactionId };
}

function refusalOf(row: Row | undefined, unit: Currency): VoucherNotAccepted | VoucherExpired {
  if (!row) return new VoucherNotAccepted('unknown');
  if (row.state === 'redeemed') return new VoucherNotAccepted('used');
  if (row.state === 'cancelled') return new VoucherNotAccepted('cancelled');
  if (row.currency !== unit) return new VoucherNotAccepted('other-currency');
  return new VoucherExpired(integer(row.expires_at_ms));
}

/** Whether a code typed on the keypad became credit; why it did not, callers are not told. */
export async function isRedeemedByKeypad(
  database: Database,
  {
    callerNumber,
    ...wish
  }: Omit<RedemptionWanted, 'source' | 'sourceId'> & { readonly callerNumber: string | null },
): Promise<boolean> {
  try {
    await redeemVoucher(database, { ...wish, source: 'keypad', sourceId: callerNumber ?? 'withheld' });
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
