import { stringify } from 'csv-stringify/sync';
import type { Sql } from '../../kernel/unit-of-work';
import type { StoredRate } from './rate';
import { BAND_COLUMN, OWN_FORM } from './rate-file-form';
import { type DeckHead, findCalendar, readRates, type RatePosition } from './rates-store';

const RATES_PER_PAGE = 500;

/** A destination that a spreadsheet would take for a formula gets an apostrophe, which import takes away again. */
const GUARDED = { escape_formulas: true };

/** All rates of a deck as a file that import reads, line by line: also prices that are over, wait or end. */
export async function* exportRates(sql: Sql, head: DeckHead): AsyncGenerator<string, void, undefined> {
  const bands = (await findCalendar(sql, head))?.bands.map(({ name }) => name) ?? [];
  const columns = [...Object.values(OWN_FORM.columns), ...bands.map((band) => `${BAND_COLUMN}${band}`)];
  yield stringify([columns], GUARDED);
  let after: RatePosition | null = null;
  /** Waits for the next: of two for one prefix and moment the later version's counts, and a file may name one only. */
  let open: StoredRate | null = null;
  for (;;) {
    const page: readonly StoredRate[] = await readRates(sql, head, { after, limit: RATES_PER_PAGE });
    const lines: (readonly string[])[] = [];
    for (const rate of page) {
      if (open && (open.prefix !== rate.prefix || open.effectiveFromMs !== rate.effectiveFromMs))
        lines.push(cells(open, bands));
      open = rate;
    }
    if (page.length < RATES_PER_PAGE && open) lines.push(cells(open, bands));
    yield stringify(lines, GUARDED);
    if (page.length < RATES_PER_PAGE) return;
    after = page.at(-1) ?? null;
  }
}

/** In the order of the columns of our own form. */
function cells(rate: StoredRate, bands: readonly string[]): readonly string[] {
  const prices = rate.bandPrices ?? {};
  return [
    rate.prefix,
    rate.destination,
    amount(rate.pricePerMinuteMicros),
    amount(rate.connectFeeMicros),
    String(rate.firstIncrementSeconds),
    String(rate.nextIncrementSeconds),
    String(rate.minimumSeconds),
    moment(rate.effectiveFromMs),
    amount(rate.minimumChargeMicros),
    rate.maximumChargeMicros === null ? '' : amount(rate.maximumChargeMicros),
    String(rate.graceSeconds),
    rate.effectiveUntilMs === null ? '' : moment(rate.effectiveUntilMs),
    ...bands.map((band) => (Object.hasOwn(prices, band) ? amount(prices[band] as number) : '')),
  ];
}

function amount(micros: number): string {
  const units = Math.floor(micros / 1_000_000);
  const decimals = String(micros % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return decimals === '' ? String(units) : `${units}.${decimals}`;
}

function moment(atMs: number): string {
  return new Date(atMs).toISOString();
}
