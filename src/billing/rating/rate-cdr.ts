import { findAccount } from '../../accounts/accounts-store';
import { chargedSeconds } from '../../cdr/cdr';
import { type CdrRating, lockCdr, type StoredCdr, storeRating } from '../../cdr/cdrs-store';
import { RATE_CDR } from '../../cdr/write-cdr';
import type { JobHandler } from '../../jobs/job';
import { NotFound } from '../../kernel/app-error';
import type { Clock } from '../../kernel/clock';
import { currency, type Money, zero } from '../../kernel/money';
import { type Database, type Sql, text } from '../../kernel/unit-of-work';
import { releaseLeases } from '../../leases/renew-leases';
import { closeHold, type Hold, lockHold } from '../ledger/holds';
import { callCharge } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import type { Rate } from './rate';
import { rateCall } from './rate-call';

/** ISO 4217 for "no currency": a leg that nobody pays, or an account we do not know, gives none. */
const NO_CURRENCY = currency('XXX');

/**
 * Prices one stored leg and settles its hold: the charge, at most what was held, is posted; the rest of the hold is freed; charge and
 * working are written beside the leg; all in one transaction. The second time it changes nothing and gives the first rating.
 * @throws NotFound for an unknown leg
 */
export function rateCdr(
  database: Database,
  { cdrId, nowMs }: { readonly cdrId: string; readonly nowMs: number },
): Promise<CdrRating> {
  return database.write(async (sql) => {
    const cdr = await lockCdr(sql, cdrId);
    if (!cdr) throw new NotFound('CDR', cdrId);
    if (cdr.rating) return cdr.rating;
    const hold = await lockHold(sql, cdrId);
    const priced = await price(sql, cdr, hold);
    const talked = chargedSeconds(cdr) > 0;
    if (hold?.state === 'open')
      await closeHold(sql, hold, {
        state: talked ? 'settled' : 'released',
        chargeMicros: priced.charge.amountMicros,
        nowMs,
      });
    await releaseLeases(sql, cdrId);
    const rating: CdrRating = {
      ...priced,
      ledgerTransactionId: await postCharge(sql, cdr, priced.charge, nowMs),
      ratedAtMs: nowMs,
    };
    await storeRating(sql, cdrId, rating);
    return rating;
  });
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

type Priced = Pick<CdrRating, 'charge' | 'working' | 'heldCapped'>;

async function price(sql: Sql, cdr: StoredCdr, hold: Hold | null): Promise<Priced> {
  const talkSeconds = chargedSeconds(cdr);
  if (cdr.payerAccountId === null)
    return uncharged(zero(hold?.amount.currency ?? NO_CURRENCY), 'nobody pays this leg');
  const unit = hold?.amount.currency ?? (await findAccount(sql, cdr.payerAccountId))?.currency ?? NO_CURRENCY;
  if (talkSeconds === 0) return uncharged(zero(unit), 'nothing charged was begun');
  if (hold?.accountId !== cdr.payerAccountId || hold.state !== 'open')
    return { ...uncharged(zero(unit), 'no credit was held, so nothing may be charged'), heldCapped: true };
  return chargeUpToHold(JSON.parse(hold.rate) as Rate, talkSeconds, hold.amount);
}

/** A caller is never charged above what was held: what was announced to the credit is what the credit pays. */
function chargeUpToHold(rate: Rate, talkSeconds: number, held: Money): Priced {
  const { charge, working } = rateCall(rate, talkSeconds);
  const isCapped = charge.amountMicros > held.amountMicros;
  return {
    charge: isCapped ? held : charge,
    working: isCapped
      ? {
          ...working,
          uncappedMicros: charge.amountMicros.toString(),
          cappedAtHeldMicros: held.amountMicros.toString(),
        }
      : working,
    heldCapped: isCapped,
  };
}

function uncharged(nothing: Money, reason: string): Priced {
  return { charge: nothing, working: { reason }, heldCapped: false };
}

async function postCharge(sql: Sql, cdr: StoredCdr, charge: Money, nowMs: number): Promise<string | null> {
  if (cdr.payerAccountId === null || charge.amountMicros === 0n) return null;
  const movement = callCharge({ accountId: cdr.payerAccountId, cdrId: cdr.cdrId, charge });
  return (await postEntries(sql, movement, nowMs)).transactionId;
}
