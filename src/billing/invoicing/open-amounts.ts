import { type Database, integer, micros, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { readAccount } from '../../accounts/accounts-store';
import { Conflict, NotFound } from '../../kernel/app-error';
import { type Money, money } from '../../kernel/money';
import { paidOfInvoices } from '../payments/payments-store';
import { unpostedTaxes } from '../due-charges/due-charges';
import { customerLedgerId } from '../ledger/ledger-accounts';
import { recordEvents } from '../../webhooks/record-events';
import { chargedSince } from './charged-sums';
import { invoiceSettled } from './invoice-events';

/** An invoice as payments are shared out over it. */
export type OwedInvoice = {
  readonly id: string;
  readonly number: string;
  readonly totalMicros: bigint;
  /** What credit notes have taken back of it. */
  readonly creditedMicros: bigint;
  /** What was paid with this invoice's number as reference. */
  readonly directMicros: bigint;
  readonly isDisputed: boolean;
};

/**
 * What is still owed of each invoice. `owedMicros` is what the account owes for all of them: payments that named an invoice count for it first, all other
 * money pays the oldest that is not disputed. So what is owed stands on disputed invoices, then on the newest. Pure.
 */
export function shareOutDebt(
  invoices: readonly OwedInvoice[],
  owedMicros: bigint,
): ReadonlyMap<string, bigint> {
  const open = new Map<string, bigint>();
  let left = owedMicros;
  const newestFirst = invoices.toReversed();
  const order = [
    ...newestFirst.filter(({ isDisputed }) => isDisputed),
    ...newestFirst.filter(({ isDisputed }) => !isDisputed),
  ];
  for (const { id, totalMicros, creditedMicros, directMicros } of order) {
    const unpaid = clamp(totalMicros - creditedMicros - directMicros, left);
    open.set(id, unpaid);
    left -= unpaid;
  }
  // A payment may name an invoice that older money would have paid: then its part stands on what was named.
  for (const invoice of order) {
    if (left <= 0n) break;
    const before = open.get(invoice.id) ?? 0n;
    const more = clamp(invoice.totalMicros - invoice.creditedMicros - before, left);
    open.set(invoice.id, before + more);
    left -= more;
  }
  return open;
}

function clamp(amount: bigint, most: bigint): bigint {
  if (amount <= 0n || most <= 0n) return 0n;
  return amount < most ? amount : most;
}

/** What accounts owe for invoices at this moment, in micros, and their balance. */
export type AccountDebt = {
  readonly accountId: string;
  readonly balanceMicros: bigint;
  readonly owedMicros: bigint;
  /** The oldest invoice first. */
  readonly invoices: readonly (OwedInvoice & { readonly openMicros: bigint; readonly dueAtMs: number })[];
};

/**
 * What accounts owe for their invoices, from what the ledger says at this moment: −balance, without what no invoice documents yet, and with taxes
 * that their credit did not reach for. Accounts without an invoice are left out.
 */
export async function debtsOf(
  sql: Sql,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, AccountDebt>> {
  const ids = [...new Set(accountIds)];
  if (ids.length === 0) return new Map();
  const places = ids.map(() => '?').join(', ');
  const documents = await sql.all(
    `SELECT i.id, i.kind, i.account_id, i.number, i.total_micros, i.corrects_invoice_id, i.period_until_ms, i.due_at_ms, p.state
     FROM invoices i LEFT JOIN invoice_progress p ON p.invoice_id = i.id
     WHERE i.account_id IN (${places}) ORDER BY i.issued_at_ms, i.id`,
    ids,
  );
  const invoicedUntil = new Map<string, number>();
  for (const row of documents) {
    const accountId = text(row.account_id);
    invoicedUntil.set(accountId, Math.max(invoicedUntil.get(accountId) ?? 0, integer(row.period_until_ms)));
  }
  const balances = await sql.all(
    `SELECT account_id, balance_micros FROM ledger_accounts WHERE id IN (${places})`,
    ids.map(customerLedgerId),
  );
  const balanceOf = new Map(balances.map((row) => [text(row.account_id), micros(row.balance_micros)]));
  const notInvoiced = await chargedSince(sql, invoicedUntil);
  const notPosted = await unpostedTaxes(sql, ids);
  const direct = await directPayments(sql, documents);
  const debts = new Map<string, AccountDebt>();
  const documentsOf = byAccount(documents);
  for (const accountId of invoicedUntil.keys()) {
    const balanceMicros = balanceOf.get(accountId) ?? 0n;
    const owed = (notPosted.get(accountId) ?? 0n) - balanceMicros - (notInvoiced.get(accountId) ?? 0n);
    const owedMicros = owed > 0n ? owed : 0n;
    const invoices = owedInvoices(documentsOf.get(accountId) ?? [], direct);
    const open = shareOutDebt(invoices, owedMicros);
    debts.set(accountId, {
      accountId,
      balanceMicros,
      owedMicros,
      invoices: invoices.map((invoice) => ({ ...invoice, openMicros: open.get(invoice.id) ?? 0n })),
    });
  }
  return debts;
}

function byAccount(documents: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of documents) {
    const accountId = text(row.account_id);
    const own = found.get(accountId);
    if (own) own.push(row);
    else found.set(accountId, [row]);
  }
  return found;
}

function owedInvoices(
  own: readonly Row[],
  direct: ReadonlyMap<string, bigint>,
): readonly (OwedInvoice & { readonly dueAtMs: number })[] {
  const credited = new Map<string, bigint>();
  for (const row of own)
    if (row.kind === 'credit-note' && row.corrects_invoice_id !== null) {
      const corrected = text(row.corrects_invoice_id);
      credited.set(corrected, (credited.get(corrected) ?? 0n) - micros(row.total_micros));
    }
  return own
    .filter((row) => row.kind === 'invoice')
    .map((row) => ({
      id: text(row.id),
      number: text(row.number),
      totalMicros: micros(row.total_micros),
      creditedMicros: credited.get(text(row.id)) ?? 0n,
      directMicros: direct.get(text(row.id)) ?? 0n,
      isDisputed: row.state === 'disputed',
      dueAtMs: integer(row.due_at_ms),
    }));
}

/** Invoices whose payments are looked up by one statement: databases bound how many parts it may have. */
const NUMBERS_AT_ONCE = 100;

/** What was paid for an invoice itself, by invoice: asked for by card or bank, or paid in with its number as the reference. */
async function directPayments(sql: Sql, documents: readonly Row[]): Promise<ReadonlyMap<string, bigint>> {
  const unpaid = documents.filter((row) => row.kind === 'invoice' && row.state !== 'paid');
  if (unpaid.length === 0) return new Map();
  const rows: Row[] = [];
  for (let first = 0; first < unpaid.length; first += NUMBERS_AT_ONCE)
    rows.push(...(await topUpsNaming(sql, unpaid.slice(first, first + NUMBERS_AT_ONCE))));
  const paid = new Map(
    await paidOfInvoices(
      sql,
      unpaid.map((row) => text(row.id)),
    ),
  );
  const named = new Map(
    unpaid.map((row) => [`${customerLedgerId(text(row.account_id))} ${text(row.number)}`, text(row.id)]),
  );
  for (const row of rows) {
    const number = /^top-up:(\S*)/.exec(text(row.idempotency_key))?.[1];
    const invoiceId = named.get(`${text(row.ledger_account_id)} ${number}`);
    if (invoiceId) paid.set(invoiceId, (paid.get(invoiceId) ?? 0n) + micros(row.amount_micros));
  }
  return paid;
}

/**
 * Postings of `top-up:2026-000001` and of `top-up:2026-000001 second half`: a range of the unique index of keys for each invoice. A chain of
 * ORs would be answered by reading every posting there is.
 */
function topUpsNaming(sql: Sql, invoices: readonly Row[]): Promise<readonly Row[]> {
  const one = `SELECT t.idempotency_key, e.ledger_account_id, e.amount_micros
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
    WHERE t.idempotency_key >= ? AND t.idempotency_key < ? AND e.amount_micros > 0`;
  return sql.all(
    invoices.map(() => one).join(' UNION ALL '),
    invoices.flatMap((row) => [`top-up:${text(row.number)}`, `top-up:${text(row.number)}!`]),
  );
}

/** What is still to be paid of an invoice of an account. @throws NotFound; Conflict when nothing is */
export async function owedOfInvoice(
  sql: Sql,
  { accountId, invoiceId }: { readonly accountId: string; readonly invoiceId: string },
): Promise<Money> {
  const account = await readAccount(sql, accountId);
  const debt = (await debtsOf(sql, [accountId])).get(accountId);
  const invoice = debt?.invoices.find(({ id }) => id === invoiceId);
  if (!invoice) throw new NotFound('invoice', invoiceId);
  if (invoice.openMicros === 0n) throw new Conflict('nothing of this invoice is left to pay', { invoiceId });
  return money(invoice.openMicros, account.currency);
}

/** Notes which invoices of the accounts are paid by now, and which are open again; gives what is owed. */
export async function noteWhatIsPaid(
  sql: Sql,
  accountIds: readonly string[],
  nowMs: number,
): Promise<ReadonlyMap<string, AccountDebt>> {
  const debts = await debtsOf(sql, accountIds);
  for (const { accountId, invoices } of debts.values())
    for (const [state, before, ids] of [
      ['paid', 'open', invoices.filter(({ openMicros }) => openMicros === 0n)],
      ['open', 'paid', invoices.filter(({ openMicros }) => openMicros > 0n)],
    ] as const) {
      if (ids.length === 0) continue;
      const places = ids.map(() => '?').join(', ');
      const those = [before, ...ids.map(({ id }) => id)];
      const changing = await sql.all(
        `SELECT invoice_id FROM invoice_progress WHERE state = ? AND invoice_id IN (${places})${sql.forUpdate}`,
        those,
      );
      if (changing.length === 0) continue;
      await sql.run(
        `UPDATE invoice_progress SET state = ?, changed_at_ms = ? WHERE state = ? AND invoice_id IN (${places})`,
        [state, nowMs, ...those],
      );
      if (state !== 'paid') continue;
      const settled = new Set(changing.map((row) => text(row.invoice_id)));
      await recordEvents(
        sql,
        ids.filter(({ id }) => settled.has(id)).map((invoice) => invoiceSettled({ ...invoice, accountId })),
        nowMs,
      );
    }
  return debts;
}

/** Accounts judged in one unit of work. */
const PAGE = 200;

/** The same for all accounts with an open invoice, and for those that owe again what they had paid. Gives how many were looked at. */
export async function noteAllPaid(
  database: Database,
  { nowMs, goesOn = () => true }: { readonly nowMs: number; readonly goesOn?: () => boolean },
): Promise<number> {
  let looked = 0;
  for (let afterId = ''; goesOn(); ) {
    const rows = await database.read.all(
      `SELECT DISTINCT p.account_id FROM invoice_progress p JOIN ledger_accounts a ON a.account_id = p.account_id
       WHERE p.account_id > ? AND (p.state = 'open' OR (p.state = 'paid' AND a.balance_micros < 0)) ORDER BY p.account_id LIMIT ?`,
      [afterId, PAGE],
    );
    const ids = rows.map((row) => text(row.account_id));
    await database.write((sql) => noteWhatIsPaid(sql, ids, nowMs));
    looked += ids.length;
    const last = ids.at(-1);
    if (last === undefined || ids.length < PAGE) break;
    afterId = last;
  }
  return looked;
}
