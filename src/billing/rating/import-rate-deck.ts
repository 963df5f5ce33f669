import type { Readable } from 'node:stream';
import { Conflict } from '../../kernel/app-error';
import type { Currency } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { compareWithDeck, type RateDifference } from './compare-rates';
import { createDeck, findDeckByName, type RateDeck } from './decks-store';
import { type EffectOnCdrs, effectOnLastMonth } from './effect-on-cdrs';
import { endMissingRates } from './end-missing-rates';
import type { PackedRates } from './packed-rates';
import type { RateFileForm } from './rate-file-form';
import { deckHeadAt, findBandClock } from './rates-store';
import { type LineFault, readRateFile } from './read-rate-file';
import { publishRates } from './stage-rates';

/** Charges keep every micro unless the deck says otherwise. */
const DEFAULT_CHARGE_DECIMALS = 6;

const RATES_PER_PROGRESS = 5_000;

export type ImportProgress = { readonly step: 'read' | 'compared' | 'stored'; readonly rates: number };

export type DeckImport = {
  /** A deck of this name gets a new version; otherwise it is made. */
  readonly deckName: string;
  readonly currency: Currency;
  readonly csv: Readable;
  /** How the file is written; left out, in our own form. */
  readonly form?: RateFileForm;
  /** Kept beside the version, for people: usually the file's name. */
  readonly sourceName: string;
  readonly nowMs: number;
  /** The prices wait for this moment; left out or past, they count at once. Also the beginning of prices that name none. */
  readonly publishAtMs?: number | null;
  /** Prices of the deck that the file does not name end when the file counts. */
  readonly replaces?: boolean;
  /** Read, check and compare everything, change nothing. */
  readonly dryRun?: boolean;
  /** For a new deck: 0 to 6 decimals that charges are rounded to; 6 unless given. */
  readonly chargeDecimals?: number;
  readonly onProgress?: (progress: ImportProgress) => void;
};

export type ImportReport = {
  /** The rates are stored and valid, or wait for their moment. False after a dry run and when the file has a fault: then nothing has changed. */
  readonly published: boolean;
  /** When they will be valid; null: at once. */
  readonly publishAtMs: number | null;
  readonly deckId: string | null;
  readonly version: number | null;
  readonly rateCount: number;
  readonly lineCount: number;
  /** Of a file for a deck that is there: how its prices differ, and after a dry run what last month's calls would cost. */
  readonly difference: RateDifference | null;
  readonly effect: EffectOnCdrs | null;
  readonly faultCount: number;
  /** At most 100. */
  readonly faults: readonly LineFault[];
};

/**
 * Brings a file of prices into a deck: all of it, or nothing and a fault per line. Rates are added to the deck's former ones; for a
 * prefix that has one already, the one with the later effective date counts from that date on. Calls go on meanwhile.
 * @throws Conflict for a deck in another currency or an import under way; what the stream throws
 */
export async function importRateDeck(database: Database, wanted: DeckImport): Promise<ImportReport> {
  const known = await findDeckByName(database.read, wanted.deckName);
  if (known) requireSameTerms(known, wanted);
  const onProgress = wanted.onProgress ?? (() => undefined);
  const head = known && (await deckHeadAt(database.read, known.id, known.currentVersion));
  const beginsAtMs = Math.max(wanted.publishAtMs ?? 0, wanted.nowMs);
  const file = await readRateFile(wanted.csv, {
    ...(wanted.form ? { form: wanted.form } : {}),
    effectiveFromMs: beginsAtMs,
    bands: (head && (await findBandClock(database.read, head))?.names) ?? [],
    onLines: (rates) => onProgress({ step: 'read', rates }),
  });
  const report = {
    published: false,
    publishAtMs: null,
    deckId: known?.id ?? null,
    version: null,
    rateCount: file.rates.length,
    lineCount: file.lineCount,
    difference: null,
    effect: null,
    faultCount: file.faultCount,
    faults: file.faults,
  };
  if (file.faultCount > 0) return report;
  if (head && wanted.replaces)
    await endMissingRates(database.report, head, { rates: file.rates, atMs: beginsAtMs });
  const beside = known && head && { database, deck: known, head, rates: file.rates, nowMs: beginsAtMs };
  const difference = beside && (await compareWithDeck(beside));
  onProgress({ step: 'compared', rates: file.rates.length });
  if (wanted.dryRun === true)
    return {
      ...report,
      difference,
      effect: beside && (await effectOnLastMonth({ ...beside, nowMs: wanted.nowMs })),
    };
  const deck = known ?? (await makeDeck(database, wanted));
  const version = await store(database, file.rates, { deck, wanted, onProgress });
  const publishAtMs = beginsAtMs > wanted.nowMs ? beginsAtMs : null;
  return { ...report, difference, deckId: deck.id, published: true, publishAtMs, version };
}

function store(
  database: Database,
  rates: PackedRates,
  of: {
    readonly deck: RateDeck;
    readonly wanted: DeckImport;
    readonly onProgress: (progress: ImportProgress) => void;
  },
): Promise<number> {
  const { deck, wanted, onProgress } = of;
  let stored = 0;
  return publishRates(database, rates, {
    deck,
    sourceName: wanted.sourceName,
    nowMs: wanted.nowMs,
    publishAtMs: wanted.publishAtMs ?? null,
    onRowsStored: (count) => {
      const before = Math.floor(stored / RATES_PER_PROGRESS);
      stored += count;
      if (Math.floor(stored / RATES_PER_PROGRESS) > before || stored === rates.length)
        onProgress({ step: 'stored', rates: stored });
    },
  });
}

function makeDeck(database: Database, wanted: DeckImport): Promise<RateDeck> {
  return database.write((sql) =>
    createDeck(sql, {
      name: wanted.deckName,
      currency: wanted.currency,
      chargeDecimals: wanted.chargeDecimals ?? DEFAULT_CHARGE_DECIMALS,
      nowMs: wanted.nowMs,
    }),
  );
}

function requireSameTerms(deck: RateDeck, wanted: DeckImport): void {
  if (deck.currency !== wanted.currency)
    throw new Conflict(`the deck ${deck.name} is in ${deck.currency}, the import in ${wanted.currency}`, {
      deckId: deck.id,
    });
  if (wanted.chargeDecimals !== undefined && wanted.chargeDecimals !== deck.chargeDecimals)
    throw new Conflict(`the deck ${deck.name} rounds charges to ${deck.chargeDecimals} decimals`, {
      deckId: deck.id,
    });
}
