import { InvalidInput } from '../../kernel/app-error';
import { type Money, money } from '../../kernel/money';
import type { Rate, RatingWorking } from './rate';

const SECONDS_PER_MINUTE = 60;

/** Talk beyond this is a fault of the caller's: a year. */
export const MAX_TALK_SECONDS = 366 * 86_400;

const ROUNDING_RULES = [0, 1, 2, 3, 4, 5, 6].map((decimals) => `half up to ${decimals} decimals`);

/** Micros in the smallest step of a charge with 0, 1, … 6 decimals. */
const STEP_MICROS = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/** What a call costs and how we came to it. */
export type RatedCall = {
  readonly charge: Money;
  readonly billedSeconds: number;
  /** Billed seconds that bundles pay. */
  readonly usedSeconds: number;
  readonly working: RatingWorking;
};

/**
 * Prices a call of `talkSeconds` whole seconds, of which bundles may pay up to `includedSeconds`. The same function gives quote, hold
 * and bill. A call without talk costs nothing.
 * @throws InvalidInput for a duration that is no whole number of seconds from 0 to a year
 */
export function rateCall(rate: Rate, talkSeconds: number, includedSeconds = 0): RatedCall {
  requireDuration(talkSeconds);
  const billedSeconds = billedSecondsOf(rate, talkSeconds);
  const usedSeconds = Math.min(billedSeconds, includedSeconds);
  const timed = timedMicros(rate, billedSeconds, usedSeconds);
  const charge = liftToMinimum(rate, billedSeconds, usedSeconds, timed);
  return {
    charge: money(charge, rate.currency),
    billedSeconds,
    usedSeconds,
    working: {
      prefix: rate.prefix,
      destination: rate.destination,
      deckId: rate.deckId,
      rateVersion: rate.rateVersion,
      pricePerMinuteMicros: rate.pricePerMinuteMicros,
      connectFeeMicros: rate.connectFeeMicros,
      increments: `${rate.firstIncrementSeconds}/${rate.nextIncrementSeconds}`,
      talkSeconds,
      billedSeconds,
      ...(usedSeconds > 0 ? { includedSeconds: usedSeconds } : {}),
      minimumApplied:
        charge > timed ? 'charge' : minimumSecondsApplied(rate, talkSeconds) ? 'seconds' : 'none',
      rounding: ROUNDING_RULES[rate.chargeDecimals] as string,
    },
  };
}

/** The seconds that are charged for: the minimum at least, the first block whole, then whole next blocks. */
export function billedSecondsOf(rate: Rate, talkSeconds: number): number {
  if (talkSeconds === 0) return 0;
  const seconds = Math.max(talkSeconds, rate.minimumSeconds);
  const beyondFirst = seconds - rate.firstIncrementSeconds;
  if (beyondFirst <= 0) return rate.firstIncrementSeconds;
  return (
    rate.firstIncrementSeconds +
    Math.ceil(beyondFirst / rate.nextIncrementSeconds) * rate.nextIncrementSeconds
  );
}

/**
 * What so many billed seconds cost, `includedSeconds` of them paid by bundles: connect fee and time price in one sum, divided and rounded
 * once, or the minimum charge.
 */
export function chargeMicrosOf(rate: Rate, billedSeconds: number, includedSeconds = 0): bigint {
  const used = Math.min(billedSeconds, includedSeconds);
  return liftToMinimum(rate, billedSeconds, used, timedMicros(rate, billedSeconds, used));
}

/** Bundles pay the first seconds. The connect fee goes with the first block: it is charged unless all of that block is included. */
function timedMicros(rate: Rate, billedSeconds: number, usedSeconds: number): bigint {
  const paidSeconds = billedSeconds - usedSeconds;
  if (paidSeconds === 0) return 0n;
  const connectFee = usedSeconds >= rate.firstIncrementSeconds ? 0 : rate.connectFeeMicros;
  const step = STEP_MICROS[rate.chargeDecimals] as number;
  const timesSixty = connectFee * SECONDS_PER_MINUTE + rate.pricePerMinuteMicros * paidSeconds;
  if (!Number.isSafeInteger(timesSixty * 2))
    return exactMicros(rate, { connectFee, paidSeconds, step: BigInt(step) });
  return BigInt(roundHalfUp(timesSixty, SECONDS_PER_MINUTE * step) * step);
}

/** A call that a bundle pays a part of knows no minimum: it would charge the free seconds after all. */
function liftToMinimum(rate: Rate, billedSeconds: number, usedSeconds: number, charge: bigint): bigint {
  if (rate.minimumChargeMicros === 0 || billedSeconds === 0 || usedSeconds > 0) return charge;
  const least = BigInt(rate.minimumChargeMicros);
  return charge < least ? least : charge;
}

/** Exact for safe integers: the remainder of a division of doubles is, and so is the quotient without it. */
function roundHalfUp(numerator: number, divisor: number): number {
  const rest = numerator % divisor;
  const whole = (numerator - rest) / divisor;
  return rest * 2 >= divisor ? whole + 1 : whole;
}

function exactMicros(
  rate: Rate,
  of: { readonly connectFee: number; readonly paidSeconds: number; readonly step: bigint },
): bigint {
  const { connectFee, paidSeconds, step } = of;
  const divisor = BigInt(SECONDS_PER_MINUTE) * step;
  const timesSixty =
    BigInt(connectFee) * BigInt(SECONDS_PER_MINUTE) + BigInt(rate.pricePerMinuteMicros) * BigInt(paidSeconds);
  return ((timesSixty * 2n + divisor) / (divisor * 2n)) * step;
}

function minimumSecondsApplied(rate: Rate, talkSeconds: number): boolean {
  return talkSeconds > 0 && talkSeconds < rate.minimumSeconds;
}

function requireDuration(talkSeconds: number): void {
  if (Number.isInteger(talkSeconds) && talkSeconds >= 0 && talkSeconds <= MAX_TALK_SECONDS) return;
  throw new InvalidInput('talkSeconds', `is ${talkSeconds}`, 'give whole seconds from 0 to a year');
}
