import { randomSerial } from '../../kernel/ids';

const DIGITS = 10;

/** A new reference for a bank transfer: ISO 11649, "RF", two check digits, ten digits. */
export function drawBankReference(): string {
  const serial = randomSerial(DIGITS);
  return `RF${checkDigits(serial)}${serial}`;
}

/** ISO 11649: 98 less the remainder by 97 of the reference with "RF00" behind it and letters as numbers (R 27, F 15). */
function checkDigits(serial: string): string {
  return String(98n - (BigInt(`${serial}271500`) % 97n)).padStart(2, '0');
}

/** References that stand in what a payer wrote, whatever blanks and other words are between; with wrong check digits they are none. Pure. */
export function bankReferencesIn(remittance: string): readonly string[] {
  const text = remittance.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
  const found = [...text.matchAll(/RF(?=(\d{2})(\d{10}))/g)].map(([, check = '', serial = '']) =>
    checkDigits(serial) === check ? `RF${check}${serial}` : null,
  );
  return [...new Set(found.filter((reference) => reference !== null))];
}

/** As it is printed: in fours. */
export function showBankReference(reference: string): string {
  return reference.replaceAll(/(.{4})(?=.)/g, '$1 ');
}
