import type { CapName, Caps } from './caps';
import type { NumberPlace } from './number-place';

/** What is known of a call out before it begins. Money is in the account's currency. */
export type CallFacts = {
  readonly place: NumberPlace;
  readonly pricePerMinuteMicros: bigint;
  /** Connect fee and first block. */
  readonly firstBlockMicros: bigint;
  /** Spent and held on this day already. */
  readonly daySpentMicros: bigint;
  /** The account has opened the country, and that has not expired. */
  readonly isOpened: boolean;
  /** Other premium numbers called in the last 24 hours. */
  readonly otherPremiumNumbers: number;
  /** Short calls that ended in the last ten minutes. */
  readonly shortCalls: number;
  /** It is night where the account is. */
  readonly isNight: boolean;
  /** Calls abroad or to premium numbers that began in the last hour of night. */
  readonly nightCalls: number;
};

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly cap: CapName };

/**
 * Whether a call out may begin under the caps. Pure; what runs in parallel is counted again where it is taken, so that no two calls
 * pass the last place together. Emergency calls do not come here at all.
 */
export function judgeCall(facts: CallFacts, caps: Caps): Verdict {
  const cap = firstCapReached(facts, caps);
  return cap === null ? { allowed: true } : { allowed: false, cap };
}

function firstCapReached(facts: CallFacts, caps: Caps): CapName | null {
  if (isAbroad(facts.place, caps) && !facts.isOpened) return 'destination';
  if (facts.pricePerMinuteMicros > caps.maxPricePerMinuteMicros) return 'price-per-minute';
  if (facts.firstBlockMicros > caps.maxCallCostMicros) return 'call-cost';
  if (facts.place.isPremium && facts.otherPremiumNumbers >= caps.premiumNumbersPerDay)
    return 'premium-numbers';
  if (facts.shortCalls >= caps.shortCallsPerTenMinutes) return 'short-calls';
  if (countsAtNight(facts, caps) && facts.nightCalls >= caps.nightCallsPerHour) return 'night-calls';
  if (facts.daySpentMicros + facts.firstBlockMicros > caps.maxDayCostMicros) return 'day-cost';
  return null;
}

/** An account without a known home is abroad nowhere. Pure. */
export function isAbroad({ country }: NumberPlace, { homeCountries }: Pick<Caps, 'homeCountries'>): boolean {
  return homeCountries.length > 0 && !homeCountries.includes(country);
}

/** Calls that thieves make while the owner sleeps. Pure. */
export function countsAtNight(
  { place, isNight }: Pick<CallFacts, 'place' | 'isNight'>,
  caps: Pick<Caps, 'homeCountries'>,
): boolean {
  return isNight && (place.isPremium || isAbroad(place, caps));
}
