import { readAccounts } from '../../accounts/accounts-store';
import type { Account } from '../../accounts/account';
import { enqueueNew } from '../../jobs/jobs-store';
import { Conflict } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  type Sql,
  text,
} from '../../kernel/unit-of-work';
import { type DueCharge, noteAllDue, postDueCharges, type OnPosted } from '../due-charges/due-charges';
import {
  type BillingProfile,
  EMPTY_PROFILE,
  HOUSE,
  readProfile,
  readProfiles,
} from '../profiles/billing-profiles-store';
import { type TaxRule, taxFor } from '../tax/tax-for';
import { listTaxRules } from '../tax/tax-rules-store';
import { type AccountCharges, chargesOfAll } from './charged-sums';
import { draftFigures } from './draft-invoice';
import type { Invoice, InvoiceParties, InvoiceParty } from './invoice';
import {
  insertInvoices,
  issuedKeys,
  lockSeries,
  type NewInvoice,
  openSeries,
  seriesOf,
} from './invoices-store';
import type { BillingPeriod } from './period';

/** Accounts whose invoices are issued in one unit of work. */
const BATCH = 200;

/** A period is invoiced this long after its end at the soonest: what was begun in it is posted by then. */
export const GRACE_MS = 60 * 60_000;

const DEFAULT_TERMS_DAYS = 14;
const DAY_MS = 86_400_000;

/** The job that mails an issued invoice. */
export const MAIL_INVOICE = 'mail-invoice';

export type RunProgress = {
  readonly accountsDone: number;
  readonly accounts: number;
  readonly invoicesMade: number;
};

/** What a run of a period has done in all, its earlier parts counted. */
export type InvoiceRun = {
  readonly period: string;
  readonly state: 'running' | 'done';
  readonly accountsDone: number;
  readonly invoicesMade: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
};

export type RunWanted = {
  readonly period: BillingPeriod;
  readonly nowMs: number;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly onPosted?: OnPosted;
  /** Asked between the steps; false leaves off, and the next run goes on from there. */
  readonly goesOn?: () => boolean;
};

/**
 * Issues the invoices of a period, one for each account that was charged in it, and posts what they add: taxes and roundings. It may be cut off
 * anywhere, and run by several nodes at once: account and period have one invoice, and numbers have no gap.
 * @throws Conflict before the period has ended for an hour
 */
export async function issueInvoices(database: Database, wanted: RunWanted): Promise<InvoiceRun> {
  const { period, nowMs, goesOn = () => true, onProgress = () => {} } = wanted;
  if (nowMs < period.untilMs + GRACE_MS)
    throw new Conflict('the period is invoiced an hour after its end at the soonest', {
      period: period.name,
    });
  const house = await readProfile(database.read, HOUSE);
  const rules = await listTaxRules(database.read);
  const afterAccountId = await beginRun(database, period, nowMs);
  const charges = await chargesOfAll(database.read, period);
  const left = charges.filter(({ accountId }) => accountId > afterAccountId);
  let accountsDone = charges.length - left.length;
  for (let from = 0; from < left.length && goesOn(); from += BATCH) {
    const batch = left.slice(from, from + BATCH);
    const made = await issueBatch(database, batch, { period, nowMs, house, rules });
    accountsDone += batch.length;
    onProgress({ accountsDone, accounts: charges.length, invoicesMade: made });
  }
  await postDueCharges(database, {
    nowMs,
    goesOn,
    ...(wanted.onPosted ? { onPosted: wanted.onPosted } : {}),
  });
  if (goesOn()) await endRun(database, period, nowMs);
  return readRun(database.read, period.name);
}

type Batch = {
  readonly period: BillingPeriod;
  readonly nowMs: number;
  readonly house: BillingProfile;
  readonly rules: readonly TaxRule[];
};

async function issueBatch(database: Database, batch: readonly AccountCharges[], of: Batch): Promise<number> {
  const { period, nowMs } = of;
  const ids = batch.map(({ accountId }) => accountId);
  const accounts = await readAccounts(database.read, ids);
  const profiles = await readProfiles(database.read, ids);
  const drafts = batch.flatMap((charges): readonly NewInvoice[] => {
    const account = accounts.get(charges.accountId);
    const draft = account && draftInvoice(charges, account, profiles.get(account.id) ?? EMPTY_PROFILE, of);
    return draft ? [draft] : [];
  });
  const series = [...new Set(drafts.map(seriesOf))].toSorted();
  for (const seriesId of series) await openSeries(database, seriesId);
  return database.write(async (sql) => {
    for (const seriesId of series) await lockSeries(sql, seriesId);
    const issued = await issuedKeys(
      sql,
      drafts.map(({ documentKey }) => documentKey),
    );
    const missing = drafts.filter(({ documentKey }) => !issued.has(documentKey));
    const invoices: Invoice[] = [];
    for (const seriesId of series)
      invoices.push(
        ...(await insertInvoices(
          sql,
          missing.filter((one) => seriesOf(one) === seriesId),
        )),
      );
    await storeWhatFollows(sql, invoices, nowMs);
    await sql.run(
      `UPDATE invoice_runs SET after_account_id = ?, accounts_done = accounts_done + ?, invoices_made = invoices_made + ?
       WHERE period = ? AND after_account_id < ?`,
      [ids.at(-1) ?? '', batch.length, invoices.length, period.name, ids.at(-1) ?? ''],
    );
    return invoices.length;
  });
}

