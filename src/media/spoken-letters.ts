import type { PromptName } from './prompts';
import { piece } from './spoken-grammar';
import { numberPrompts } from './spoken-numbers';

/** The letters and digits of a reference or an account number, one by one: "BE 71-0" → b, e, seven, one, zero. Whatever else it is written with is not said. */
export function spelledPrompts(language: string, text: string): PromptName[] {
  return Array.from(text.toLowerCase().matchAll(/[a-z0-9]/g), ([sign]) =>
    /\d/.test(sign) ? numberPrompts(language, Number(sign)) : [piece(`letter-${sign}`)],
  ).flat();
}
