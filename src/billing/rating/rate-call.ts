import { InvalidInput } from '../../kernel/app-error';
import { type Money, money } from '../../kernel/money';
import type { PriceMicros, PriceStep, Rate, RatingWorking } from './rate';

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
  const lifted = liftToMinimum(rate, billedSeconds, usedSeconds, timed);
  const charge = capAtMaximum(rate, lifted);
  const working: RatingWorking = {
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
      lifted > timed ? 'charge' : billedSeconds > 0 && talkSeconds < rate.minimumSeconds ? 'seconds' : 'none',
    rounding: ROUNDING_RULES[rate.chargeDecimals] as string,
  };
  const isPlain =
    usedSeconds === 0 && billedSeconds > 0 && charge === lifted && rate.band === null && rate.steps === null;
  return {
    charge: money(charge, rate.currency),
    billedSeconds,
    usedSeconds,
    working: isPlain
      ? working
      : {
          ...working,
          ...besides(rate, { talkSeconds, billedSeconds, usedSeconds, isCapped: charge < lifted }),
        },
  };
}

/** The seconds that are charged for: none within the grace, else the minimum at least, the first block whole, then whole next blocks. */
export function billedSecondsOf(rate: Rate, talkSeconds: number): number {
  if (talkSeconds <= rate.graceSeconds) return 0;
  const seconds = Math.max(talkSeconds, rate.minimumSeconds);
  const beyondFirst = seconds - rate.firstIncrementSeconds;
  if (beyondFirst <= 0) return rate.firstIncrementSeconds;
  return (
    rate.firstIncrementSeconds +
    Math.ceil(beyondFirst / rate.nextIncrementSeconds) * rate.nextIncrementSeconds
  );
}

/** The shortest talk that is charged: what must be paid for before a call may begin. */
export function firstChargedSeconds(rate: Rate): number {
  return rate.graceSeconds + 1;
}

/** Talk costs nothing by the minute, in whatever band: no bundle need pay for it. */
export function isTimeFree(rate: Rate): boolean {
  return dearestPerMinuteMicros(rate) === 0;
}

/** The highest price per minute that the call can come to. */
export function dearestPerMinuteMicros(rate: Rate): PriceMicros {
  if (rate.steps === null) return rate.pricePerMinuteMicros;
  return Math.max(...rate.steps.map((step) => step.pricePerMinuteMicros));
}

/**
 * What so many billed seconds cost, `includedSeconds` of them paid by bundles: connect fee and time price in one sum, divided and rounded
 * once, or the least or the most that a call costs.
 */
export function chargeMicrosOf(rate: Rate, billedSeconds: number, includedSeconds = 0): bigint {
  const used = Math.min(billedSeconds, includedSeconds);
  const timed = timedMicros(rate, billedSeconds, used);
  return capAtMaximum(rate, liftToMinimum(rate, billedSeconds, used, timed));
}

/** Bundles pay the first seconds. The connect fee goes with the first block: it is charged unless all of that block is included. */
function timedMicros(rate: Rate, billedSeconds: number, usedSeconds: number): bigint {
  if (billedSeconds === usedSeconds) return 0n;
  const connectFee = usedSeconds >= rate.firstIncrementSeconds ? 0 : rate.connectFeeMicros;
  const step = STEP_MICROS[rate.chargeDecimals] as number;
  const timesSixty =
    connectFee * SECONDS_PER_MINUTE +
    (rate.steps === null
      ? rate.pricePerMinuteMicros * (billedSeconds - usedSeconds)
      : sumOfSteps(rate.steps, usedSeconds, billedSeconds));
  if (!Number.isSafeInteger(timesSixty * 2))
    return exactMicros(rate, { connectFee, usedSeconds, billedSeconds, step: BigInt(step) });
  return BigInt(roundHalfUp(timesSixty, SECONDS_PER_MINUTE * step) * step);
}

