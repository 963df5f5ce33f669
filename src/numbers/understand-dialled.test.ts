import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { isE164 } from '../kernel/phone-number';
import { EMERGENCY_COUNTRIES, emergencyNumbersOf } from './emergency-numbers';
import { understandDialled } from './understand-dialled';

type Row = readonly [dialled: string, country: string, kind: string, means: string];

/** Numbers kept free for examples where a country has such, else the examples that numbering plans themselves print. */
const ROWS = readFileSync(join(__dirname, 'dialled-strings.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as unknown as Row);

const countryOf = (country: string) => (country === '-' ? null : country);

describe('understandDialled', () => {
  it('is shown by at least 300 strings of at least 40 countries, no two the same', () => {
    expect(new Set(ROWS.map(([dialled, country]) => `${dialled} ${country}`)).size).toBe(ROWS.length);
    expect(ROWS.length).toBeGreaterThanOrEqual(300);
    expect(new Set(ROWS.map(([, country]) => country)).size).toBeGreaterThan(40);
  });

  it.each(ROWS)('takes "%s" dialled in %s for %s %s', (dialled, country, kind, means) => {
    const found = understandDialled(dialled, { country: countryOf(country) });
    const meaning = 'number' in found ? found.number : 'code' in found ? found.code : '';
    expect([found.kind, meaning]).toEqual([kind, means]);
  });

  it('knows emergency numbers of at least 60 countries, 112 in all of Europe', () => {
    expect(EMERGENCY_COUNTRIES.length).toBeGreaterThanOrEqual(60);
    const europe =
      'AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK';
    for (const country of europe.split(' ')) expect(emergencyNumbersOf(country)).toContain('112');
  });

  it('takes an emergency number for one in every country that has it, whatever else it could mean', () => {
    for (const country of EMERGENCY_COUNTRIES)
      for (const number of emergencyNumbersOf(country))
        expect(understandDialled(number, { country })).toEqual({ kind: 'emergency', number, country });
  });

  it('gives for any text whatever a number in E.164 or none', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[+*#0-9 ().;=:@a-z-]{0,50}$/));
    fc.assert(
      fc.property(texts, fc.constantFrom(null, 'BE', 'US', 'ZZ'), (text, country) => {
        const found = understandDialled(text, { country });
        expect(found.kind !== 'telephone' || isE164(found.number)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
