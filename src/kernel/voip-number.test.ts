import fc from 'fast-check';
import { InvalidInput } from './app-error';
import {
  dammDigit,
  isVoipNumber,
  makeVoipNumber,
  parseVoipNumber,
  VOIP_SERIAL_DIGITS,
  voipNumber,
} from './voip-number';

const serials = fc
  .integer({ min: 0, max: 10 ** VOIP_SERIAL_DIGITS - 1 })
  .map((n) => String(n).padStart(6, '0'));

describe('a 123-voip number', () => {
  it('has the check digit of Damm’s own example', () => {
    expect(dammDigit('572')).toBe(4);
    expect(dammDigit('5724')).toBe(0);
  });

  it('is 123, its serial and a check digit', () => {
    fc.assert(
      fc.property(serials, (serial) => {
        const number = makeVoipNumber(serial);
        expect(number).toMatch(/^123\d{7}$/);
        expect(number.slice(3, 9)).toBe(serial);
        expect(isVoipNumber(number)).toBe(true);
      }),
    );
  });

  it('shows every single wrong digit', () => {
    fc.assert(
      fc.property(serials, fc.nat(9), fc.integer({ min: 1, max: 9 }), (serial, at, by) => {
        const number = makeVoipNumber(serial);
        const wrong = String((Number(number[at]) + by) % 10);
        expect(isVoipNumber(number.slice(0, at) + wrong + number.slice(at + 1))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('shows every two neighbours that changed places', () => {
    fc.assert(
      fc.property(serials, fc.nat(8), (serial, at) => {
        const number = makeVoipNumber(serial);
        const [left = '', right = ''] = number.slice(at, at + 2);
        fc.pre(left !== right);
        expect(isVoipNumber(number.slice(0, at) + right + left + number.slice(at + 2))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read as people write it', () => {
    const number = makeVoipNumber('456789');
    expect(parseVoipNumber(` ${number.slice(0, 3)} ${number.slice(3, 6)}-${number.slice(6)} `)).toBe(number);
    expect(voipNumber(number)).toBe(number);
  });

  it.each(['', '123', '1234567890x', '+1234567890', '١٢٣٤٥٦٧٨٩٠', '12345678901'])('is not "%s"', (text) => {
    expect(parseVoipNumber(text)).toBeNull();
    expect(() => voipNumber(text, 'to')).toThrow(InvalidInput);
  });

  it.each(['', '12345', '1234567', 'abcdef'])('is not made of the serial "%s"', (serial) => {
    expect(() => makeVoipNumber(serial)).toThrow(InvalidInput);
  });
});
