import { euStandardRatePpm, isEu, isInVatArea } from './eu-vat';
import { countryOfVatNumber, faultOfVatNumber } from './vat-number';

/** A tax that the house has entered for a place: `region` is '' for the whole country. */
export type TaxRule = {
  readonly country: string;
  readonly region: string;
  readonly name: string;
  readonly ratePpm: number;
  readonly validFromMs: number;
  readonly validUntilMs: number | null;
};

/** What of seller and buyer decides which tax is charged. */
export type TaxParty = {
  readonly country: string | null;
  readonly region: string | null;
  readonly postalCode: string | null;
  readonly vatNumber: string | null;
};

/** One tax on the whole of an invoice; `ratePpm` in millionths. */
export type Tax = { readonly name: string; readonly ratePpm: number };

/**
 * How an invoice is taxed. `domestic` and `destination`: a rate is charged, the seller's or the buyer's country's; `reverse-charge`: the buyer owes
 * the tax; `outside`: the place is outside of the tax's area; `table`: what the house has entered; `none`: no tax is known.
 */
export type TaxTreatment = 'domestic' | 'destination' | 'reverse-charge' | 'outside' | 'table' | 'none';

export type TaxDecision = {
  readonly treatment: TaxTreatment;
  readonly taxes: readonly Tax[];
  /** What the invoice has to say about it; '' for nothing. */
  readonly note: string;
};

const NONE: TaxDecision = { treatment: 'none', taxes: [], note: '' };

/**
 * Which taxes an invoice for telephone services of a moment has. Directive 2006/112/EC: to a business in another member state without tax, the
 * buyer owes it (articles 44, 196); to a consumer at the rate of the consumer's country (article 58); outside the area of VAT none. What the house
 * has entered for the place comes before what the program knows, region before country. Pure.
 */
export function taxFor(of: {
  readonly seller: TaxParty;
  readonly buyer: TaxParty;
  readonly atMs: number;
  readonly rules: readonly TaxRule[];
}): TaxDecision {
  const { seller, atMs, rules } = of;
  if (seller.country === null) return NONE;
  const buyer = { ...of.buyer, country: of.buyer.country ?? seller.country };
  const entered = rulesOf(rules, buyer, atMs);
  if (!isEu(seller.country))
    return buyer.country === seller.country && entered.length > 0
      ? { treatment: 'table', taxes: entered, note: '' }
      : NONE;
  if (!isInVatArea(buyer.country, buyer.postalCode))
    return { treatment: 'outside', taxes: [], note: 'Not subject to VAT: place of supply outside the EU' };
  const isDomestic = buyer.country === seller.country;
  if (!isDomestic && isBusinessIn(buyer))
    return {
      treatment: 'reverse-charge',
      taxes: [],
      note: 'Reverse charge: VAT is owed by the recipient (Directive 2006/112/EC, article 196)',
    };
  const ratePpm = euStandardRatePpm(buyer.country, atMs) ?? 0;
  return {
    treatment: isDomestic ? 'domestic' : 'destination',
    taxes: entered.length > 0 ? entered : [{ name: 'VAT', ratePpm }],
    note: '',
  };
}

function isBusinessIn({ vatNumber, country }: TaxParty): boolean {
  if (vatNumber === null || faultOfVatNumber(vatNumber) !== null) return false;
  return countryOfVatNumber(vatNumber) === country;
}

function rulesOf(rules: readonly TaxRule[], { country, region }: TaxParty, atMs: number): readonly Tax[] {
  const valid = rules.filter(
    (rule) =>
      rule.country === country &&
      rule.validFromMs <= atMs &&
      (rule.validUntilMs === null || atMs < rule.validUntilMs),
  );
  const ofRegion = valid.filter((rule) => rule.region !== '' && rule.region === region);
  const chosen = ofRegion.length > 0 ? ofRegion : valid.filter((rule) => rule.region === '');
  const byName = new Map<string, TaxRule>();
  // Of two rules of one name the later begun one counts.
  for (const rule of chosen.toSorted((a, b) => a.validFromMs - b.validFromMs)) byName.set(rule.name, rule);
  return [...byName.values()]
    .map(({ name, ratePpm }) => ({ name, ratePpm }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
