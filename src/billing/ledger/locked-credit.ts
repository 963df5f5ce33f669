import { currency, type Money, money } from '../../kernel/money';
import { integerOrNull, micros, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { customerLedgerId, type DaySpending } from './ledger-accounts';
import { DaySpent, InsufficientCredit } from './ledger-errors';

/** What one account has and what was taken of it here. */
type Credit = {
  availableMicros: bigint;
  readonly currency: Money['currency'];
  spendDay: number;
  daySpentMicros: bigint;
  heldMoreMicros: bigint;
};

/**
 * The credit of some accounts, locked until the unit of work ends, so that nobody else holds any meanwhile: what calls want of it is decided
 * here in memory, one after the other, and `store` writes it by one conditional statement.
 */
export class LockedCredit {
  private constructor(private readonly accounts: ReadonlyMap<string, Credit>) {}

  /** Locks the accounts in the order of their ids, so that two of these never wait for each other. */
  static async lock(sql: Sql, accountIds: readonly string[]): Promise<LockedCredit> {
    const ids = [...new Set(accountIds)].map(customerLedgerId).toSorted();
    if (ids.length === 0) return new LockedCredit(new Map());
    const rows = await sql.all(
      `SELECT account_id, currency, balance_micros, held_micros, credit_limit_micros, spend_day, day_spent_micros
       FROM ledger_accounts WHERE id IN (${ids.map(() => '?').join(', ')}) ORDER BY id${sql.forUpdate}`,
      ids,
    );
    return new LockedCredit(new Map(rows.map((row) => [text(row.account_id), toCredit(row)])));
  }

  /** Keeps `amount` of the account for a call; gives why not: its credit, or else its day. */
  take(
    callId: string,
    wanted: { readonly accountId: string; readonly amount: Money; readonly spending: DaySpending | null },
  ): InsufficientCredit | DaySpent | null {
    const credit = this.accounts.get(wanted.accountId);
    if (!credit) throw new Error(`there is no ledger account of ${wanted.accountId}`);
    const { amountMicros } = wanted.amount;
    if (amountMicros === 0n) return null;
    if (amountMicros > credit.availableMicros)
      return new InsufficientCredit(wanted.amount, money(credit.availableMicros, credit.currency));
    if (wanted.spending) {
      const { day, capMicros } = wanted.spending;
      // A node whose clock is still before midnight adds to the day that another has begun.
      const spent = (credit.spendDay >= day ? credit.daySpentMicros : 0n) + amountMicros;
      if (spent > capMicros) return new DaySpent(callId);
      credit.daySpentMicros = spent;
      credit.spendDay = Math.max(credit.spendDay, day);
    }
    credit.availableMicros -= amountMicros;
    credit.heldMoreMicros += amountMicros;
    return null;
  }

  /** Writes what was taken. */
  async store(sql: Sql): Promise<void> {
    const changed = [...this.accounts].filter(([, { heldMoreMicros }]) => heldMoreMicros > 0n);
    if (changed.length === 0) return;
    const ids = changed.map(([accountId]) => customerLedgerId(accountId));
    const cases = `CASE id ${ids.map(() => 'WHEN ? THEN ?').join(' ')} END`;
    const by = (valueOf: (credit: Credit) => bigint | number) =>
      changed.flatMap(([, credit], n) => [ids[n] as string, valueOf(credit)]);
    const stored = await sql.run(
      `UPDATE ledger_accounts SET held_micros = held_micros + ${cases}, day_spent_micros = ${cases}, spend_day = ${cases}
       WHERE id IN (${ids.map(() => '?').join(', ')}) AND balance_micros + credit_limit_micros - held_micros >= ${cases}`,
      [
        ...by((credit) => credit.heldMoreMicros),
        ...by((credit) => credit.daySpentMicros),
        ...by((credit) => credit.spendDay),
        ...ids,
        ...by((credit) => credit.heldMoreMicros),
      ],
    );
    if (stored !== ids.length) throw new Error('credit moved while it was locked');
  }
}

function toCredit(row: Row): Credit {
  return {
    availableMicros:
      micros(row.balance_micros) + micros(row.credit_limit_micros ?? 0) - micros(row.held_micros),
    currency: currency(text(row.currency)),
    spendDay: integerOrNull(row.spend_day) ?? 0,
    daySpentMicros: micros(row.day_spent_micros),
    heldMoreMicros: 0n,
  };
}
