import type { PriceStep, Rate, StoredRate } from './rate';
import { type BandClock, NO_BAND } from './time-bands';

/** So far the prices of a call that bands split are worked out; beyond, the last one goes on. */
const SPLIT_DAYS = 8;
const DAY_MS = 86_400_000;

/**
 * A stored rate as it prices a call that begins at `atMs`: the price of the band in force then, for the whole call; where the calendar splits
 * calls, the prices of all bands the call may come to. Pure. Without a calendar, or without prices for bands, the base price.
 */
export function inBand(stored: StoredRate, clock: BandClock | null, atMs: number): Rate {
  if (clock === null || stored.bandPrices === null) return inBandNumber(stored, null, NO_BAND);
  const rate = inBandNumber(stored, clock, clock.bandAt(atMs));
  if (!clock.splitsCalls) return rate;
  const steps = stepsFrom(stored, clock, atMs);
  return steps.length === 1 ? rate : { ...rate, steps };
}

/** The same for a band that is known and a calendar that does not split. Field by field: spreading takes longer than a lookup. */
export function inBandNumber(stored: StoredRate, clock: BandClock | null, band: number): Rate {
  const name = clock === null || band === NO_BAND ? null : (clock.names[band] as string);
  return {
    deckId: stored.deckId,
    rateVersion: stored.rateVersion,
    currency: stored.currency,
    chargeDecimals: stored.chargeDecimals,
    prefix: stored.prefix,
    destination: stored.destination,
    effectiveFromMs: stored.effectiveFromMs,
    effectiveUntilMs: stored.effectiveUntilMs,
    pricePerMinuteMicros: priceIn(stored, name),
    connectFeeMicros: stored.connectFeeMicros,
    firstIncrementSeconds: stored.firstIncrementSeconds,
    nextIncrementSeconds: stored.nextIncrementSeconds,
    minimumSeconds: stored.minimumSeconds,
    graceSeconds: stored.graceSeconds,
    minimumChargeMicros: stored.minimumChargeMicros,
    maximumChargeMicros: stored.maximumChargeMicros,
    band: stored.bandPrices === null ? null : name,
    steps: null,
  };
}

function priceIn({ bandPrices, pricePerMinuteMicros }: StoredRate, band: string | null): number {
  if (bandPrices === null || band === null) return pricePerMinuteMicros;
  return Object.hasOwn(bandPrices, band) ? (bandPrices[band] as number) : pricePerMinuteMicros;
}

/** A second belongs to the band in which it begins. */
function stepsFrom(stored: StoredRate, clock: BandClock, atMs: number): readonly PriceStep[] {
  const endMs = atMs + SPLIT_DAYS * DAY_MS;
  const steps: PriceStep[] = [];
  for (
    let momentMs: number | null = atMs;
    momentMs !== null;
    momentMs = clock.nextChangeMs(momentMs, endMs)
  ) {
    const number = clock.bandAt(momentMs);
    const band = number === NO_BAND ? null : (clock.names[number] as string);
    const pricePerMinuteMicros = priceIn(stored, band);
    if (steps.at(-1)?.pricePerMinuteMicros === pricePerMinuteMicros) continue;
    steps.push({ fromSecond: Math.ceil((momentMs - atMs) / 1_000), pricePerMinuteMicros, band });
  }
  return steps;
}
