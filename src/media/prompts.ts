import { join } from 'node:path';

/**
 * Everything the house says, by name. The spoken text of each language stands in freeswitch-conf/prompts/<language>.json, the
 * recording beside it in <language>/<name>.wav; scripts/make-prompts makes one from the other.
 */
export const PROMPTS = [
  'welcome-enter-room-id',
  'wrong-enter-room-id',
  'silent-enter-room-id',
  'enter-pin',
  'too-many-tries',
  'goodbye',
  'room-full',
  'room-closed',
  'owner-without-credit',
  'room-not-usable',
  'entering-room',
  'credit-60-seconds',
  'credit-15-seconds',
  'credit-used-up',
  'removed-from-room',
  'service-closing',
  'technical-fault',
] as const;

export type PromptName = (typeof PROMPTS)[number];

/** Languages whose prompts are complete; the first is spoken where another is wanted that we do not have. */
export const LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'] as const;

/** The file of a prompt as the media server sees it. */
export function promptFile(promptsDir: string, language: string, name: PromptName): string {
  const spoken = (LANGUAGES as readonly string[]).includes(language) ? language : LANGUAGES[0];
  return join(promptsDir, spoken, `${name}.wav`);
}
