import { createContext, useContext } from 'react';
import type { en } from './en';

/** A text, or its forms by number (CLDR: Arabic has six). `{name}` is filled in. */
export type Phrase = string | ({ readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
export type WordKey = keyof typeof en;
export type WordTable = Readonly<Record<WordKey, Phrase>>;

export const LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'] as const;
export type Language = (typeof LANGUAGES)[number];
/** Each language in its own words, for choosing it. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: 'English',
  es: 'Español',
  fr: 'Français',
  de: 'Deutsch',
  ar: 'العربية',
};

const STORED_AS = 'console-language';

/** Which tables there are; only the one that is read is loaded. */
const TABLES: Readonly<Record<Language, () => Promise<WordTable>>> = {
  en: async () => (await import('./en')).en,
  es: async () => (await import('./es')).es,
  fr: async () => (await import('./fr')).fr,
  de: async () => (await import('./de')).de,
  ar: async () => (await import('./ar')).ar,
};

export type Words = {
  readonly language: Language;
  /** A text in the reader's language; `values` fill in `{name}`, and `n` chooses its form. */
  readonly t: (key: WordKey, values?: Readonly<Record<string, string | number>>) => string;
  /** The word for a value of the API, such as the result of a call; the value itself when there is no word yet. */
  readonly wordOf: (kind: string, value: string) => string;
};

export function isLanguage(text: string | null | undefined): text is Language {
  return LANGUAGES.includes(text as Language);
}

/** The language he chose here, that of his browser, or English. */
export function preferredLanguage(): Language {
  const chosen = localStorage.getItem(STORED_AS);
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? 'en';
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(STORED_AS, language);
}

/** Loads a language's words. */
export async function loadWords(language: Language): Promise<Words> {
  const table = await TABLES[language]();
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const t: Words['t'] = (key, values = {}) => {
    const phrase = table[key];
    const form =
      typeof phrase === 'string' ? phrase : (phrase[plurals.select(Number(values.n ?? 0))] ?? phrase.other);
    return form.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name];
      return typeof value === 'number' ? numbers.format(value) : (value ?? '');
    });
  };
  return {
    language,
    t,
    wordOf: (kind, value) => {
      const key = `${kind}.${value}`;
      return key in table ? t(key as WordKey) : value;
    },
  };
}

export function directionOf(language: Language): 'rtl' | 'ltr' {
  return language === 'ar' ? 'rtl' : 'ltr';
}

export const WordsContext = createContext<Words | null>(null);

/** The reader's words. */
export function useWords(): Words {
  const words = useContext(WordsContext);
  if (!words) throw new Error('no words are loaded');
  return words;
}
