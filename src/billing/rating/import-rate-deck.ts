import type { Readable } from 'node:stream';
import { Conflict } from '../../kernel/app-error';
import type { Currency } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { createDeck, findDeckByName, type RateDeck } from './decks-store';
import { type LineFault, readRateFile } from './read-rate-file';
import { publishRates } from './stage-rates';

/** Charges keep every micro unless the deck says otherwise. */
const DEFAULT_CHARGE_DECIMALS = 6;

export type ImportProgress = { readonly step: 'read' | 'stored'; readonly rates: number };

export type DeckImport = {
  /** A deck of this name gets a new version; otherwise it is made. */
  readonly deckName: string;
  readonly currency: Currency;
  /** CSV with a header line; columns in rate-line. */
  readonly csv: Readable;
  /** Kept beside the version, for people: usually the file's name. */
  readonly sourceName: string;
  /** Also the moment from which lines with an empty effective_from are valid. */
  readonly nowMs: number;
  /** Read and check everything, change nothing. */
  readonly dryRun?: boolean;
  /** For a new deck: 0 to 6 decimals that charges are rounded to; 6 unless given. */
  readonly chargeDecimals?: number;
  readonly onProgress?: (progress: ImportProgress) => void;
};

export type ImportReport = {
  /** The rates are stored and valid. False after a dry run and when the file has a fault: then nothing has changed. */
  readonly published: boolean;
  readonly deckId: string | null;
  readonly version: number | null;
  readonly rateCount: number;
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
  const file = await readRateFile(wanted.csv, {
    effectiveFromMs: wanted.nowMs,
    onLines: (rates) => onProgress({ step: 'read', rates }),
  });
  const report = {
    deckId: known?.id ?? null,
    rateCount: file.rates.length,
    faultCount: file.faultCount,
    faults: file.faults,
  };
  if (file.faultCount > 0 || wanted.dryRun === true) return { ...report, published: false, version: null };
  const deck = known ?? (await makeDeck(database, wanted));
  let stored = 0;
  const version = await publishRates(database, file.rates, {
    deck,
    sourceName: wanted.sourceName,
    nowMs: wanted.nowMs,
    onRowsStored: (count) => {
      stored += count;
      onProgress({ step: 'stored', rates: stored });
    },
  });
  return { ...report, deckId: deck.id, published: true, version };
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
