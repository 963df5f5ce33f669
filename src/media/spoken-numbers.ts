import { AppError } from '../kernel/app-error';
import { type Language, type PromptName, spokenLanguage } from './prompts';
import { arabic } from './spoken-ar';
import { german } from './spoken-de';
import { english } from './spoken-en';
import { spanish } from './spoken-es';
import { french } from './spoken-fr';
import type { Grammar } from './spoken-grammar';

/** The largest number that has words. */
export const MAX_SPOKEN_NUMBER = 999_999_999;

/** A number, an amount or a date lies outside of what the house has words for. */
export class NotSpeakable extends AppError {
  readonly code = 'not-speakable';
}

const GRAMMARS: Readonly<Record<Language, Grammar>> = {
  en: english,
  es: spanish,
  fr: french,
  de: german,
  ar: arabic,
};

/** The grammar of a language; that of the first language where we do not have the one wanted, as with prompts. */
export function grammarOf(language: string): Grammar {
  return GRAMMARS[spokenLanguage(language)];
}

/**
 * The words of a whole number from −999,999,999 to 999,999,999 in a language, in the order in which they are spoken.
 * @throws NotSpeakable
 */
export function numberPrompts(language: string, value: number): PromptName[] {
  if (!Number.isInteger(value) || Math.abs(value) > MAX_SPOKEN_NUMBER)
    throw new NotSpeakable(
      `${value} cannot be read out: whole numbers up to ${MAX_SPOKEN_NUMBER} can, and their negatives`,
      { value },
    );
  const words = grammarOf(language).number(Math.abs(value));
  return value < 0 ? ['word-minus', ...words] : words;
}
