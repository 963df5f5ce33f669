import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { currency, money, parseMicros } from '../../src/kernel/money';
import type { Language, PromptName } from '../../src/media/prompts';
import { amountPrompts } from '../../src/media/spoken-amounts';
import { datePrompts } from '../../src/media/spoken-dates';
import { numberPrompts } from '../../src/media/spoken-numbers';

const folder = resolve(__dirname, '../../freeswitch-conf/prompts');

/** The texts of a language by name. */
export function promptTexts(language: Language): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(`${folder}/${language}.json`, 'utf8')) as Record<string, string>;
}

/** The names of "21", "-5.25 EUR" or "2026-03-21" in a language. */
export function spokenPrompts(language: Language, what: string): PromptName[] {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(what) ?? [];
  if (year !== undefined)
    return datePrompts(language, { year: Number(year), month: Number(month), day: Number(day) });
  const [value = '', code] = what.split(' ');
  if (code === undefined) return numberPrompts(language, Number(value));
  return amountPrompts(language, money(parseMicros(value), currency(code)));
}

/** What is heard: the texts of the names one after the other. */
export function heard(language: Language, what: string): string {
  const texts = promptTexts(language);
  return asHeard(
    language,
    spokenPrompts(language, what)
      .map((name) => texts[name] ?? `<${name}>`)
      .join(' '),
  );
}

/** The one vowel sign that is commonly written: أحد عشر ألفاً. */
const TANWIN = '\u064b';

/** German and Arabic write words together that are spoken one after the other; vowel signs of Arabic are there for the voice alone. */
export function asHeard(language: Language, words: string): string {
  if (language === 'de') return words.replaceAll(' ', '');
  if (language === 'ar') return words.replaceAll(/ |\p{Mn}/gu, (sign) => (sign === TANWIN ? sign : ''));
  return words;
}

/** Rows "what | words expected" of a table. */
export function spokenTable(text: string): [string, string][] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [what = '', words = ''] = line.split('|').map((cell) => cell.trim());
      return [what, words];
    });
}
