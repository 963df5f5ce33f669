import { type PromptName, promptFile } from './prompts';
import { numberPrompts } from './spoken-numbers';

/** Something spoken: a prompt, a number read out in the listener's language, or a recording. */
export type SpokenPart = PromptName | { readonly number: number } | { readonly file: string };

/** What is spoken in one breath, part after part. */
export type Line = readonly SpokenPart[];

/** The files of a line in a language, as the media server sees them. */
export function lineFiles(promptsDir: string, language: string, line: Line): string[] {
  return line.flatMap((part) => {
    if (typeof part === 'string') return [promptFile(promptsDir, language, part)];
    if ('file' in part) return [part.file];
    return numberPrompts(language, part.number).map((name) => promptFile(promptsDir, language, name));
  });
}
