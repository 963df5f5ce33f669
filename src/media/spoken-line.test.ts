import { currency, money } from '../kernel/money';
import { lineFiles } from './spoken-line';

describe('lineFiles', () => {
  it('puts phrases, numbers, amounts, days and recordings one after the other, in one language', () => {
    const files = lineFiles('/prompts', 'de', [
      'you-are-member',
      { number: 21 },
      { amount: money(1_020_000n, currency('EUR')) },
      { date: { year: 2001, month: 5, day: 2 } },
      { spelled: 'R-20' },
      { file: '/names/somebody.wav' },
      'has-entered',
    ]);
    expect(files.map((file) => file.replace(/^\/prompts\/de\/(.*)\.wav$/, '$1')).join(' ')).toBe(
      [
        'you-are-member',
        'number-1-before-noun word-and number-20',
        'number-1-before-noun unit-euro-other word-and number-2 unit-euro-cent-other',
        'word-the day-2 month-5 number-2 number-thousand number-1',
        'letter-r number-2 number-0',
        '/names/somebody.wav',
        'has-entered',
      ].join(' '),
    );
  });
});
