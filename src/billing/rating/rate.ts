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

/** What a minute costs in the time bands of the deck, by their names; a band that is not named costs the base price. */
export type BandPrices = Readonly<Record<string, PriceMicros>>;

/** What calls to one prefix cost from one moment on, as a deck's file states it. Never changed once stored: a new price is a new rate. */
export type RateLine = {
  readonly prefix: string;
  readonly destination: string;
  readonly effectiveFromMs: number;
  /** Not valid any more from this moment on: then the shorter prefix counts. Null: until a later rate of the prefix begins. */
  readonly effectiveUntilMs: number | null;
  readonly pricePerMinuteMicros: PriceMicros;
  readonly bandPrices: BandPrices | null;
  readonly connectFeeMicros: PriceMicros;
  /** Talk is charged as the first block whole, then in whole next blocks: 60/60, 30/6, 1/1. */
  readonly firstIncrementSeconds: number;
  readonly nextIncrementSeconds: number;
  /** A shorter call is charged as if it had lasted this long. */
  readonly minimumSeconds: number;
  /** A call of at most so many seconds costs nothing. */
  readonly graceSeconds: number;
  /** A cheaper call costs this. */
  readonly minimumChargeMicros: PriceMicros;
  /** A dearer call costs this; null: no bound. */
  readonly maximumChargeMicros: PriceMicros | null;
};

/** What a rate has of its deck and version. */
type OfDeck = {
  readonly deckId: string;
  /** The version of the deck that brought it. */
  readonly rateVersion: number;
  readonly currency: Currency;
  /** Decimals that a charge is rounded to, half up: 6 keeps every micro. */
  readonly chargeDecimals: number;
};

/** A rate as it is stored, with the prices of all time bands. */
export type StoredRate = RateLine & OfDeck;

/** From a second of talk on (0: the first), a minute costs this. */
export type PriceStep = {
  readonly fromSecond: number;
  readonly pricePerMinuteMicros: PriceMicros;
  readonly band: string | null;
};

/** What one call costs: a rate at the moment the call began. All that quote, announcement, hold and bill need, so that they agree. */
export type Rate = Omit<RateLine, 'bandPrices'> &
  OfDeck & {
    /** The time band the call began in; null: none, the base price. */
    readonly band: string | null;
    /** The prices of a call that time bands split, the first from second 0 on; null: one price for the whole call. */
    readonly steps: readonly PriceStep[] | null;
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
  /** The time band the call began in; not there when none was. */
  readonly band?: string;
  /** Of a call that time bands split: the billed seconds in each. */
  readonly bands?: readonly {
    readonly band: string | null;
    readonly seconds: number;
    readonly pricePerMinuteMicros: PriceMicros;
  }[];
  /** The call was not longer than the seconds that are free; not there otherwise. */
  readonly graceSeconds?: number;
  /** The call cost the most that a call costs; not there otherwise. */
  readonly maximumChargeMicros?: PriceMicros;
};

/** A rate as a hold keeps it. */
export function rateText(rate: Rate): string {
  return JSON.stringify(rate);
}

/** Reads what rateText wrote; what rates did not have when an older hold was opened is as it was then. */
export function rateOfText(kept: string): Rate {
  const older = {
    effectiveUntilMs: null,
    graceSeconds: 0,
    maximumChargeMicros: null,
    band: null,
    steps: null,
  };
  return { ...older, ...(JSON.parse(kept) as Rate) };
}
