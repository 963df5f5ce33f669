/** A standard rate from a day of UTC on, in millionths. */
type Rate = readonly [from: string, ratePpm: number];

const ALWAYS = '1900-01-01';

/** Standard rates of VAT in the EU by date (telecommunication is charged at them everywhere), as the Commission's tables list them. */
const STANDARD_RATES: Readonly<Record<string, readonly Rate[]>> = {
  AT: [[ALWAYS, 200_000]],
  BE: [[ALWAYS, 210_000]],
  BG: [[ALWAYS, 200_000]],
  CY: [[ALWAYS, 190_000]],
  CZ: [[ALWAYS, 210_000]],
  DE: [
    [ALWAYS, 190_000],
    ['2020-07-01', 160_000],
    ['2021-01-01', 190_000],
  ],
  DK: [[ALWAYS, 250_000]],
  EE: [
    [ALWAYS, 200_000],
    ['2024-01-01', 220_000],
    ['2025-07-01', 240_000],
  ],
  ES: [[ALWAYS, 210_000]],
  FI: [
    [ALWAYS, 240_000],
    ['2024-09-01', 255_000],
  ],
  FR: [[ALWAYS, 200_000]],
  GR: [[ALWAYS, 240_000]],
  HR: [[ALWAYS, 250_000]],
  HU: [[ALWAYS, 270_000]],
  IE: [
    [ALWAYS, 230_000],
    ['2020-09-01', 210_000],
    ['2021-03-01', 230_000],
  ],
  IT: [[ALWAYS, 220_000]],
  LT: [[ALWAYS, 210_000]],
  LU: [
    [ALWAYS, 170_000],
    ['2023-01-01', 160_000],
    ['2024-01-01', 170_000],
  ],
  LV: [[ALWAYS, 210_000]],
  MT: [[ALWAYS, 180_000]],
  NL: [[ALWAYS, 210_000]],
  PL: [[ALWAYS, 230_000]],
  PT: [[ALWAYS, 230_000]],
  RO: [
    [ALWAYS, 190_000],
    ['2025-08-01', 210_000],
  ],
  SE: [[ALWAYS, 250_000]],
  SI: [[ALWAYS, 220_000]],
  SK: [
    [ALWAYS, 200_000],
    ['2025-01-01', 230_000],
  ],
};

/** Places of member states that are outside the area of VAT, by the beginnings of their postal codes (Directive 2006/112/EC, article 6). */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  ES: ['35', '38', '51', '52'],
  DE: ['27498', '78266'],
  FI: ['22'],
  FR: ['971', '972', '973', '974', '975', '976', '977', '978', '986', '987', '988'],
  GR: ['63086'],
  IT: ['23041'],
};

/** Whether a country is a member of the EU. */
export function isEu(country: string): boolean {
  return Object.hasOwn(STANDARD_RATES, country);
}

/** Whether an address of a member state is in the area of VAT. */
export function isInVatArea(country: string, postalCode: string | null): boolean {
  const digits = (postalCode ?? '').replaceAll(/\D/g, '');
  return isEu(country) && !(OUTSIDE[country] ?? []).some((beginning) => digits.startsWith(beginning));
}

/** The standard rate of a member state at a moment, in millionths. */
export function euStandardRatePpm(country: string, atMs: number): number | null {
  const rates = STANDARD_RATES[country];
  return rates?.findLast(([from]) => Date.parse(`${from}T00:00:00Z`) <= atMs)?.[1] ?? null;
}
