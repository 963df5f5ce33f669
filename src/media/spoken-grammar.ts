import type { Language } from './prompts';
import { PIECES, type Piece } from './spoken-pieces';

/** A calendar day without a time zone. */
export type SpokenDate = { readonly year: number; readonly month: number; readonly day: number };

/** What amounts are counted in: notes and their coins. */
export type Unit =
  | 'euro'
  | 'dollar'
  | 'pound'
  | 'franc'
  | 'yen'
  | 'kuwaiti-dinar'
  | 'tunisian-dinar'
  | 'euro-cent'
  | 'dollar-cent'
  | 'penny'
  | 'centime'
  | 'fils'
  | 'millime';

/** How a language puts numbers, counted things and dates together. Values are whole numbers from 0 to 999,999,999. */
export type Grammar = {
  /** A number that counts nothing: 21 → "twenty one". */
  readonly number: (value: number) => Piece[];
  /** A number and what it counts: 21 pounds → "veintiuna libras". */
  readonly counted: (value: number, unit: Unit) => Piece[];
  /** Between the notes and the coins of an amount. */
  readonly betweenNotesAndCoins: Piece;
  /** A day of the years 2000 to 2099. */
  readonly date: (date: SpokenDate) => Piece[];
};

/** 12,034,567 → 12, 34 and 567: the groups that have words of their own. */
export function inGroups(value: number): { millions: number; thousands: number; rest: number } {
  return {
    millions: Math.floor(value / 1_000_000),
    thousands: Math.floor(value / 1_000) % 1_000,
    rest: value % 1_000,
  };
}

/** Whether the value ends in the word "million", which in Spanish and French is a noun: un millón de euros. */
export function endsInMillion(value: number): boolean {
  return value > 0 && value % 1_000_000 === 0;
}

const pluralRules = new Map<string, Intl.PluralRules>();

/** The plural class of CLDR that a count belongs to. */
export function pluralClass(language: Language, count: number): Intl.LDMLPluralRule {
  const rules = pluralRules.get(language) ?? new Intl.PluralRules(language);
  pluralRules.set(language, rules);
  return rules.select(count);
}

/** The form of a unit for a plural class; the class "other" is said where the language makes no difference. */
export function unitForm(language: Language, unit: Unit, plural: string): Piece {
  return has(language, `unit-${unit}-${plural}`)
    ? piece(`unit-${unit}-${plural}`)
    : piece(`unit-${unit}-other`);
}

export function has(language: Language, name: string): boolean {
  return (PIECES[language] as readonly string[]).includes(name);
}

const KNOWN: ReadonlySet<string> = new Set(Object.values(PIECES).flat());

/** A name put together of a number or a code, which the compiler cannot check. */
export function piece(name: string): Piece {
  if (!KNOWN.has(name)) throw new TypeError(`no language has a word called ${name}`);
  return name as Piece;
}
