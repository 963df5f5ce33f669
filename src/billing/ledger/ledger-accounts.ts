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
] as const;

export type HouseAccount = (typeof HOUSE_ACCOUNTS)[number];

/** The ledger account that keeps a customer's credit. */
export function customerLedgerId(accountId: string): string {
  return `account:${accountId}`;
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
    if (!known.has(houseLedgerId(kind, unit))) await openHouseAccount(sql, kind, unit, nowMs);
}

async function openHouseAccount(sql: Sql, kind: HouseAccount, unit: Currency, nowMs: number): Promise<void> {
  try {
    await sql.run(
      `INSERT INTO ledger_accounts (id, kind, account_id, currency, balance_micros, held_micros, credit_limit_micros, created_at_ms)
       VALUES (?, ?, NULL, ?, 0, 0, NULL, ?)`,
      [houseLedgerId(kind, unit), kind, unit, nowMs],
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
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

/** Gives held credit back to the account. `unspent`: how much of it, by the day it was held on, was not spent on that day. */
export async function freeHeld(
  sql: Sql,
  ledgerAccountId: string,
  freed: { readonly amountMicros: bigint; readonly unspent: ReadonlyMap<number, bigint> },
): Promise<void> {
  const { amountMicros } = freed;
  if (amountMicros === 0n) return;
  const unspent = [...freed.unspent].filter(([, micros]) => micros > 0n);
  const day = unspent
    .map(() => 'WHEN spend_day = ? AND day_spent_micros >= ? THEN day_spent_micros - ?')
    .join(' ');
  const changed = await sql.run(
    `UPDATE ledger_accounts SET held_micros = held_micros - ?${
      day === '' ? '' : `, day_spent_micros = CASE ${day} ELSE day_spent_micros END`
    } WHERE id = ? AND held_micros >= ?`,
    [amountMicros, ...unspent.flatMap(([of, micros]) => [of, micros, micros]), ledgerAccountId, amountMicros],
  );
  if (changed !== 1) throw new Error(`${ledgerAccountId} holds less than the ${amountMicros} micros to free`);
}

type BalanceChange = {
  readonly key: string;
  readonly ledgerAccountId: string;
  readonly change: Money;
};

/** Moves one balance. Only post-entries calls this. @throws InsufficientCredit, PostingRefused */
export async function moveBalance(sql: Sql, { key, ledgerAccountId, change }: BalanceChange): Promise<void> {
  const delta = change.amountMicros;
  const changed = await sql.run(
    `UPDATE ledger_accounts SET balance_micros = balance_micros + ?
     WHERE id = ? AND currency = ? AND balance_micros + ? BETWEEN ? AND ?
       AND (credit_limit_micros IS NULL OR balance_micros + ? + credit_limit_micros - held_micros >= 0)`,
    [delta, ledgerAccountId, change.currency, delta, -MAX_STORED_MICROS, MAX_STORED_MICROS, delta],
  );
  if (changed === 1) return;
  const row = await readRow(sql, ledgerAccountId, sql.forUpdate);
  if (!row) throw new PostingRefused(key, `there is no ledger account ${ledgerAccountId}`);
  if (row.currency !== change.currency)
    throw new PostingRefused(key, `${ledgerAccountId} is in ${text(row.currency)}, not ${change.currency}`);
  const after = micros(row.balance_micros) + delta;
  if (after > MAX_STORED_MICROS || after < -MAX_STORED_MICROS)
    throw new PostingRefused(key, `the balance of ${ledgerAccountId} would no longer be stored exactly`);
  throw new InsufficientCredit(money(-delta, change.currency), toBalance(row).available);
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
