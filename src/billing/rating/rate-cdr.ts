import { findAccount } from '../../accounts/accounts-store';
import { chargedSeconds } from '../../cdr/cdr';
import { type CdrRating, findCdr, type StoredCdr, storeRating } from '../../cdr/cdrs-store';
import { RATE_CDR } from '../../cdr/write-cdr';
import type { JobHandler } from '../../jobs/job';
import { NotFound } from '../../kernel/app-error';
import type { Clock } from '../../kernel/clock';
import { currency, type Money, zero } from '../../kernel/money';
import { type Database, type Sql, text } from '../../kernel/unit-of-work';
import { releaseLeases } from '../../leases/renew-leases';
import { firstSeconds, type IncludedPart, readParts, secondsOf } from '../bundles/bundle';
import { settleSeconds } from '../bundles/hold-seconds';
import { countEnd } from '../fraud-caps/outward-call';
import { closeHold, type Hold, lockHold } from '../ledger/holds';
import { callCharge } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { type CarrierPrice, costBeside, priceCarrier } from './carrier-cost';
import type { Rate } from './rate';
import { rateCall } from './rate-call';

/** ISO 4217 for "no currency": a leg that nobody pays, or an account we do not know, gives none. */
const NO_CURRENCY = currency('XXX');

/** Another process has rated the leg meanwhile: what this one did is rolled back. */
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
  const cdr = await readLeg(database, cdrId);
  if (cdr.rating) return cdr.rating;
  // Asked before the transaction: a deck that is not compiled is read through a connection of its own.
  const carrier = await priceCarrier(database, cdr);
  try {
    return await database.write((sql) => settle(sql, cdr, { carrier, nowMs }));
  } catch (error) {
    const rated = error instanceof RatedMeanwhile && (await readLeg(database, cdrId)).rating;
    if (rated) return rated;
    throw error;
  }
}

async function readLeg(database: Database, cdrId: string): Promise<StoredCdr> {
  const cdr = await findCdr(database.read, cdrId);
  if (!cdr) throw new NotFound('CDR', cdrId);
  return cdr;
}

/** @throws RatedMeanwhile */
async function settle(
  sql: Sql,
  cdr: StoredCdr,
  { carrier, nowMs }: { readonly carrier: CarrierPrice | null; readonly nowMs: number },
): Promise<CdrRating> {
  const hold = await lockHold(sql, cdr.cdrId);
  const priced = await price(sql, cdr, hold);
  if (hold?.state === 'open') {
    await settleSeconds(sql, { held: readParts(hold.included), used: priced.used });
    await closeHold(sql, hold, {
      state: chargedSeconds(cdr) > 0 ? 'settled' : 'released',
      chargeMicros: priced.charge.amountMicros,
      nowMs,
    });
  }
  await releaseLeases(sql, cdr.cdrId);
  if (hold?.direction === 'outbound')
    await countEnd(sql, {
      accountId: hold.accountId,
      cdrId: cdr.cdrId,
      talkSeconds: chargedSeconds(cdr),
      endedAtMs: cdr.endedAtMs,
    });
  const rating: CdrRating = {
    charge: priced.charge,
    working: priced.working,
    heldCapped: priced.heldCapped,
    ledgerTransactionId: await postCharge(sql, cdr, priced.charge, nowMs),
    ratedAtMs: nowMs,
    cost: carrier && costBeside(priced.charge, carrier),
  };
  if (!(await storeRating(sql, cdr.cdrId, rating))) throw new RatedMeanwhile();
  return rating;
}

/** The handler of the job that write-cdr stores with each leg. */
export function rateCdrHandler({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Readonly<Record<typeof RATE_CDR, JobHandler>> {
  return {
    [RATE_CDR]: async (job) => {
      await rateCdr(database, { cdrId: text(job.payload.cdrId), nowMs: clock.nowMs() });
    },
  };
}

type Priced = Pick<CdrRating, 'charge' | 'working' | 'heldCapped'> & {
  /** Seconds of bundles that the leg used. */
  readonly used: readonly IncludedPart[];
};

async function price(sql: Sql, cdr: StoredCdr, hold: Hold | null): Promise<Priced> {
  const talkSeconds = chargedSeconds(cdr);
  if (cdr.payerAccountId === null)
    return uncharged(zero(hold?.amount.currency ?? NO_CURRENCY), 'nobody pays this leg');
  const unit = hold?.amount.currency ?? (await findAccount(sql, cdr.payerAccountId))?.currency ?? NO_CURRENCY;
  if (talkSeconds === 0) return uncharged(zero(unit), 'nothing charged was begun');
  if (hold?.accountId !== cdr.payerAccountId || hold.state !== 'open')
    return { ...uncharged(zero(unit), 'no credit was held, so nothing may be charged'), heldCapped: true };
  return chargeUpToHold(hold, talkSeconds);
}

/** A caller is never charged above what was held: what was announced to the credit is what the credit pays. */
function chargeUpToHold(hold: Hold, talkSeconds: number): Priced {
  const parts = readParts(hold.included);
  const held = hold.amount;
  const { charge, working, usedSeconds } = rateCall(
    JSON.parse(hold.rate) as Rate,
    talkSeconds,
    secondsOf(parts),
  );
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

async function postCharge(sql: Sql, cdr: StoredCdr, charge: Money, nowMs: number): Promise<string | null> {
  if (cdr.payerAccountId === null || charge.amountMicros === 0n) return null;
  const movement = callCharge({ accountId: cdr.payerAccountId, cdrId: cdr.cdrId, charge });
  return (await postEntries(sql, movement, nowMs)).transactionId;
}