/** The part of the billed seconds from `from` up to before `until` that lies in the step with this number. */
function secondsInStep(steps: readonly PriceStep[], number: number, from: number, until: number): number {
  const begins = (steps[number] as PriceStep).fromSecond;
  const ends = steps[number + 1]?.fromSecond ?? Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(until, ends) - Math.max(from, begins));
}

function sumOfSteps(steps: readonly PriceStep[], from: number, until: number): number {
  let sum = 0;
  for (let number = 0; number < steps.length; number++)
    sum += (steps[number] as PriceStep).pricePerMinuteMicros * secondsInStep(steps, number, from, until);
  return sum;
}

/** A call that a bundle pays a part of knows no minimum: it would charge the free seconds after all. */
function liftToMinimum(rate: Rate, billedSeconds: number, usedSeconds: number, charge: bigint): bigint {
  if (rate.minimumChargeMicros === 0 || billedSeconds === 0 || usedSeconds > 0) return charge;
  const least = BigInt(rate.minimumChargeMicros);
  return charge < least ? least : charge;
}

function capAtMaximum(rate: Rate, charge: bigint): bigint {
  if (rate.maximumChargeMicros === null) return charge;
  const most = BigInt(rate.maximumChargeMicros);
  return charge > most ? most : charge;
}

/** Exact for safe integers: the remainder of a division of doubles is, and so is the quotient without it. */
function roundHalfUp(numerator: number, divisor: number): number {
  const rest = numerator % divisor;
  const whole = (numerator - rest) / divisor;
  return rest * 2 >= divisor ? whole + 1 : whole;
}

function exactMicros(
  rate: Rate,
  of: {
    readonly connectFee: number;
    readonly usedSeconds: number;
    readonly billedSeconds: number;
    readonly step: bigint;
  },
): bigint {
  const { connectFee, usedSeconds, billedSeconds, step } = of;
  const divisor = BigInt(SECONDS_PER_MINUTE) * step;
  const steps = stepsOf(rate);
  const timesSixty = steps.reduce(
    (sum, { pricePerMinuteMicros }, number) =>
      sum + BigInt(pricePerMinuteMicros) * BigInt(secondsInStep(steps, number, usedSeconds, billedSeconds)),
    BigInt(connectFee) * BigInt(SECONDS_PER_MINUTE),
  );
  return ((timesSixty * 2n + divisor) / (divisor * 2n)) * step;
}

function stepsOf(rate: Rate): readonly PriceStep[] {
  return rate.steps ?? [{ fromSecond: 0, pricePerMinuteMicros: rate.pricePerMinuteMicros, band: rate.band }];
}

/** What only some calls have in their working. */
function besides(
  rate: Rate,
  call: {
    readonly talkSeconds: number;
    readonly billedSeconds: number;
    readonly usedSeconds: number;
    readonly isCapped: boolean;
  },
): Partial<RatingWorking> {
  const { talkSeconds, billedSeconds, usedSeconds, isCapped } = call;
  const bands = rate.steps?.flatMap(({ band, pricePerMinuteMicros }, number, steps) => {
    const seconds = secondsInStep(steps, number, 0, billedSeconds);
    return seconds === 0 ? [] : [{ band, seconds, pricePerMinuteMicros }];
  });
  return {
    ...(usedSeconds > 0 ? { includedSeconds: usedSeconds } : {}),
    ...(rate.band === null ? {} : { band: rate.band }),
    ...(bands && bands.length > 1 ? { bands } : {}),
    ...(talkSeconds > 0 && billedSeconds === 0 ? { graceSeconds: rate.graceSeconds } : {}),
    ...(isCapped && rate.maximumChargeMicros !== null
      ? { maximumChargeMicros: rate.maximumChargeMicros }
      : {}),
  };
}

function requireDuration(talkSeconds: number): void {
  if (Number.isInteger(talkSeconds) && talkSeconds >= 0 && talkSeconds <= MAX_TALK_SECONDS) return;
  throw new InvalidInput('talkSeconds', `is ${talkSeconds}`, 'give whole seconds from 0 to a year');
}
