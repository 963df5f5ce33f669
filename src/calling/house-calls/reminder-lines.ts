import type { Money } from '../../kernel/money';
import type { Line } from '../../media/spoken-line';

/** What a reminder says. */
export type ReminderWords = {
  readonly invoiceNumber: string;
  /** What is open of the invoice. */
  readonly amount: Money;
  readonly dueAtMs: number;
  /** The house's bank details as staff wrote them; null when there are none. */
  readonly howToPay: string | null;
};

/** ISO 13616: 15 to 34 signs. */
const IBAN_LENGTHS = { least: 15, most: 34 };

/** Who calls, what is open, and when it is or was due; days are those that stand on the invoice (UTC). Pure. */
export function reminderLine({ amount, dueAtMs }: ReminderWords, nowMs: number): Line {
  const due = new Date(dueAtMs);
  const date = { year: due.getUTCFullYear(), month: due.getUTCMonth() + 1, day: due.getUTCDate() };
  return [
    'reminder-greeting',
    'reminder-amount-is',
    { amount },
    dayOf(dueAtMs) < dayOf(nowMs) ? 'reminder-was-due' : 'reminder-is-due',
    { date },
    'reminder-press-one',
  ];
}

/**
 * What somebody hears who asks how to pay: the account, letter by letter, where the bank details have exactly one IBAN, else where it is written; then
 * the number of the invoice. Free text has no voice here: of bank details that have none the invoice itself tells. Pure.
 */
export function howToPayLine({ howToPay, invoiceNumber }: ReminderWords): Line {
  if (howToPay === null) return ['reminder-ask-operator'];
  const iban = theIban(howToPay);
  return [
    ...(iban === null
      ? (['reminder-account-on-invoice'] as const)
      : (['reminder-transfer-to', { spelled: iban }] as const)),
    'reminder-invoice-number',
    { spelled: invoiceNumber },
  ];
}

/**
 * The IBAN in a text; null when there is none, or when it could be read in several ways: a wrong account is worse than none. Its end is not marked, so
 * each end of a word is tried, and the check digits (ISO 7064 MOD 97-10) tell.
 */
export function theIban(written: string): string | null {
  const found = new Set<string>();
  for (const { index } of written.matchAll(/(?<![A-Za-z0-9])[A-Z]{2}\d{2}/g)) {
    let signs = '';
    for (const [, block = ''] of written.slice(index).matchAll(/([A-Z0-9]+)(?![A-Za-z0-9])[ \u00a0]*/gy)) {
      signs += block;
      if (signs.length > IBAN_LENGTHS.most) break;
      if (signs.length >= IBAN_LENGTHS.least && isChecked(signs)) found.add(signs);
    }
  }
  const [only] = found;
  return found.size === 1 && only !== undefined ? only : null;
}

/** A is 10, Z is 35; the first four signs are read last, and what is left of a division by 97 is 1. */
function isChecked(signs: string): boolean {
  const digits = Array.from(signs.slice(4) + signs.slice(0, 4), (sign) => Number.parseInt(sign, 36));
  return BigInt(digits.join('')) % 97n === 1n;
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / 86_400_000);
}
