import { coinDecimals, type Currency } from '../../kernel/money';

/** What an account may do at most by calling out. Money is in the account's currency. */
export type Caps = {
  readonly maxPricePerMinuteMicros: bigint;
  /** Of one call. */
  readonly maxCallCostMicros: bigint;
  /** Of all calls out on one day of the account's time zone, running ones with what is held for them. */
  readonly maxDayCostMicros: bigint;
  /** Different premium and shared-cost numbers in any 24 hours. */
  readonly premiumNumbersPerDay: number;
  /** Answered calls of at most SHORT_CALL_SECONDS in any ten minutes, before further calls are refused. */
  readonly shortCallsPerTenMinutes: number;
  /** Calls abroad or to premium numbers that begin within any hour of the account's night. */
  readonly nightCallsPerHour: number;
  /**
   * Where the account is at home, its own country first: what was set, or its country, or the house's. Empty when nobody said so, and then
   * no country is closed.
   */
  readonly homeCountries: readonly string[];
  /** IANA name; null: that of the first home country, or UTC. */
  readonly timeZone: string | null;
};

/** The caps that a call can run into, as its error and the alert name them. */
export type CapName =
  | 'destination'
  | 'price-per-minute'
  | 'call-cost'
  | 'day-cost'
  | 'premium-numbers'
  | 'short-calls'
  | 'night-calls';

/** A call that ended this soon is one of those that robots make. */
export const SHORT_CALL_SECONDS = 10;
export const SHORT_CALLS_WINDOW_MS = 10 * 60_000;
export const NIGHT_CALLS_WINDOW_MS = 60 * 60_000;
export const PREMIUM_WINDOW_MS = 24 * 60 * 60_000;

/** In hundredths of the currency; a currency without hundredths has as many whole coins. */
const HOUSE_HUNDREDTHS = { pricePerMinute: 200n, callCost: 5_000n, dayCost: 10_000n } as const;

/** What holds where neither the account nor the house's row for the currency says otherwise. */
export function programCaps(unit: Currency): Caps {
  const hundredthMicros = coinDecimals(unit) === 0 ? 1_000_000n : 10_000n;
  return {
    maxPricePerMinuteMicros: HOUSE_HUNDREDTHS.pricePerMinute * hundredthMicros,
    maxCallCostMicros: HOUSE_HUNDREDTHS.callCost * hundredthMicros,
    maxDayCostMicros: HOUSE_HUNDREDTHS.dayCost * hundredthMicros,
    premiumNumbersPerDay: 3,
    shortCallsPerTenMinutes: 30,
    nightCallsPerHour: 10,
    homeCountries: [],
    timeZone: null,
  };
}