/** What each issued invoice brings with it: what it adds to the ledger is due, its reminders begin, and it is mailed. */
async function storeWhatFollows(sql: Sql, invoices: readonly Invoice[], nowMs: number): Promise<void> {
  await noteAllDue(
    sql,
    invoices.map(dueOf).filter(({ amountMicros, taxMicros }) => amountMicros !== 0n || taxMicros !== 0n),
  );
  await beginProgress(
    sql,
    invoices.filter(({ kind }) => kind === 'invoice'),
    nowMs,
  );
  await enqueueNew(
    sql,
    invoices.map(({ id }) => ({
      kind: MAIL_INVOICE,
      uniqueKey: id,
      payload: { invoiceId: id },
      runAtMs: nowMs,
      nowMs,
    })),
  );
}

async function beginProgress(sql: Sql, invoices: readonly Invoice[], nowMs: number): Promise<void> {
  if (invoices.length === 0) return;
  await sql.run(
    `INSERT INTO invoice_progress (invoice_id, account_id, state, changed_at_ms, next_step, next_step_at_ms)
     VALUES ${invoices.map(() => "(?, ?, 'open', ?, 0, ?)").join(', ')}`,
    invoices.flatMap(({ id, accountId }) => [id, accountId, nowMs, nowMs]),
  );
}

function dueOf(invoice: Invoice): DueCharge {
  return {
    key: `invoice-tax:${invoice.id}`,
    accountId: invoice.accountId,
    kind: 'invoice-tax',
    currency: invoice.currency,
    amountMicros: invoice.totalMicros - invoice.exactMicros,
    taxMicros: invoice.taxMicros,
    note: `invoice ${invoice.number}: taxes and rounding`,
    details: { invoiceId: invoice.id },
    dueAtMs: invoice.issuedAtMs,
  };
}

function draftInvoice(
  charges: AccountCharges,
  account: Account,
  profile: BillingProfile,
  { period, nowMs, house, rules }: Batch,
): NewInvoice | null {
  const parties = partiesOf(account, profile, house);
  // The tax point of continuous services is the end of the period that is invoiced (Directive 2006/112/EC, article 64).
  const tax = taxFor({ seller: parties.seller, buyer: parties.buyer, atMs: period.untilMs - 1, rules });
  const figures = draftFigures({ sums: charges.sums, taxes: tax.taxes, currency: charges.currency });
  if (!figures) return null;
  const days = profile.paymentTermsDays ?? house.paymentTermsDays ?? DEFAULT_TERMS_DAYS;
  return {
    ...figures,
    id: newId(nowMs),
    // What reversals made negative is owed to the customer.
    kind: figures.totalMicros < 0n ? 'credit-note' : 'invoice',
    documentKey: `period:${account.id}:${period.name}`,
    numberPrefix: house.numberPrefix ?? '',
    accountId: account.id,
    correctsInvoiceId: null,
    reason: null,
    currency: charges.currency,
    period: period.name,
    periodFromMs: period.fromMs,
    periodUntilMs: period.untilMs,
    issuedAtMs: nowMs,
    dueAtMs: nowMs + days * DAY_MS,
    openingMicros: charges.openingMicros,
    taxTreatment: tax.treatment,
    taxNote: tax.note,
    parties,
  };
}

/** Seller and buyer as an invoice names them now. */
export function partiesOf(account: Account, profile: BillingProfile, house: BillingProfile): InvoiceParties {
  return {
    seller: { ...partyOf(house, 'Telephone services', null), bankDetails: house.bankDetails },
    buyer: { ...partyOf(profile, account.name, account.country), language: account.language },
  };
}

function partyOf(profile: BillingProfile, name: string, country: string | null): InvoiceParty {
  return {
    name: profile.companyName ?? name,
    street: profile.street,
    postalCode: profile.postalCode,
    city: profile.city,
    region: profile.region,
    country: profile.country ?? country,
    vatNumber: profile.vatNumber,
    mail: profile.mail,
  };
}

/** Notes that a period is being invoiced; gives the account after which it goes on. */
async function beginRun(database: Database, period: BillingPeriod, nowMs: number): Promise<string> {
  try {
    await database.write((sql) =>
      sql.run(
        `INSERT INTO invoice_runs (period, state, after_account_id, accounts_done, invoices_made, started_at_ms)
         VALUES (?, 'running', '', 0, 0, ?)`,
        [period.name, nowMs],
      ),
    );
    return '';
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
  const [row] = await database.read.all('SELECT state, after_account_id FROM invoice_runs WHERE period = ?', [
    period.name,
  ]);
  // A finished run is gone through again from its beginning: what was posted late is found, the rest changes nothing.
  return row && text(row.state) === 'running' ? text(row.after_account_id) : '';
}

async function endRun(database: Database, period: BillingPeriod, nowMs: number): Promise<void> {
  await database.write((sql) =>
    sql.run(
      "UPDATE invoice_runs SET state = 'done', finished_at_ms = ? WHERE period = ? AND state = 'running'",
      [nowMs, period.name],
    ),
  );
}

/** How far the run of a period is. */
export async function readRun(sql: Sql, periodName: string): Promise<InvoiceRun> {
  const [row] = await sql.all('SELECT * FROM invoice_runs WHERE period = ?', [periodName]);
  return {
    period: periodName,
    state: row && text(row.state) === 'done' ? 'done' : 'running',
    accountsDone: integer(row?.accounts_done ?? 0),
    invoicesMade: integer(row?.invoices_made ?? 0),
    startedAtMs: integer(row?.started_at_ms ?? 0),
    finishedAtMs: integerOrNull(row?.finished_at_ms ?? null),
  };
}
