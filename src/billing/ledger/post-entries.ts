import { Conflict } from '../../kernel/app-error';
import { fingerprint, newId } from '../../kernel/ids';
import { addMoney, MAX_STORED_MICROS } from '../../kernel/money';
import { DuplicateKey, integer, type Sql, text } from '../../kernel/unit-of-work';
import { type BalanceChange, moveBalances } from './ledger-accounts';
import { PostingRefused } from './ledger-errors';
import type { Movement } from './movements';

/** Entries one movement may have: a call shared out over reseller levels needs a dozen. */
const MAX_ENTRIES = 100;

const LONGEST_KEY = 200;
const LONGEST_NOTE = 500;

/** What stands in the ledger after posting; `repeated` when the key had been posted before. */
export type Posted = {
  readonly transactionId: string;
  readonly postedAtMs: number;
  readonly repeated: boolean;
};

/**
 * Writes one movement and the balances it changes. THE ONLY WRITER of the ledger. A key that was posted before changes nothing
 * and gives the first result.
 * @throws PostingRefused for a set that is unbalanced in a currency, empty, too large or for an unknown account;
 * InsufficientCredit when a customer would fall below the credit limit; Conflict when the key was posted with other entries
 */
export async function postEntries(sql: Sql, movement: Movement, nowMs: number): Promise<Posted> {
  try {
    const [posted] = await postAllNew(sql, [movement], nowMs);
    return posted as Posted;
  } catch (error) {
    if (error instanceof DuplicateKey) return firstPosting(sql, movement, fingerprintOf(movement));
    throw error;
  }
}

/**
 * Writes movements that were never posted before, each as a transaction of its own, and each balance they change by one statement for all.
 * @throws DuplicateKey when one was posted before, beside what postEntries throws; then nothing of them may be kept
 */
export async function postAllNew(
  sql: Sql,
  movements: readonly Movement[],
  nowMs: number,
): Promise<readonly Posted[]> {
  if (movements.length === 0) return [];
  for (const movement of movements) requirePostable(movement);
  const posted = movements.map((movement) => ({ movement, transactionId: newId(nowMs) }));
  await sql.run(
    `INSERT INTO ledger_transactions (id, idempotency_key, kind, note, content_fingerprint, posted_at_ms)
     VALUES ${posted.map(() => '(?, ?, ?, ?, ?, ?)').join(', ')}`,
    posted.flatMap(({ movement, transactionId }) => [
      transactionId,
      movement.key,
      movement.kind,
      movement.note.slice(0, LONGEST_NOTE),
      fingerprintOf(movement),
      nowMs,
    ]),
  );
  await moveBalances(sql, changesByAccount(movements));
  await insertEntries(sql, posted, nowMs);
  return posted.map(({ transactionId }) => ({ transactionId, postedAtMs: nowMs, repeated: false }));
}

async function firstPosting(sql: Sql, movement: Movement, content: string): Promise<Posted> {
  const [row] = await sql.all(
    'SELECT id, content_fingerprint, posted_at_ms FROM ledger_transactions WHERE idempotency_key = ?',
    [movement.key],
  );
  if (!row) throw new Error(`the posting ${movement.key} was refused as repeated but is not there`);
  if (row.content_fingerprint !== content)
    throw new Conflict(`${movement.key} was posted before with other entries`, { key: movement.key });
  return { transactionId: text(row.id), postedAtMs: integer(row.posted_at_ms), repeated: true };
}

function requirePostable({ key, entries }: Movement): void {
  const refuse = (reason: string): never => {
    throw new PostingRefused(key, reason);
  };
  if (key === '' || key.length > LONGEST_KEY) refuse(`its key must have 1 to ${LONGEST_KEY} characters`);
  if (entries.length < 2 || entries.length > MAX_ENTRIES) refuse(`it has ${entries.length} entries`);
  const sums = new Map<string, bigint>();
  for (const { amount } of entries) {
    if (amount.amountMicros === 0n) refuse('an entry is zero');
    if (amount.amountMicros > MAX_STORED_MICROS || amount.amountMicros < -MAX_STORED_MICROS)
      refuse(`${amount.amountMicros} micros cannot be stored exactly`);
    sums.set(amount.currency, (sums.get(amount.currency) ?? 0n) + amount.amountMicros);
  }
  for (const [unit, sum] of sums) if (sum !== 0n) refuse(`its ${unit} entries sum to ${sum} micros`);
}

/** What each account gains or loses in all; accounts whose entries cancel out are left out. `key`: the first movement about it. */
function changesByAccount(movements: readonly Movement[]): readonly BalanceChange[] {
  const changes = new Map<string, BalanceChange>();
  for (const { key, entries } of movements)
    for (const { ledgerAccountId, amount } of entries) {
      const before = changes.get(ledgerAccountId);
      changes.set(
        ledgerAccountId,
        before
          ? { ...before, change: addMoney(before.change, amount) }
          : { key, ledgerAccountId, change: amount },
      );
    }
  return [...changes.values()].filter(({ change }) => change.amountMicros !== 0n);
}

async function insertEntries(
  sql: Sql,
  posted: readonly { readonly movement: Movement; readonly transactionId: string }[],
  nowMs: number,
): Promise<void> {
  const lines = posted.flatMap(({ movement, transactionId }) =>
    movement.entries.map((entry, index) => ({ entry, transactionId, lineNumber: index + 1 })),
  );
  await sql.run(
    `INSERT INTO ledger_entries (transaction_id, line_number, ledger_account_id, currency, amount_micros, exchange_rate, posted_at_ms)
     VALUES ${lines.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
    lines.flatMap(({ entry, transactionId, lineNumber }) => [
      transactionId,
      lineNumber,
      entry.ledgerAccountId,
      entry.amount.currency,
      entry.amount.amountMicros,
      entry.exchangeRate ?? null,
      nowMs,
    ]),
  );
}

/** What an entry says, as it is fingerprinted. */
type FingerprintedLine = {
  readonly ledgerAccountId: string;
  readonly amountMicros: bigint | string;
  readonly currency: string;
  readonly exchangeRate: string | null;
};

/** What tells a movement from another that was posted with the same key. */
export function contentFingerprint(kind: string, lines: readonly FingerprintedLine[]): string {
  return fingerprint(
    [
      kind,
      ...lines.map(({ ledgerAccountId, amountMicros, currency, exchangeRate }) =>
        [ledgerAccountId, amountMicros, currency, ...(exchangeRate === null ? [] : [exchangeRate])].join(' '),
      ),
    ].join('\n'),
  );
}

function fingerprintOf({ kind, entries }: Movement): string {
  return contentFingerprint(
    kind,
    entries.map(({ ledgerAccountId, amount, exchangeRate = null }) => ({
      ledgerAccountId,
      ...amount,
      exchangeRate,
    })),
  );
}
