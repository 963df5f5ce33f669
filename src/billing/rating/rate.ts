import type { Currency } from '../../kernel/money';

/**
 * Digits a prefix may have. E.164 has at most fifteen; the lookup keeps what follows the first five in 32 bits, so nine more.
 */
export const MAX_PREFIX_DIGITS = 14;

/**
 * Micros as a plain number, always a safe integer. Only prices use it: a rating multiplies and divides once, where numbers take
 * a quarter of the time of bigint; rate-call goes over to bigint where a product would not be exact.
 */
export type PriceMicros = number;

/** What calls to one prefix cost from one moment on. Never changed once stored: a new price is a new rate. */
export type Rate = {
  readonly deckId: string;
  /** The import of the deck that brought it. */
  readonly rateVersion: number;
  readonly currency: Currency;
  readonly prefix: string;
  readonly destination: string;
  readonly effectiveFromMs: number;
  readonly pricePerMinuteMicros: PriceMicros;
  readonly connectFeeMicros: PriceMicros;
  /** Talk is charged as the first block whole, then in whole next blocks: 60/60, 30/6, 1/1. */
  readonly firstIncrementSeconds: number;
  readonly nextIncrementSeconds: number;
  /** A shorter call is charged as if it had lasted this long. */
  readonly minimumSeconds: number;
  /** A cheaper call costs this. */
  readonly minimumChargeMicros: PriceMicros;
  /** Decimals that a charge is rounded to, half up: 6 keeps every micro. */
  readonly chargeDecimals: number;
};

/** How a charge came about: stored with the CDR as JSON and shown to whoever asks why. */
export type RatingWorking = {
  readonly prefix: string;
  readonly destination: string;
  readonly deckId: string;
  readonly rateVersion: number;
  readonly pricePerMinuteMicros: PriceMicros;
  readonly connectFeeMicros: PriceMicros;
  /** First and next block in seconds: "60/60". */
  readonly increments: string;
  readonly talkSeconds: number;
  readonly billedSeconds: number;
  /** Billed seconds that bundles paid; not there when they paid none. */
  readonly includedSeconds?: number;
  readonly minimumApplied: 'none' | 'seconds' | 'charge';
  readonly rounding: string;
};
