import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import {
  type Currency,
  currency,
  MAX_STORED_MICROS,
  type Money,
  money,
  showMoney,
  subtractMoney,
} from '../../kernel/money';
import { DuplicateKey, micros, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { InsufficientCredit, PostingRefused } from './ledger-errors';

/** The house's own accounts, one of each per currency. What each means and how to read its sign: billing/README. */
export const HOUSE_ACCOUNTS = [
  'funds-received',
  'call-revenue',
  'adjustments',
  'number-fees',
  'voucher-liability',
  'vouchers-issued',
  'voucher-breakage',
  'payment-provider',
  'payment-fees',
  'refunds-pending',
  'dispute-losses',
  'write-offs',
  'exchange',
  'shares-paid',
  'payouts-pending',
  'plan-fees',
  'late-fees',
  'tax-payable',
  'invoice-rounding',
  'credited',
] as const;

export type HouseAccount = (typeof HOUSE_ACCOUNTS)[number];

/** The ledger account that keeps a customer's credit. */
export function customerLedgerId(accountId: string): string {
  return `account:${accountId}`;
}

/** The ledger account that keeps what an account has earned as a host, an agency or a reseller, until it is paid out. */
export function earningsLedgerId(accountId: string, unit: Currency): string {
  return `earnings:${accountId}:${unit}`;
}

/** The house's ledger account of one kind and currency. Sorts after every customer's, so the rows all calls share are locked last. */
export function houseLedgerId(kind: HouseAccount, unit: Currency): string {
  return `house:${kind}:${unit}`;
}

/** An account's money. Spendable is balance + credit limit − held, and never below zero. */
export type Balance = {
  readonly currency: Currency;
  readonly balance: Money;
  readonly held: Money;
  readonly creditLimit: Money;
  readonly available: Money;
};

type NewLedgerAccount = {
  readonly accountId: string;
  readonly currency: Currency;
  readonly creditLimitMicros: bigint;
  readonly nowMs: number;
};

/** Opens the ledger account of a customer, and the house's accounts of its currency where they are missing. */
export async function openLedgerAccount(sql: Sql, wanted: NewLedgerAccount): Promise<void> {
  await openHouseAccounts(sql, wanted.currency, wanted.nowMs);
  await sql.run(
    `INSERT INTO ledger_accounts (id, kind, account_id, currency, balance_micros, held_micros, credit_limit_micros, created_at_ms)
     VALUES (?, 'customer', ?, ?, 0, 0, ?, ?)`,
    [
      customerLedgerId(wanted.accountId),
      wanted.accountId,
      wanted.currency,
      wanted.creditLimitMicros,
      wanted.nowMs,
    ],
  );
}

/** Opens the house's accounts of a currency where they are missing: a later version of the program knows more of them. */
export async function openHouseAccounts(sql: Sql, unit: Currency, nowMs: number): Promise<void> {
  const ids = HOUSE_ACCOUNTS.map((kind) => houseLedgerId(kind, unit));
  const rows = await sql.all(
    `SELECT id FROM ledger_accounts WHERE id IN (${ids.map(() => '?').join(', ')})`,
    ids,
  );
  const known = new Set(rows.map((row) => text(row.id)));
  for (const kind of HOUSE_ACCOUNTS)
    if (!known.has(houseLedgerId(kind, unit)))
      await openUnlimited(sql, { id: houseLedgerId(kind, unit), kind, unit, nowMs });
}

/** A ledger account that may go to any balance. */
async function openUnlimited(
  sql: Sql,
  {
    id,
    kind,
    unit,
    nowMs,
  }: { readonly id: string; readonly kind: string; readonly unit: Currency; readonly nowMs: number },
): Promise<void> {
  try {
    await sql.run(
      `INSERT INTO ledger_accounts (id, kind, account_id, currency, balance_micros, held_micros, credit_limit_micros, created_at_ms)
       VALUES (?, ?, NULL, ?, 0, 0, NULL, ?)`,
      [id, kind, unit, nowMs],
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}

/** Opens the ledger account of somebody's earnings, and the house's of its currency, where they are missing. */
export async function openEarningsAccount(
  sql: Sql,
  { accountId, unit, nowMs }: { readonly accountId: string; readonly unit: Currency; readonly nowMs: number },
): Promise<void> {
  await openHouseAccounts(sql, unit, nowMs);
  const id = earningsLedgerId(accountId, unit);
  const known = await sql.all('SELECT id FROM ledger_accounts WHERE id = ?', [id]);
  if (known.length === 0) await openUnlimited(sql, { id, kind: 'earnings', unit, nowMs });
}

/** What the account has, holds and may spend. @throws NotFound when no ledger account is open for it */
export async function readBalance(sql: Sql, accountId: string): Promise<Balance> {
  const row = await readRow(sql, customerLedgerId(accountId), '');
  if (!row) throw new NotFound('ledger account of', accountId);
  return toBalance(row);
}

/** The same, with the row locked until the unit of work ends. */
export async function lockBalance(sql: Sql, accountId: string): Promise<Balance> {
  const row = await readRow(sql, customerLedgerId(accountId), sql.forUpdate);
  if (!row) throw new NotFound('ledger account of', accountId);
  return toBalance(row);
}

/** A ledger account as it stands. */
export type LedgerAccount = {
  readonly id: string;
  readonly kind: string;
  readonly balance: Money;
  readonly held: Money;
};

/** Ledger accounts in the order of their ids, behind `afterId`. */
export async function listLedgerAccounts(
  sql: Sql,
  page: { readonly kind: string | null; readonly afterId: string | null; readonly limit: number },
): Promise<readonly LedgerAccount[]> {
  const rows = await sql.all(
    `SELECT id, kind, currency, balance_micros, held_micros FROM ledger_accounts WHERE id > ? ${page.kind === null ? '' : 'AND kind = ?'}
     ORDER BY id LIMIT ?`,
    [page.afterId ?? '', ...(page.kind === null ? [] : [page.kind]), page.limit],
  );
  return rows.map((row) => {
    const unit = currency(text(row.currency));
    return {
      id: text(row.id),
      kind: text(row.kind),
      balance: money(micros(row.balance_micros), unit),
      held: money(micros(row.held_micros), unit),
    };
  });
}

/** What the account spent or holds on a day, in micros. */
export async function readDaySpent(sql: Sql, accountId: string, day: number): Promise<bigint> {
  const [row] = await sql.all(
    'SELECT CASE WHEN spend_day >= ? THEN day_spent_micros ELSE 0 END AS spent FROM ledger_accounts WHERE id = ?',
    [day, customerLedgerId(accountId)],
  );
  return micros(row?.spent ?? 0);
}

/**
 * Lets the account's balance go down to −limit.
 * @throws Conflict when the account already uses more than the new limit; NotFound; InvalidInput below zero
 */
export async function setCreditLimit(
  sql: Sql,
  accountId: string,
  creditLimitMicros: bigint,
): Promise<Balance> {
  if (creditLimitMicros < 0n || creditLimitMicros > MAX_STORED_MICROS)
    throw new InvalidInput('creditLimit', 'is out of range', 'give zero or more');
  const before = await lockBalance(sql, accountId);
  if (before.creditLimit.amountMicros === creditLimitMicros) return before;
  const changed = await sql.run(
    'UPDATE ledger_accounts SET credit_limit_micros = ? WHERE id = ? AND balance_micros + ? - held_micros >= 0',
    [creditLimitMicros, customerLedgerId(accountId), creditLimitMicros],
  );
  if (changed === 0)
    throw new Conflict('the account uses more than this credit limit', {
      accountId,
      used: showMoney(subtractMoney(before.held, before.balance)),
    });
  return readBalance(sql, accountId);
}

/**
 * What may be spent in a day. Days are numbers that grow (20260115); what is held counts on the day it is held on, so a call over
 * midnight counts on both.
 */
export type DaySpending = { readonly day: number; readonly capMicros: bigint };

/**
 * Keeps `amountMicros` more of the account's credit for a running call, or refuses: when credit or, where given, the day does not
 * reach that far. One conditional statement.
 */
export async function tryHold(
  sql: Sql,
  ledgerAccountId: string,
  { amountMicros, spending }: { readonly amountMicros: bigint; readonly spending: DaySpending | null },
): Promise<boolean> {
  // MariaDB counts a row that keeps its values as not changed.
  if (amountMicros === 0n) return true;
  if (!spending) {
    const changed = await sql.run(
      `UPDATE ledger_accounts SET held_micros = held_micros + ?
       WHERE id = ? AND balance_micros + credit_limit_micros - held_micros >= ?`,
      [amountMicros, ledgerAccountId, amountMicros],
    );
    return changed === 1;
  }
  const { day, capMicros } = spending;
  // A node whose clock is still before midnight adds to the day that another has begun. Assigned before spend_day: MariaDB would see the new one.
  const changed = await sql.run(
    `UPDATE ledger_accounts SET held_micros = held_micros + ?,
       day_spent_micros = CASE WHEN spend_day >= ? THEN day_spent_micros ELSE 0 END + ?,
       spend_day = CASE WHEN spend_day >= ? THEN spend_day ELSE ? END
     WHERE id = ? AND balance_micros + credit_limit_micros - held_micros >= ?
       AND CASE WHEN spend_day >= ? THEN day_spent_micros ELSE 0 END + ? <= ?`,
    [amountMicros, day, amountMicros, day, day, ledgerAccountId, amountMicros, day, amountMicros, capMicros],
  );
  return changed === 1;
}

/** Credit of an account that is held no longer. */
export type FreedCredit = {
  readonly ledgerAccountId: string;
  readonly amountMicros: bigint;
  /** How much of it, by the day it was held on, was not spent on that day. */
  readonly unspent: ReadonlyMap<number, bigint>;
};

/** Gives held credit back to its accounts, each named once, by one statement. */
export async function freeHeld(sql: Sql, freed: readonly FreedCredit[]): Promise<void> {
  const some = freed
    .filter(({ amountMicros }) => amountMicros > 0n)
    .toSorted((left, right) => (left.ledgerAccountId < right.ledgerAccountId ? -1 : 1));
  if (some.length === 0) return;
  const ids = some.map(({ ledgerAccountId }) => ledgerAccountId);
  const amounts = some.flatMap(({ ledgerAccountId, amountMicros }) => [ledgerAccountId, amountMicros]);
  const days = some.flatMap(({ ledgerAccountId, unspent }) =>
    [...unspent]
      .filter(([, amount]) => amount > 0n)
      .map(([day, amount]) => [ledgerAccountId, day, amount, amount]),
  );
  const cases = `CASE id ${some.map(() => 'WHEN ? THEN ?').join(' ')} END`;
  const dayCases = days.map(
    () => 'WHEN id = ? AND spend_day = ? AND day_spent_micros >= ? THEN day_spent_micros - ?',
  );
  const changed = await sql.run(
    `UPDATE ledger_accounts SET held_micros = held_micros - ${cases}${
      days.length === 0 ? '' : `, day_spent_micros = CASE ${dayCases.join(' ')} ELSE day_spent_micros END`
    } WHERE id IN (${ids.map(() => '?').join(', ')}) AND held_micros >= ${cases}`,
    [...amounts, ...days.flat(), ...ids, ...amounts],
  );
  if (changed !== some.length) throw new Error('an account holds less than is to be freed');
}

/** What an account gains or loses; `key` names the posting in a refusal. */
export type BalanceChange = {
  readonly key: string;
  readonly ledgerAccountId: string;
  readonly change: Money;
};

/** Balances that are moved one by one. */
const FEW = 2;

/**
 * Moves balances, each account named once: the customers' by one statement, then the house's. Only post-entries calls this.
 * @throws InsufficientCredit, PostingRefused
 */
export async function moveBalances(sql: Sql, changes: readonly BalanceChange[]): Promise<void> {
  const sorted = changes.toSorted((left, right) => (left.ledgerAccountId < right.ledgerAccountId ? -1 : 1));
  const isHouse = ({ ledgerAccountId }: BalanceChange) => ledgerAccountId.startsWith('house:');
  // The rows that all calls share are locked last.
  for (const own of [sorted.filter((change) => !isHouse(change)), sorted.filter(isHouse)])
    if (own.length > FEW) await moveTogether(sql, own);
    // Each alone, a refusal can be told exactly.
    else for (const change of own) await moveTogether(sql, [change]);
}

async function moveTogether(sql: Sql, changes: readonly BalanceChange[]): Promise<void> {
  if (changes.length === 0) return;
  const ids = changes.map(({ ledgerAccountId }) => ledgerAccountId);
  const cases = `CASE id ${changes.map(() => 'WHEN ? THEN ?').join(' ')} END`;
  const deltas = changes.flatMap(({ ledgerAccountId, change }) => [ledgerAccountId, change.amountMicros]);
  const currencies = changes.flatMap(({ ledgerAccountId, change }) => [ledgerAccountId, change.currency]);
  const changed = await sql.run(
    `UPDATE ledger_accounts SET balance_micros = balance_micros + ${cases}
     WHERE id IN (${ids.map(() => '?').join(', ')}) AND currency = ${cases}
       AND balance_micros + ${cases} BETWEEN ? AND ?
       AND (credit_limit_micros IS NULL OR balance_micros + ${cases} + credit_limit_micros - held_micros >= 0)`,
    [...deltas, ...ids, ...currencies, ...deltas, -MAX_STORED_MICROS, MAX_STORED_MICROS, ...deltas],
  );
  if (changed !== changes.length) throw await whyNotMoved(sql, changes);
}

/** Which of the accounts did not take its change, and why; of several that are short the caller finds it by moving each alone. */
async function whyNotMoved(sql: Sql, changes: readonly BalanceChange[]): Promise<Error> {
  for (const { key, ledgerAccountId, change } of changes) {
    const row = await readRow(sql, ledgerAccountId, sql.forUpdate);
    if (!row) return new PostingRefused(key, `there is no ledger account ${ledgerAccountId}`);
    if (row.currency !== change.currency)
      return new PostingRefused(
        key,
        `${ledgerAccountId} is in ${text(row.currency)}, not ${change.currency}`,
      );
    if (changes.length > 1) continue;
    const after = micros(row.balance_micros) + change.amountMicros;
    if (after > MAX_STORED_MICROS || after < -MAX_STORED_MICROS)
      return new PostingRefused(key, `the balance of ${ledgerAccountId} would no longer be stored exactly`);
    return new InsufficientCredit(money(-change.amountMicros, change.currency), toBalance(row).available);
  }
  return new PostingRefused(
    changes[0]?.key ?? '',
    `one of the ${changes.length} balances that move with it cannot be moved`,
  );
}

async function readRow(sql: Sql, ledgerAccountId: string, lock: string): Promise<Row | null> {
  const [row] = await sql.all(
    `SELECT currency, balance_micros, held_micros, credit_limit_micros FROM ledger_accounts WHERE id = ?${lock}`,
    [ledgerAccountId],
  );
  return row ?? null;
}

function toBalance(row: Row): Balance {
  const unit = currency(text(row.currency));
  const balance = micros(row.balance_micros);
  const held = micros(row.held_micros);
  const limit = micros(row.credit_limit_micros ?? 0);
  return {
    currency: unit,
    balance: money(balance, unit),
    held: money(held, unit),
    creditLimit: money(limit, unit),
    available: money(balance + limit - held, unit),
  };
}
