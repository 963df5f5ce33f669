import { findAccount } from '../../accounts/accounts-store';
import { chargedSeconds } from '../../cdr/cdr';
import { type CdrRating, findCdr, readCdrs, type StoredCdr, storeRatings } from '../../cdr/cdrs-store';
import { RATE_CDR } from '../../cdr/write-cdr';
import type { Job } from '../../jobs/job';
import type { JobRunnerParts } from '../../jobs/job-runner';
import { NotFound } from '../../kernel/app-error';
import type { Clock } from '../../kernel/clock';
import { type Currency, currency, type Money, zero } from '../../kernel/money';
import { type Database, type Sql, text } from '../../kernel/unit-of-work';
import { releaseLeasesOf } from '../../leases/renew-leases';
import { recordEvents } from '../../webhooks/record-events';
import { addParts, firstSeconds, type IncludedPart, readParts, secondsOf } from '../bundles/bundle';
import { settleSeconds } from '../bundles/hold-seconds';
import { countEnds } from '../fraud-caps/outward-call';
import { closeHolds, type Hold, lockHolds } from '../ledger/holds';
import { callCharge } from '../ledger/movements';
import { postAllNew } from '../ledger/post-entries';
import { callCharged } from './call-events';
import { type CarrierPrice, costBeside, priceCarrier } from './carrier-cost';
import { rateOfText } from './rate';
import { rateCall } from './rate-call';

/** ISO 4217 for "no currency": a leg that nobody pays, or an account we do not know, gives none. */
const NO_CURRENCY = currency('XXX');

/** Legs that are rated in one unit of work. */
const MAX_TOGETHER = 100;

/** Another process has rated a leg meanwhile: what this one did is rolled back. */
class RatedMeanwhile extends Error {}

/**
 * Prices one stored leg and settles its hold: the charge, at most what was held, is posted; the rest of the hold, unused seconds of bundles
 * and its places among the calls at once are free again; charge, working and the carrier's cost are written beside the leg; all in one
 * transaction. The second time it changes nothing and gives the first rating.
 * @throws NotFound for an unknown leg
 */
export async function rateCdr(
  database: Database,
  { cdrId, nowMs }: { readonly cdrId: string; readonly nowMs: number },
): Promise<CdrRating> {
  const [leg] = await readUnrated(database, [cdrId]);
  if (leg) {
    try {
      await settleTogether(database, [leg], nowMs);
    } catch (error) {
      if (!(error instanceof RatedMeanwhile)) throw error;
    }
  }
  const rating = (await findCdr(database.read, cdrId))?.rating;
  if (!rating) throw new NotFound('CDR', cdrId);
  return rating;
}

/**
 * The same for many legs, in one unit of work a hundred: their rows are written by one statement a table, the balance of each account and of
 * the house by one. Legs that are not there or rated already are left out.
 * @throws whatever keeps one of the legs from being rated; then none of its hundred is
 */
export async function rateCdrs(
  database: Database,
  { cdrIds, nowMs }: { readonly cdrIds: readonly string[]; readonly nowMs: number },
): Promise<void> {
  for (let from = 0; from < cdrIds.length; from += MAX_TOGETHER) {
    const legs = await readUnrated(database, cdrIds.slice(from, from + MAX_TOGETHER));
    if (legs.length > 0) await settleTogether(database, legs, nowMs);
  }
}

/** A leg with what the carrier takes for it, which is asked before the transaction: a deck that is not compiled is read through a connection of its own. */
type PricedLeg = { readonly cdr: StoredCdr; readonly carrier: CarrierPrice | null };

async function readUnrated(database: Database, cdrIds: readonly string[]): Promise<readonly PricedLeg[]> {
  const unrated = (await readCdrs(database.read, cdrIds)).filter(({ rating }) => !rating);
  return Promise.all(unrated.map(async (cdr) => ({ cdr, carrier: await priceCarrier(database, cdr) })));
}

/** @throws RatedMeanwhile */
function settleTogether(database: Database, legs: readonly PricedLeg[], nowMs: number): Promise<void> {
  return database.write(async (sql) => {
    const holds = await lockHolds(sql, legs.map(({ cdr }) => cdr.cdrId).toSorted());
    const currencies = await currenciesOfPayers(sql, legs, holds);
    const settled = legs.map(({ cdr, carrier }): Settled => {
      const hold = holds.get(cdr.cdrId) ?? null;
      return { cdr, carrier, hold, priced: price(cdr, hold, currencies) };
    });
    await free(sql, settled, nowMs);
    const ratings = await post(sql, settled, nowMs);
    if ((await storeRatings(sql, ratings, nowMs)) !== legs.length) throw new RatedMeanwhile();
  });
}

type Settled = PricedLeg & { readonly hold: Hold | null; readonly priced: Priced };

