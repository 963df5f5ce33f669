import type { Money } from '../kernel/money';
import { type PromptName, promptFile } from './prompts';
import { amountPrompts } from './spoken-amounts';
import { datePrompts } from './spoken-dates';
import type { SpokenDate } from './spoken-grammar';
import { spelledPrompts } from './spoken-letters';
import { numberPrompts } from './spoken-numbers';

/** Something spoken: a prompt, a recording, or a number, an amount, a day or a reference that is read out in the listener's language. */
export type SpokenPart =
  | PromptName
  | { readonly number: number }
  | { readonly amount: Money }
  | { readonly date: SpokenDate }
  | { readonly spelled: string }
  | { readonly file: string };

/** What is spoken in one breath, part after part. */
export type Line = readonly SpokenPart[];

/**
 * The files of a line in a language, as the media server sees them.
 * @throws NotSpeakable for a number, an amount or a day that has no words
 */
export function lineFiles(promptsDir: string, language: string, line: Line): string[] {
  return line.flatMap((part) => {
    if (typeof part !== 'string' && 'file' in part) return [part.file];
    return partPrompts(language, part).map((name) => promptFile(promptsDir, language, name));
  });
}

function partPrompts(language: string, part: Exclude<SpokenPart, { readonly file: string }>): PromptName[] {
  if (typeof part === 'string') return [part];
  if ('number' in part) return numberPrompts(language, part.number);
  if ('spelled' in part) return spelledPrompts(language, part.spelled);
  return 'amount' in part ? amountPrompts(language, part.amount) : datePrompts(language, part.date);
}
