import { taxFor, type TaxParty, type TaxRule } from './tax-for';
import { countryOfVatNumber, faultOfVatNumber } from './vat-number';

const party = (country: string | null, rest: Partial<TaxParty> = {}): TaxParty => ({
  country,
  region: null,
  postalCode: null,
  vatNumber: null,
  ...rest,
});
const rule = (rest: Partial<TaxRule>): TaxRule => ({
  country: 'US',
  region: '',
  name: 'Sales tax',
  ratePpm: 60_000,
  validFromMs: 0,
  validUntilMs: null,
  ...rest,
});
const at = (day: string) => Date.parse(`${day}T00:00:00Z`);

describe('the tax of an invoice', () => {
  it.each([
    ['a consumer at home', party('BE'), party('BE'), '2026-01-31', 'domestic', ['VAT 210000']],
    [
      'a business at home',
      party('BE'),
      party('BE', { vatNumber: 'BE0123456749' }),
      '2026-01-31',
      'domestic',
      ['VAT 210000'],
    ],
    [
      'a consumer in another member state',
      party('BE'),
      party('HU'),
      '2026-01-31',
      'destination',
      ['VAT 270000'],
    ],
    [
      'a business in another member state',
      party('BE'),
      party('LU', { vatNumber: 'LU15027442' }),
      '2026-01-31',
      'reverse-charge',
      [],
    ],
    [
      'a number of another country than the address',
      party('BE'),
      party('DE', { vatNumber: 'LU15027442' }),
      '2026-01-31',
      'destination',
      ['VAT 190000'],
    ],
    [
      'a number that is wrong',
      party('BE'),
      party('LU', { vatNumber: 'LU15027443' }),
      '2026-01-31',
      'destination',
      ['VAT 170000'],
    ],
    [
      'Greece, whose numbers begin with EL',
      party('BE'),
      party('GR', { vatNumber: 'EL094259216' }),
      '2026-01-31',
      'reverse-charge',
      [],
    ],
    ['somebody outside the EU', party('BE'), party('US'), '2026-01-31', 'outside', []],
    ['the Canary Islands', party('ES'), party('ES', { postalCode: '35001' }), '2026-01-31', 'outside', []],
    ['Büsingen', party('DE'), party('DE', { postalCode: 'D-78266' }), '2026-01-31', 'outside', []],
    ['nobody knows where, as at home', party('FR'), party(null), '2026-01-31', 'domestic', ['VAT 200000']],
    ['Germany in the summer of 2020', party('DE'), party('DE'), '2020-12-31', 'domestic', ['VAT 160000']],
    ['Germany the day after', party('DE'), party('DE'), '2021-01-01', 'domestic', ['VAT 190000']],
    ['Estonia before it rose', party('EE'), party('EE'), '2025-06-30', 'domestic', ['VAT 220000']],
    ['Estonia after it rose', party('EE'), party('EE'), '2025-07-01', 'domestic', ['VAT 240000']],
    ['a seller of no known country', party(null), party('BE'), '2026-01-31', 'none', []],
    ['a seller of a country with no rule', party('US'), party('US'), '2026-01-31', 'none', []],
  ])('is for %s', (_, seller, buyer, day, treatment, taxes) => {
    const decision = taxFor({ seller, buyer, atMs: at(day), rules: [] });
    expect([decision.treatment, decision.taxes.map(({ name, ratePpm }) => `${name} ${ratePpm}`)]).toEqual([
      treatment,
      taxes,
    ]);
  });

  const rules = [
    rule({ region: 'CA', name: 'State tax', ratePpm: 72_500 }),
    rule({ region: 'CA', name: 'City tax', ratePpm: 10_000 }),
    rule({ region: 'CA', name: 'City tax', ratePpm: 12_500, validFromMs: at('2026-02-01') }),
    rule({ name: 'Federal tax', ratePpm: 30_000, validUntilMs: at('2026-03-01') }),
  ];
  it.each([
    ['of a region, all of them', 'CA', '2026-01-31', ['City tax 10000', 'State tax 72500']],
    ['of a region from the day it changes', 'CA', '2026-02-01', ['City tax 12500', 'State tax 72500']],
    ['of the country where the region has none', 'OR', '2026-01-31', ['Federal tax 30000']],
    ['none after its end', 'OR', '2026-03-01', []],
  ])('is by the table: %s', (_, region, day, taxes) => {
    const decision = taxFor({ seller: party('US'), buyer: party('US', { region }), atMs: at(day), rules });
    expect(decision.taxes.map(({ name, ratePpm }) => `${name} ${ratePpm}`)).toEqual(taxes);
  });
});

describe('a VAT number', () => {
  it.each([
    'BE0123456749',
    'DE136695976',
    'ATU13585627',
    'LU15027442',
    'PL8567346215',
    'PT501964843',
    'SI50223054',
    'IT00743110157',
    'FI20774740',
    'DK13585628',
    'EL094259216',
    'HR33392005961',
    'NL123456789B01',
    'FR61954506077',
    'GB999999973',
  ])('%s is one', (number) => expect(faultOfVatNumber(number)).toBeNull());

  it.each([
    ['BE0123456748', 'wrong check digits'],
    ['DE136695978', 'wrong check digits'],
    ['PL8567346216', 'wrong check digits'],
    ['BE123', 'as BE writes them'],
    ['123456789', 'no VAT number'],
    ['BE0123456749<script>', 'no VAT number'],
  ])('%s is none: %s', (number, fault) => expect(faultOfVatNumber(number)).toContain(fault));

  it('names its country as addresses do', () => {
    expect(['EL094259216', 'BE0123456749', 'US123'].map(countryOfVatNumber)).toEqual(['GR', 'BE', null]);
  });
});
