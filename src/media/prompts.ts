import { join } from 'node:path';
import { PIECES, type Piece } from './spoken-pieces';

/**
 * The phrases the house says, by name; the words of numbers stand in spoken-pieces.ts. The spoken text of each language stands in freeswitch-conf/prompts/<language>.json, the
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
  'welcome-listed',
  'room-locked',
  'room-not-yet',
  'barred',
  'say-your-name',
  'has-entered',
  'has-left',
  'waiting-for-moderator',
  'waiting-in-lobby',
  'somebody-in-lobby',
  'not-admitted',
  'waited-too-long',
  'kicked',
  'muted',
  'unmuted',
  'muted-by-moderator',
  'unmuted-by-moderator',
  'cannot-unmute',
  'listeners-do-not-speak',
  'hand-raised',
  'hand-lowered',
  'hand-of-member',
  'floor-given',
  'all-muted',
  'all-unmuted',
  'room-is-locked',
  'room-is-unlocked',
  'nobody-waits',
  'no-such-member',
  'key-unknown',
  'key-not-allowed',
  'you-are-member',
  'members-inside',
  'recording-notice',
  'recording-started',
  'recording-paused',
  'recording-resumed',
  'recording-stopped',
  'recording-not-allowed',
  'not-recording',
  'room-ended',
  'room-ends-alone',
  'room-ends-without-moderator',
  'room-ends-silent',
  'room-time-over',
  'room-ends-in-5-minutes',
  'room-ends-in-1-minute',
  'dial-out-invitation',
  'dial-out-begins',
  'dial-out-nobody',
  'dial-out-impossible',
  'number-listed',
  'number-not-valid',
  'help-host',
  'help-moderator',
  'help-speaker',
  'help-listener',
  'help-coach',
  'enter-account-pin',
  'your-balance-is',
  'choose-language',
  'enter-number',
  'number-cannot-be-called',
  'callee-busy',
  'callee-no-answer',
  'callee-unreachable',
  'credit-too-low',
  'call-not-allowed',
  'too-many-calls-of-account',
  'enter-voucher',
  'voucher-redeemed',
  'voucher-refused',
  'leave-message',
  'message-saved',
  'call-has-ended',
  'echo-test',
  'call-back-greeting',
  'your-code-is',
  'no-last-number',
  'call-ends-15-seconds',
  'reminder-greeting',
  'reminder-amount-is',
  'reminder-is-due',
  'reminder-was-due',
  'reminder-press-one',
  'reminder-transfer-to',
  'reminder-account-on-invoice',
  'reminder-invoice-number',
  'reminder-ask-operator',
] as const;

export type PromptName = (typeof PROMPTS)[number] | Piece;

/** Languages whose prompts are complete; the first is spoken where another is wanted that we do not have. */
export const LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'] as const;

export type Language = (typeof LANGUAGES)[number];

/** The language that is spoken where this one is wanted. */
export function spokenLanguage(language: string): Language {
  return LANGUAGES.find((one) => one === language) ?? LANGUAGES[0];
}

/** Everything a language has to have as a text and as a recording: the phrases, and the words of its numbers, amounts and dates. */
export function promptsOf(language: Language): PromptName[] {
  return [...PROMPTS, ...PIECES[language]];
}

/** The file of a prompt as the media server sees it. */
export function promptFile(promptsDir: string, language: string, name: PromptName): string {
  return join(promptsDir, spokenLanguage(language), `${name}.wav`);
}

/** One recording in which every language offers itself, in the order of LANGUAGES. */
export function chooseLanguageFile(promptsDir: string): string {
  return join(promptsDir, 'choose-language.wav');
}

/** What the members of a room hear when somebody comes or goes, a caller while it rings, and before he may speak to a voicemail. */
export function toneFile(promptsDir: string, sound: 'entered' | 'left' | 'ringback' | 'beep'): string {
  return join(promptsDir, 'tones', `${sound}.wav`);
}

/** What somebody hears who waits to be let in. */
export function musicFile(promptsDir: string): string {
  return join(promptsDir, 'music', 'waiting.wav');
}
