import { currency, money } from '../../kernel/money';
import { howToPayLine, reminderLine, theIban } from './reminder-lines';

const DUE_MS = Date.UTC(2026, 1, 15, 2);
const WORDS = {
  invoiceNumber: '2026-000017',
  amount: money(121_000_000n, currency('EUR')),
  dueAtMs: DUE_MS,
  howToPay: 'BE71 0961 2345 6769',
};

describe('reminderLine', () => {
  it.each([
    ['before the day', DUE_MS - 3 * 86_400_000, 'reminder-is-due'],
    ['late on the day itself', Date.UTC(2026, 1, 15, 23, 59), 'reminder-is-due'],
    ['after it', Date.UTC(2026, 1, 16), 'reminder-was-due'],
  ])('tells amount and day; %s', (_when, nowMs, prompt) => {
    expect(reminderLine(WORDS, nowMs)).toEqual([
      'reminder-greeting',
      'reminder-amount-is',
      { amount: WORDS.amount },
      prompt,
      { date: { year: 2026, month: 2, day: 15 } },
      'reminder-press-one',
    ]);
  });
});

describe('howToPayLine', () => {
  it.each([
    ['BE71 0961 2345 6769', ['reminder-transfer-to', { spelled: 'BE71096123456769' }]],
    ['at the counter', ['reminder-account-on-invoice']],
  ])('of "%s"', (howToPay, first) => {
    const last = ['reminder-invoice-number', { spelled: '2026-000017' }];
    expect(howToPayLine({ ...WORDS, howToPay })).toEqual([...first, ...last]);
  });

  it('sends whom the house has told nothing to the operator', () => {
    expect(howToPayLine({ ...WORDS, howToPay: null })).toEqual(['reminder-ask-operator']);
  });
});

describe('theIban', () => {
  it.each([
    ['BE71 0961 2345 6769', 'BE71096123456769'],
    ['IBAN: BE71096123456769, Bank of Brussels', 'BE71096123456769'],
    ['BE71 0961 2345 6769 Bank', 'BE71096123456769'],
    ['Konto DE89 3704 0044 0532 0130 00 BIC ABCDEFGH', 'DE89370400440532013000'],
    ['twice: BE71 0961 2345 6769; BE71096123456769', 'BE71096123456769'],
  ])('of "%s" is %s', (written, iban) => expect(theIban(written)).toBe(iban));

  it.each([
    ['none', 'pay at the counter'],
    ['one digit wrong', 'BE71 0961 2345 6768'],
    ['a part of a longer word', 'XBE71096123456769'],
    ['two accounts', 'BE71 0961 2345 6769 or DE89 3704 0044 0532 0130 00'],
    ['too short', 'BE71 0961'],
  ])('is not said: %s', (_why, written) => expect(theIban(written)).toBeNull());
});
