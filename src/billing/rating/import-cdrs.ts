import { insertRatedCdrs, type CdrRating } from '../../cdr/cdrs-store';
import { closedLegOf, type ImportedCall, importedCdrId } from '../../cdr/mediation/imported-call';
import { takeSequence } from '../../cdr/mediation/sources-store';
import { chargedSeconds } from '../../cdr/cdr';
import { type Currency, currency, type Money, money, zero } from '../../kernel/money';
import { type Database, DuplicateKey, micros, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { recordEvents } from '../../webhooks/record-events';
import { customerLedgerId } from '../ledger/ledger-accounts';
import { callCharge } from '../ledger/movements';
import { postAllNew } from '../ledger/post-entries';
import { callCharged } from './call-events';
import { costBeside, type CarrierPrice } from './carrier-cost';
import { findRates } from './find-rate';
import type { Rate } from './rate';
import { rateCall } from './rate-call';

/** Legs stored in one unit of work: enough that what is done once for all of them hardly counts, few enough that calls wait no tenth of a second. */
const MAX_TOGETHER = 1_000;

/** Rows of one INSERT. */
const ROWS_PER_STATEMENT = 500;

/** What came of a leg. `known`: it was imported before. `capped`: imported, charged what credit the account had left. */
export type ImportOutcome =
  | { readonly outcome: 'imported' | 'capped' | 'known'; readonly cdrId: string }
  | {
      readonly outcome: 'refused';
      readonly field: string;
      readonly problem: string;
      readonly remedy: string;
    };

type Refused = Extract<ImportOutcome, { outcome: 'refused' }>;

/**
 * Stores legs that other switches carried, priced by their payers' decks and charged, each once however often it comes: its id is made of the
 * source and the source's own id. Gives what came of each, in their order. A thousand at a time are one unit of work. Nobody's credit goes
 * below its limit: what an account cannot pay any more is noted beside the charge, as with our own calls.
 */
export async function importCdrs(
  database: Database,
  calls: readonly ImportedCall[],
  nowMs: number,
): Promise<readonly ImportOutcome[]> {
  const outcomes: ImportOutcome[] = [];
  const price = (from: number) => {
    const pricing = priceAll(database, calls.slice(from, from + MAX_TOGETHER));
    // Awaited in its turn; storing may fail before that.
    pricing.catch(() => undefined);
    return pricing;
  };
  let next = price(0);
  for (let from = 0; from < calls.length; from += MAX_TOGETHER) {
    const priced = await next;
    // Priced while the database is busy with the part before.
    if (from + MAX_TOGETHER < calls.length) next = price(from + MAX_TOGETHER);
    outcomes.push(...(await storeTogether(database, priced, nowMs)));
  }
  return outcomes;
}

/** A leg whose payer and price are known. */
type Priced = {
  readonly call: ImportedCall;
  readonly cdrId: string;
  readonly currency: Currency;
  readonly charge: Money;
  readonly working: Readonly<Record<string, unknown>>;
  readonly carrier: CarrierPrice | null;
};

async function storeTogether(
  database: Database,
  priced: readonly (Priced | Refused)[],
  nowMs: number,
): Promise<readonly ImportOutcome[]> {
  try {
    // Most files bring only what is new: the table itself says when that is not so.
    return await database.write((sql) => storeNew(sql, priced, new Set(), nowMs));
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
  try {
    return await storeUnknown(database, priced, nowMs);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
  // Somebody else imports the same file: now what it stored is seen.
  return storeUnknown(database, priced, nowMs);
}

function storeUnknown(
  database: Database,
  priced: readonly (Priced | Refused)[],
  nowMs: number,
): Promise<readonly ImportOutcome[]> {
  return database.write(async (sql) => {
    const ids = priced.flatMap((one) => ('cdrId' in one ? [one.cdrId] : []));
    return storeNew(sql, priced, await knownIds(sql, ids), nowMs);
  });
}

async function priceAll(
  database: Database,
  calls: readonly ImportedCall[],
): Promise<readonly (Priced | Refused)[]> {
  const payers = await readPayers(database.read, calls);
  const sale = await findRates(
    database,
    calls.map((call) => ({
      deckId: payers.get(call.payerAccountId)?.deckId ?? '',
      number: call.number,
      atMs: call.startedAtMs,
    })),
  );
  const cost = await findRates(
    database,
    calls.map(({ costDeckId, number, startedAtMs }) => ({
      deckId: costDeckId ?? '',
      number,
      atMs: startedAtMs,
    })),
  );
  return calls.map((call, n) => {
    const payer = payers.get(call.payerAccountId);
    if (!payer)
      return refused(
        'account',
        `there is no account ${call.payerAccountId.slice(0, 60)}`,
        'give the id of an account',
      );
    return priceOne(call, payer, { sale: sale[n] ?? null, cost: cost[n] ?? null });
  });
}

function priceOne(
  call: ImportedCall,
  payer: { readonly currency: Currency },
  rates: { readonly sale: Rate | null; readonly cost: Rate | null },
): Priced | Refused {
  const talkSeconds = chargedSeconds({ chargedFromMs: call.answeredAtMs, endedAtMs: call.endedAtMs });
  const of = {
    call,
    cdrId: importedCdrId(call),
    currency: payer.currency,
    carrier: carrierOf(call, rates.cost, talkSeconds),
  };
  if (talkSeconds === 0)
    return { ...of, charge: zero(payer.currency), working: { reason: 'nothing charged was begun' } };
  if (rates.sale?.currency !== payer.currency)
    return refused(
      'number',
      `the account has no price for ${call.number} on that day`,
      'give its deck a rate in its currency that was valid then, and import the file again',
    );
  const { charge, working } = rateCall(rates.sale, talkSeconds);
  return { ...of, charge, working };
}

function carrierOf(call: ImportedCall, rate: Rate | null, talkSeconds: number): CarrierPrice | null {
  if (call.costDeckId === null) return null;
  if (!rate)
    return { amount: null, working: { reason: 'the carrier has no deck with a rate for this number' } };
  const { charge, working } = rateCall(rate, talkSeconds);
  return { amount: charge, working: { ...working } };
}

async function storeNew(
  sql: Sql,
  priced: readonly (Priced | Refused)[],
  known: ReadonlySet<string>,
  nowMs: number,
): Promise<readonly ImportOutcome[]> {
  const seen = new Set(known);
  const fresh: Priced[] = [];
  for (const one of priced)
    if ('cdrId' in one && !seen.has(one.cdrId)) {
      fresh.push(one);
      seen.add(one.cdrId);
    }
  const capped = await chargeAll(sql, fresh, nowMs);
  const isFresh = new Set(fresh);
  return priced.map((one): ImportOutcome => {
    if (!('cdrId' in one)) return one;
    const outcome = !isFresh.has(one) ? 'known' : capped.has(one) ? 'capped' : 'imported';
    return { outcome, cdrId: one.cdrId };
  });
}

/** Posts the charges and stores the legs with them; gives the legs that their accounts could not pay whole. */
async function chargeAll(sql: Sql, fresh: readonly Priced[], nowMs: number): Promise<ReadonlySet<Priced>> {
  const capped = new Set<Priced>();
  if (fresh.length === 0) return capped;
  const available = await lockAvailable(
    sql,
    fresh.map(({ call }) => call.payerAccountId),
  );
  const paid = fresh.map((leg) => {
    const left = available.get(leg.call.payerAccountId) ?? 0n;
    const micros = leg.charge.amountMicros <= left ? leg.charge.amountMicros : left;
    if (micros < leg.charge.amountMicros) capped.add(leg);
    available.set(leg.call.payerAccountId, left - micros);
    return money(micros, leg.currency);
  });
  const charged = fresh.flatMap(({ cdrId, call }, n) => {
    const charge = paid[n] as Money;
    return charge.amountMicros === 0n ? [] : [{ cdrId, accountId: call.payerAccountId, charge }];
  });
  const posted = await postAllNew(sql, charged.map(callCharge), nowMs);
  await recordEvents(sql, charged.map(callCharged), nowMs);
  const transactionIds = new Map(charged.map(({ cdrId }, n) => [cdrId, posted[n]?.transactionId]));
  const places = await placesOf(sql, fresh);
  const rows = fresh.map((leg, n) => ({
    leg: closedLegOf(leg.call, { cdrId: leg.cdrId, nodeSequence: places[n] as number }),
    rating: ratingOf(leg, {
      charge: paid[n] as Money,
      isCapped: capped.has(leg),
      transactionId: transactionIds.get(leg.cdrId) ?? null,
      nowMs,
    }),
  }));
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT)
    await insertRatedCdrs(sql, rows.slice(from, from + ROWS_PER_STATEMENT));
  return capped;
}

function ratingOf(
  leg: Priced,
  of: {
    readonly charge: Money;
    readonly isCapped: boolean;
    readonly transactionId: string | null;
    readonly nowMs: number;
  },
): CdrRating {
  return {
    charge: of.charge,
    working: of.isCapped
      ? {
          ...leg.working,
          uncappedMicros: leg.charge.amountMicros.toString(),
          cappedAtCreditMicros: of.charge.amountMicros.toString(),
        }
      : leg.working,
    heldCapped: of.isCapped,
    ledgerTransactionId: of.transactionId,
    ratedAtMs: of.nowMs,
    cost: leg.carrier && costBeside(of.charge, leg.carrier),
  };
}

/** The numbers of the legs within their sources, in their order. */
async function placesOf(sql: Sql, legs: readonly Priced[]): Promise<readonly number[]> {
  const next = new Map<string, number>();
  // In one order, so that two imports of several sources never wait for each other.
  for (const source of [...new Set(legs.map(({ call }) => call.source))].toSorted())
    next.set(
      source,
      await takeSequence(sql, source, legs.filter(({ call }) => call.source === source).length),
    );
  return legs.map(({ call }) => {
    const place = next.get(call.source) as number;
    next.set(call.source, place + 1);
    return place;
  });
}

/** What each account can still pay, in micros, locked in the order of the ids until the unit of work ends. */
async function lockAvailable(sql: Sql, accountIds: readonly string[]): Promise<Map<string, bigint>> {
  const ids = [...new Set(accountIds)].map(customerLedgerId).toSorted();
  const rows = await sql.all(
    `SELECT account_id, balance_micros, held_micros, credit_limit_micros FROM ledger_accounts
     WHERE id IN (${ids.map(() => '?').join(', ')}) ORDER BY id${sql.forUpdate}`,
    ids,
  );
  return new Map(
    rows.map((row) => [
      text(row.account_id),
      micros(row.balance_micros) + micros(row.credit_limit_micros) - micros(row.held_micros),
    ]),
  );
}

async function knownIds(sql: Sql, cdrIds: readonly string[]): Promise<Set<string>> {
  if (cdrIds.length === 0) return new Set();
  const rows = await sql.all(`SELECT id FROM cdrs WHERE id IN (${cdrIds.map(() => '?').join(', ')})`, cdrIds);
  return new Set(rows.map((row) => text(row.id)));
}

async function readPayers(
  sql: Sql,
  calls: readonly ImportedCall[],
): Promise<ReadonlyMap<string, { readonly currency: Currency; readonly deckId: string | null }>> {
  const ids = [...new Set(calls.map(({ payerAccountId }) => payerAccountId))];
  if (ids.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT id, currency, deck_id FROM accounts WHERE id IN (${ids.map(() => '?').join(', ')})`,
    ids,
  );
  return new Map(
    rows.map((row) => [
      text(row.id),
      { currency: currency(text(row.currency)), deckId: textOrNull(row.deck_id) },
    ]),
  );
}

function refused(field: string, problem: string, remedy: string): Refused {
  return { outcome: 'refused', field, problem, remedy };
}