/** Holds, seconds of bundles and places: what the legs kept and did not use is everybody's again. */
async function free(sql: Sql, settled: readonly Settled[], nowMs: number): Promise<void> {
  const open = settled.flatMap((leg) => (leg.hold?.state === 'open' ? [{ ...leg, hold: leg.hold }] : []));
  await settleSeconds(sql, {
    held: addParts(
      [],
      open.flatMap(({ hold }) => readParts(hold.included)),
    ),
    used: addParts(
      [],
      open.flatMap(({ priced }) => priced.used),
    ),
  });
  await closeHolds(
    sql,
    open.map(({ cdr, hold, priced }) => ({
      hold,
      state: chargedSeconds(cdr) > 0 ? 'settled' : 'released',
      chargeMicros: priced.charge.amountMicros,
    })),
    nowMs,
  );
  await releaseLeasesOf(
    sql,
    settled.map(({ cdr }) => cdr.cdrId),
  );
  await countEnds(
    sql,
    open
      .filter(({ hold }) => hold.direction === 'outbound')
      .map(({ cdr, hold }) => ({
        accountId: hold.accountId,
        cdrId: cdr.cdrId,
        talkSeconds: chargedSeconds(cdr),
        endedAtMs: cdr.endedAtMs,
      })),
  );
}

/** Posts the charges and gives each leg's rating. */
async function post(
  sql: Sql,
  settled: readonly Settled[],
  nowMs: number,
): Promise<ReadonlyMap<string, CdrRating>> {
  const charged = settled.flatMap(({ cdr, priced }) =>
    cdr.payerAccountId === null || priced.charge.amountMicros === 0n
      ? []
      : [{ cdrId: cdr.cdrId, accountId: cdr.payerAccountId, charge: priced.charge }],
  );
  const posted = await postAllNew(sql, charged.map(callCharge), nowMs);
  await recordEvents(sql, charged.map(callCharged), nowMs);
  const transactionIds = new Map(charged.map(({ cdrId }, n) => [cdrId, posted[n]?.transactionId]));
  return new Map(
    settled.map(({ cdr, carrier, priced: { used: _, ...priced } }) => [
      cdr.cdrId,
      {
        ...priced,
        ledgerTransactionId: transactionIds.get(cdr.cdrId) ?? null,
        ratedAtMs: nowMs,
        cost: carrier && costBeside(priced.charge, carrier),
      },
    ]),
  );
}

function idOf(job: Job): string {
  return text(job.payload.cdrId);
}

/** The handlers of the job that write-cdr stores with each leg: for one, and for many at a time. */
export function rateCdrHandlers({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Pick<JobRunnerParts, 'handlers' | 'together'> {
  return {
    handlers: {
      [RATE_CDR]: async (job) => {
        await rateCdr(database, { cdrId: idOf(job), nowMs: clock.nowMs() });
      },
    },
    together: {
      [RATE_CDR]: (jobs) => rateCdrs(database, { cdrIds: jobs.map(idOf), nowMs: clock.nowMs() }),
    },
  };
}

type Priced = Pick<CdrRating, 'charge' | 'working' | 'heldCapped'> & {
  /** Seconds of bundles that the leg used. */
  readonly used: readonly IncludedPart[];
};

function price(cdr: StoredCdr, hold: Hold | null, currencies: ReadonlyMap<string, Currency>): Priced {
  const talkSeconds = chargedSeconds(cdr);
  if (cdr.payerAccountId === null)
    return uncharged(zero(hold?.amount.currency ?? NO_CURRENCY), 'nobody pays this leg');
  const unit = hold?.amount.currency ?? currencies.get(cdr.payerAccountId) ?? NO_CURRENCY;
  if (talkSeconds === 0) return uncharged(zero(unit), 'nothing charged was begun');
  if (hold?.accountId !== cdr.payerAccountId || hold.state !== 'open')
    return { ...uncharged(zero(unit), 'no credit was held, so nothing may be charged'), heldCapped: true };
  return chargeUpToHold(hold, talkSeconds);
}

/** Currencies of payers whose legs hold nothing that would name it. */
async function currenciesOfPayers(
  sql: Sql,
  legs: readonly PricedLeg[],
  holds: ReadonlyMap<string, Hold>,
): Promise<ReadonlyMap<string, Currency>> {
  const asked = new Set(
    legs.flatMap(({ cdr }) =>
      cdr.payerAccountId === null || holds.has(cdr.cdrId) ? [] : [cdr.payerAccountId],
    ),
  );
  const currencies = new Map<string, Currency>();
  for (const accountId of asked) {
    const account = await findAccount(sql, accountId);
    if (account) currencies.set(accountId, account.currency);
  }
  return currencies;
}

/** A caller is never charged above what was held: what was announced to the credit is what the credit pays. */
function chargeUpToHold(hold: Hold, talkSeconds: number): Priced {
  const parts = readParts(hold.included);
  const held = hold.amount;
  const { charge, working, usedSeconds } = rateCall(rateOfText(hold.rate), talkSeconds, secondsOf(parts));
  const isCapped = charge.amountMicros > held.amountMicros;
  const used = firstSeconds(parts, usedSeconds);
  return {
    charge: isCapped ? held : charge,
    working: {
      ...working,
      ...(used.length > 0 ? { bundles: used } : {}),
      ...(isCapped
        ? {
            uncappedMicros: charge.amountMicros.toString(),
            cappedAtHeldMicros: held.amountMicros.toString(),
          }
        : {}),
    },
    heldCapped: isCapped,
    used,
  };
}

function uncharged(nothing: Money, reason: string): Priced {
  return { charge: nothing, working: { reason }, heldCapped: false, used: [] };
}
