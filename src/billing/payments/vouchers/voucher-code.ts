import { scrypt } from 'node:crypto';
import { randomDigits } from '../../../kernel/ids';
import { dammDigit } from '../../../kernel/voip-number';

/** Digits of a code with its check digit: a million vouchers leave one guess in a thousand million right. */
export const VOUCHER_DIGITS = 16;
const FORM = new RegExp(`^\\d{${VOUCHER_DIGITS}}$`);

/**
 * scrypt (RFC 7914) with one salt for all, since a voucher is looked up by what comes out: some 3 ms and 1 MiB a code. Whoever steals the table
 * would need ten thousand years of a processor for each code he finds.
 */
const COST = { N: 2 ** 10, r: 8, p: 1 };
const SALT = '123-voip voucher';
const KEY_BYTES = 32;

/** A new code: fifteen random digits and Damm's check digit, which finds what people mistype. */
export function drawVoucherCode(): string {
  const digits = randomDigits(VOUCHER_DIGITS - 1);
  return `${digits}${dammDigit(digits)}`;
}

/** The sixteen digits in what somebody typed, blanks and hyphens left out; null when they cannot be a code. */
export function parseVoucherCode(typed: string): string | null {
  const digits = typed.replaceAll(/[\s-]/g, '');
  return FORM.test(digits) && dammDigit(digits) === 0 ? digits : null;
}

/** What is kept of a code, in hex. */
export function voucherFingerprint(code: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(code, SALT, KEY_BYTES, COST, (error, key) =>
      error ? reject(error) : resolve(key.toString('hex')),
    );
  });
}

/** A code as it is printed: in fours. */
export function showVoucherCode(code: string): string {
  return code.replaceAll(/(\d{4})(?=\d)/g, '$1 ');
}
