import { AppError } from '../../kernel/app-error';
import { addMoney, type Currency, currency, money } from '../../kernel/money';
import {
  type Database,
  DuplicateKey,
  integer,
  micros,
  type Row,
  type Sql,
  text,
} from '../../kernel/unit-of-work';
import { openHouseAccounts } from '../ledger/ledger-accounts';
import { invoiceTax, lateFee, type Movement, planFee } from '../ledger/movements';
import { postAllNew, postEntries } from '../ledger/post-entries';

/** Charges read at a time, and posted together. */
const PAGE = 200;

export type DueChargeKind = 'plan-fee' | 'late-fee' | 'invoice-tax';

/** Something an account owes beside its calls. Of an invoice's tax `amount` is all that is owed and `taxMicros` the part that is tax. */
export type DueCharge = {
  readonly key: string;
  readonly accountId: string;
  readonly kind: DueChargeKind;
  readonly currency: Currency;
  readonly amountMicros: bigint;
  readonly taxMicros: bigint;
  /** Shown to people who read the ledger. */
  readonly note: string;
  /** What the feature that made it needs when it is posted. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly dueAtMs: number;
};

/** What follows from a posting, in its unit of work, by kind of charge. */
export type OnPosted = Readonly<
  Partial<Record<DueChargeKind, (sql: Sql, charge: DueCharge, nowMs: number) => Promise<void>>>
>;

/** Notes a charge as owed, in the unit of work of its cause. False when its key is there already: that changes nothing. */
export async function noteDue(sql: Sql, charge: DueCharge): Promise<boolean> {
  try {
    await noteAllDue(sql, [charge]);
    return true;
  } catch (error) {
    if (error instanceof DuplicateKey) return false;
    throw error;
  }
}

/** The same for charges that are all new, in one statement. @throws DuplicateKey */
export async function noteAllDue(sql: Sql, charges: readonly DueCharge[]): Promise<void> {
  if (charges.length === 0) return;
  await sql.run(
    `INSERT INTO due_charges (charge_key, account_id, kind, currency, amount_micros, tax_micros, note, details, state, due_at_ms)
     VALUES ${charges.map(() => "(?, ?, ?, ?, ?, ?, ?, ?, 'due', ?)").join(', ')}`,
    charges.flatMap((charge) => [
      charge.key,
      charge.accountId,
      charge.kind,
      charge.currency,
      charge.amountMicros,
      charge.taxMicros,
      charge.note,
      JSON.stringify(charge.details),
      charge.dueAtMs,
    ]),
  );
}

/** What one run did. */
export type DueRun = { readonly posted: number; readonly stillDue: number };

/**
 * Posts what is due, the oldest first. What an account cannot pay within its credit limit stays due whole, is posted by the first run after a
 * payment, and never overdraws. However often and by however many nodes it is run, each charge is posted once.
 */
export async function postDueCharges(
  database: Database,
  {
    nowMs,
    onPosted = {},
    goesOn = () => true,
  }: { nowMs: number; onPosted?: OnPosted; goesOn?: () => boolean },
): Promise<DueRun> {
  let posted = 0;
  let stillDue = 0;
  for (let after: DueCharge | null = null; goesOn(); ) {
    const page: readonly DueCharge[] = await duePage(database.read, after, nowMs);
    const done = await postPage(database, page, nowMs, onPosted);
    posted += done;
    stillDue += page.length - done;
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last;
  }
  return { posted, stillDue };
}

/** Posts what one account owes, the oldest first: after it has paid. */
export async function postDueOf(
  database: Database,
  accountId: string,
  { nowMs, onPosted = {} }: { nowMs: number; onPosted?: OnPosted },
): Promise<number> {
  const rows = await database.read.all(
    `SELECT ${COLUMNS} FROM due_charges WHERE account_id = ? AND state = 'due' AND due_at_ms <= ? ORDER BY due_at_ms, charge_key LIMIT ?`,
    [accountId, nowMs, PAGE],
  );
  let posted = 0;
  for (const row of rows) if (await postOne(database, toCharge(row), nowMs, onPosted)) posted++;
  return posted;
}

/** All together first; when one of them is refused, each alone. */
async function postPage(
  database: Database,
  page: readonly DueCharge[],
  nowMs: number,
  onPosted: OnPosted,
): Promise<number> {
  if (page.length > 1) {
    try {
      return await database.write((sql) => postTogether(sql, page, nowMs, onPosted));
    } catch (error) {
      if (!(error instanceof AppError || error instanceof DuplicateKey || error instanceof PostedElsewhere))
        throw error;
    }
  }
  let posted = 0;
  for (const charge of page) if (await postOne(database, charge, nowMs, onPosted)) posted++;
  return posted;
}

class PostedElsewhere extends Error {}

async function postTogether(
  sql: Sql,
  page: readonly DueCharge[],
  nowMs: number,
  onPosted: OnPosted,
): Promise<number> {
  const keys = page.map(({ key }) => key).toSorted();
  const changed = await sql.run(
    `UPDATE due_charges SET state = 'posted', posted_at_ms = ? WHERE charge_key IN (${keys.map(() => '?').join(', ')}) AND state = 'due'`,
    [nowMs, ...keys],
  );
  if (changed !== page.length) throw new PostedElsewhere();
  for (const unit of new Set(page.map((charge) => charge.currency)))
    await openHouseAccounts(sql, unit, nowMs);
  const posted = await postAllNew(sql, page.map(movementOf), nowMs);
  await sql.run(
    `UPDATE due_charges SET ledger_transaction_id = CASE charge_key ${page.map(() => 'WHEN ? THEN ?').join(' ')} END
     WHERE charge_key IN (${keys.map(() => '?').join(', ')})`,
    [...page.flatMap(({ key }, n) => [key, posted[n]?.transactionId ?? null]), ...keys],
  );
  for (const charge of page) await onPosted[charge.kind]?.(sql, charge, nowMs);
  return page.length;
}

/** Refused by the ledger, whatever the reason, it stays due. */
async function postOne(
  database: Database,
  charge: DueCharge,
  nowMs: number,
  onPosted: OnPosted,
): Promise<boolean> {
  try {
    return await database.write(async (sql) => {
      const changed = await sql.run(
        "UPDATE due_charges SET state = 'posted', posted_at_ms = ? WHERE charge_key = ? AND state = 'due'",
        [nowMs, charge.key],
      );
      if (changed === 0) return false;
      await openHouseAccounts(sql, charge.currency, nowMs);
      const { transactionId } = await postEntries(sql, movementOf(charge), nowMs);
      await sql.run('UPDATE due_charges SET ledger_transaction_id = ? WHERE charge_key = ?', [
        transactionId,
        charge.key,
      ]);
      await onPosted[charge.kind]?.(sql, charge, nowMs);
      return true;
    });
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function movementOf(charge: DueCharge): Movement {
  const { accountId, key, note } = charge;
  const amount = money(charge.amountMicros, charge.currency);
  if (charge.kind === 'plan-fee') return planFee({ accountId, key, fee: amount, note });
  if (charge.kind === 'late-fee') return lateFee({ accountId, key, fee: amount, note });
  const tax = money(charge.taxMicros, charge.currency);
  return invoiceTax({
    accountId,
    key,
    tax,
    rounding: addMoney(amount, { ...tax, amountMicros: -tax.amountMicros }),
    note,
  });
}

/** What accounts owe for invoices and is not posted yet, in micros; accounts that owe nothing are left out. */
export async function unpostedTaxes(
  sql: Sql,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  if (accountIds.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT account_id, SUM(amount_micros) AS owed FROM due_charges
     WHERE state = 'due' AND kind = 'invoice-tax' AND account_id IN (${accountIds.map(() => '?').join(', ')}) GROUP BY account_id`,
    accountIds,
  );
  return new Map(rows.map((row) => [text(row.account_id), micros(row.owed)]));
}

const COLUMNS = 'charge_key, account_id, kind, currency, amount_micros, tax_micros, note, details, due_at_ms';

async function duePage(sql: Sql, after: DueCharge | null, nowMs: number): Promise<readonly DueCharge[]> {
  const behind = after ? 'AND due_at_ms >= ? AND (due_at_ms > ? OR charge_key > ?)' : '';
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM due_charges WHERE state = 'due' AND due_at_ms <= ? ${behind} ORDER BY due_at_ms, charge_key LIMIT ?`,
    [nowMs, ...(after ? [after.dueAtMs, after.dueAtMs, after.key] : []), PAGE],
  );
  return rows.map(toCharge);
}

function toCharge(row: Row): DueCharge {
  return {
    key: text(row.charge_key),
    accountId: text(row.account_id),
    kind: text(row.kind) as DueChargeKind,
    currency: currency(text(row.currency)),
    amountMicros: micros(row.amount_micros),
    taxMicros: micros(row.tax_micros),
    note: text(row.note),
    details: JSON.parse(text(row.details)) as Readonly<Record<string, unknown>>,
    dueAtMs: integer(row.due_at_ms),
  };
}
