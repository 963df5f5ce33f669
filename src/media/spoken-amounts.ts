import { coinDecimals, type Money } from '../kernel/money';
import type { PromptName } from './prompts';
import { type Grammar, piece, type Unit } from './spoken-grammar';
import { grammarOf, MAX_SPOKEN_NUMBER, NotSpeakable } from './spoken-numbers';

/** Currencies whose notes and coins have names here; the number of coins in a note is the kernel's. */
const UNITS: Readonly<Record<string, { readonly note: Unit; readonly coin: Unit | null }>> = {
  EUR: { note: 'euro', coin: 'euro-cent' },
  USD: { note: 'dollar', coin: 'dollar-cent' },
  GBP: { note: 'pound', coin: 'penny' },
  CHF: { note: 'franc', coin: 'centime' },
  JPY: { note: 'yen', coin: null },
  KWD: { note: 'kuwaiti-dinar', coin: 'fils' },
  TND: { note: 'tunisian-dinar', coin: 'millime' },
};

const MICROS_PER_NOTE = 1_000_000n;

/**
 * The words of an amount: "minus five euros and twenty five cents". What is smaller than the smallest coin is cut off toward zero, so that
 * nobody hears of a coin which the ledger does not have. A currency without words here is read as a decimal number and the letters of its
 * code, which are right in every language and for every currency.
 * @throws NotSpeakable beyond 999,999,999 notes
 */
export function amountPrompts(language: string, amount: Money): PromptName[] {
  const absolute = amount.amountMicros < 0n ? -amount.amountMicros : amount.amountMicros;
  const decimals = coinDecimals(amount.currency);
  const coinsInNote = 10n ** BigInt(decimals);
  const notes = absolute / MICROS_PER_NOTE;
  if (notes > BigInt(MAX_SPOKEN_NUMBER))
    throw new NotSpeakable(`an amount of ${notes} cannot be read out: up to ${MAX_SPOKEN_NUMBER} can`, {
      notes: String(notes),
    });
  const coins = Number(((absolute % MICROS_PER_NOTE) * coinsInNote) / MICROS_PER_NOTE);
  const grammar = grammarOf(language);
  const units = UNITS[amount.currency];
  const words = units
    ? named(grammar, units, Number(notes), coins)
    : spelled(
        grammar,
        amount.currency,
        Number(notes),
        String(coins).padStart(decimals, '0').slice(0, decimals),
      );
  const isNegative = amount.amountMicros < 0n && (notes > 0n || coins > 0);
  return isNegative ? ['word-minus', ...words] : words;
}

/** Coins alone where there is no note, notes alone where there is no coin. */
function named(
  grammar: Grammar,
  units: { note: Unit; coin: Unit | null },
  notes: number,
  coins: number,
): PromptName[] {
  if (units.coin === null || coins === 0) return grammar.counted(notes, units.note);
  const inCoins = grammar.counted(coins, units.coin);
  if (notes === 0) return inCoins;
  return [...grammar.counted(notes, units.note), grammar.betweenNotesAndCoins, ...inCoins];
}

function spelled(grammar: Grammar, code: string, notes: number, decimals: string): PromptName[] {
  return [
    ...grammar.number(notes),
    ...(/[1-9]/.test(decimals)
      ? ['word-point' as const, ...decimals.split('').map((digit) => piece(`number-${digit}`))]
      : []),
    ...code.split('').map((letter) => piece(`letter-${letter.toLowerCase()}`)),
  ];
}
