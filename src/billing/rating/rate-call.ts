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
  readonly working: RatingWorking;
};

/**
 * Prices a call of `talkSeconds` whole seconds. The same function gives quote, hold and bill. A call without talk costs nothing.
 * @throws InvalidInput for a duration that is no whole number of seconds from 0 to a year
 */
export function rateCall(rate: Rate, talkSeconds: number): RatedCall {
  requireDuration(talkSeconds);
  const billedSeconds = billedSecondsOf(rate, talkSeconds);
  const timed = timedMicros(rate, billedSeconds);
  const charge = liftToMinimum(rate, billedSeconds, timed);
  return {
    charge: money(charge, rate.currency),
    billedSeconds,
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

/** What so many billed seconds cost: connect fee and time price in one sum, divided and rounded once, or the minimum charge. */
export function chargeMicrosOf(rate: Rate, billedSeconds: number): bigint {
  return liftToMinimum(rate, billedSeconds, timedMicros(rate, billedSeconds));
}

function timedMicros(rate: Rate, billedSeconds: number): bigint {
  if (billedSeconds === 0) return 0n;
  const step = STEP_MICROS[rate.chargeDecimals] as number;
  const timesSixty = rate.connectFeeMicros * SECONDS_PER_MINUTE + rate.pricePerMinuteMicros * billedSeconds;
  if (!Number.isSafeInteger(timesSixty * 2)) return exactMicros(rate, billedSeconds, BigInt(step));
  return BigInt(roundHalfUp(timesSixty, SECONDS_PER_MINUTE * step) * step);
}

function liftToMinimum(rate: Rate, billedSeconds: number, charge: bigint): bigint {
  if (rate.minimumChargeMicros === 0 || billedSeconds === 0) return charge;
  const least = BigInt(rate.minimumChargeMicros);
  return charge < least ? least : charge;
}

/** Exact for safe integers: the remainder of a division of doubles is, and so is the quotient without it. */
function roundHalfUp(numerator: number, divisor: number): number {
  const rest = numerator % divisor;
  const whole = (numerator - rest) / divisor;
  return rest * 2 >= divisor ? whole + 1 : whole;
}

function exactMicros(rate: Rate, billedSeconds: number, step: bigint): bigint {
  const divisor = BigInt(SECONDS_PER_MINUTE) * step;
  const timesSixty =
    BigInt(rate.connectFeeMicros) * BigInt(SECONDS_PER_MINUTE) +
    BigInt(rate.pricePerMinuteMicros) * BigInt(billedSeconds);
  return ((timesSixty * 2n + divisor) / (divisor * 2n)) * step;
}

function minimumSecondsApplied(rate: Rate, talkSeconds: number): boolean {
  return talkSeconds > 0 && talkSeconds < rate.minimumSeconds;
}

function requireDuration(talkSeconds: number): void {
  if (Number.isInteger(talkSeconds) && talkSeconds >= 0 && talkSeconds <= MAX_TALK_SECONDS) return;
  throw new InvalidInput('talkSeconds', `is ${talkSeconds}`, 'give whole seconds from 0 to a year');
}
