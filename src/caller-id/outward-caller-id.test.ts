import fc from 'fast-check';
import { e164 } from '../kernel/phone-number';
import { type CallerIdFacts, outwardCallerId } from './outward-caller-id';

const [mine, second, foreign, house] = ['+3222220001', '+3222220002', '+12025550143', '+3222220099'].map(
  (text) => e164(text),
);
const plain: CallerIdFacts = {
  wanted: null,
  proven: new Set([mine, second].flatMap((number) => number ?? [])),
  choice: { number: null, withholds: false },
  houseNumber: house ?? null,
  withhold: false,
  passedOn: null,
};
const shown = (of: Partial<CallerIdFacts>) => outwardCallerId({ ...plain, ...of });

describe('the number that a call shows', () => {
  it.each<[string, Partial<CallerIdFacts>, ReturnType<typeof outwardCallerId>]>([
    [
      'is the wanted one when it is proven',
      { wanted: mine ?? null },
      { number: mine ?? null, anonymous: false, attestation: 'A', why: 'wanted-and-proven' },
    ],
    [
      'is the account’s choice when nothing is wanted',
      { choice: { number: second ?? null, withholds: false } },
      { number: second ?? null, anonymous: false, attestation: 'A', why: 'account-default' },
    ],
    [
      'is the account’s choice when what is wanted is not proven',
      { wanted: foreign ?? null, choice: { number: mine ?? null, withholds: false } },
      { number: mine ?? null, anonymous: false, attestation: 'A', why: 'account-default' },
    ],
    [
      'is the house’s, with less said for it, when nothing is proven',
      { wanted: foreign ?? null },
      { number: house ?? null, anonymous: false, attestation: 'B', why: 'house-number' },
    ],
    [
      'is the house’s when the choice was lost',
      { choice: { number: foreign ?? null, withholds: false } },
      { number: house ?? null, anonymous: false, attestation: 'B', why: 'house-number' },
    ],
    [
      'is none when there is none',
      { wanted: foreign ?? null, houseNumber: null },
      { number: null, anonymous: true, attestation: null, why: 'no-number' },
    ],
    [
      'is the one that came in, with nothing said for it, when the call passes through',
      { wanted: mine ?? null, passedOn: foreign ?? null },
      { number: foreign ?? null, anonymous: false, attestation: 'C', why: 'passed-on' },
    ],
    [
      'is withheld when the call asks for it',
      { wanted: mine ?? null, withhold: true },
      { number: mine ?? null, anonymous: true, attestation: 'A', why: 'wanted-and-proven' },
    ],
    [
      'is withheld when the account always does',
      { wanted: mine ?? null, choice: { number: null, withholds: true } },
      { number: mine ?? null, anonymous: true, attestation: 'A', why: 'wanted-and-proven' },
    ],
  ])('%s', (_, of, expected) => {
    expect(shown(of)).toEqual(expected);
  });

  it('has attestation A only when it is proven, whatever is wanted', () => {
    const number = fc.constantFrom(...[mine, second, foreign, house].flatMap((one) => one ?? []));
    const facts = fc.record({
      wanted: fc.option(number),
      proven: fc.uniqueArray(number).map((list) => new Set(list)),
      choice: fc.record({ number: fc.option(number), withholds: fc.boolean() }),
      houseNumber: fc.option(number),
      withhold: fc.boolean(),
      passedOn: fc.option(number),
    });
    fc.assert(
      fc.property(facts, (some) => {
        const found = outwardCallerId(some);
        const isOwn = found.number !== null && some.proven.has(found.number);
        expect(found.attestation !== 'A' || isOwn).toBe(true);
        expect(
          found.number === some.passedOn ||
            isOwn ||
            found.number === some.houseNumber ||
            found.number === null,
        ).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
