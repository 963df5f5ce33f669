import { InvalidInput } from '../kernel/app-error';
import { type E164, e164 } from '../kernel/phone-number';
import { RETENTION_CLASSES, type RetentionClass } from './recording/retention';

/** Languages that the prompts are spoken in: ISO 639-1. */
export const ROOM_LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'] as const;
export type RoomLanguage = (typeof ROOM_LANGUAGES)[number];

export const ENTRY_SOUNDS = ['none', 'tone', 'name'] as const;
export const PARTICIPANT_ROLES = ['speaker', 'listener'] as const;
export const RECORDING_WISHES = ['off', 'manual', 'automatic'] as const;
export const RETENTION_CLASS_NAMES = Object.keys(RETENTION_CLASSES) as [RetentionClass, ...RetentionClass[]];

/** What the owner of a room has decided about it. All durations in seconds. */
export type RoomRules = {
  /** Numbers on the list may enter without a PIN, when their caller ID can be trusted. */
  readonly allowsListedEntry: boolean;
  /** Who is no moderator waits until a moderator admits him. */
  readonly lobby: boolean;
  /** Nobody talks before the first moderator is there. */
  readonly waitsForModerator: boolean;
  /** Waiting (lobby, no moderator yet) is charged like talking. */
  readonly chargesWaiting: boolean;
  /** What the others hear when somebody enters or leaves. */
  readonly entrySound: (typeof ENTRY_SOUNDS)[number];
  /** The role that the participant PIN opens the room with. */
  readonly participantRole: (typeof PARTICIPANT_ROLES)[number];
  /** Language of the prompts; null: that of the access number. */
  readonly language: RoomLanguage | null;
  /** End rules; null is off. */
  readonly endsAloneAfterSeconds: number | null;
  readonly endsWithoutModeratorAfterSeconds: number | null;
  readonly endsSilentAfterSeconds: number | null;
  readonly maxDurationSeconds: number | null;
  /** Longest time in the lobby or waiting for a moderator. It cannot be off: every wait has an end. */
  readonly maxWaitSeconds: number;
  readonly recording: (typeof RECORDING_WISHES)[number];
  readonly retentionClass: RetentionClass;
  /** Anybody may know of the room; the PINs still guard who talks. */
  readonly isPublic: boolean;
  /** Listen-only over HTTP for anybody; only for a public room. */
  readonly isBroadcast: boolean;
  /** Calls to the list that ring at once, tries per number, and the pause between two tries. */
  readonly dialOutParallel: number;
  readonly dialOutAttempts: number;
  readonly dialOutRetrySeconds: number;
  /** What those who are called out see; null: the access number last used. */
  readonly callerIdNumber: E164 | null;
};

/** Rules of a room whose owner has decided nothing: nobody enters without a PIN, nothing goes out, nothing runs for ever. */
export const DEFAULT_ROOM_RULES: RoomRules = {
  allowsListedEntry: false,
  lobby: false,
  waitsForModerator: false,
  chargesWaiting: false,
  entrySound: 'tone',
  participantRole: 'speaker',
  language: null,
  endsAloneAfterSeconds: 300,
  endsWithoutModeratorAfterSeconds: null,
  endsSilentAfterSeconds: null,
  maxDurationSeconds: 14_400,
  maxWaitSeconds: 1_800,
  recording: 'manual',
  retentionClass: 'standard',
  isPublic: false,
  isBroadcast: false,
  dialOutParallel: 3,
  dialOutAttempts: 2,
  dialOutRetrySeconds: 60,
  callerIdNumber: null,
};

type NumericRule = {
  [Name in keyof RoomRules]: RoomRules[Name] extends number | null ? Name : never;
}[keyof RoomRules];
type Limit = {
  readonly least: number;
  readonly most: number;
  readonly unit: 's' | 'calls' | 'tries';
  readonly mayBeOff: boolean;
};

/**
 * Least and most of each figure. The least of an end rule leaves time to hear why it ends; a duration ends with the day, so that a
 * forgotten line cannot talk on for ever.
 */
export const RULE_LIMITS: Readonly<Record<NumericRule, Limit>> = {
  endsAloneAfterSeconds: { least: 10, most: 86_400, unit: 's', mayBeOff: true },
  endsWithoutModeratorAfterSeconds: { least: 10, most: 86_400, unit: 's', mayBeOff: true },
  endsSilentAfterSeconds: { least: 30, most: 86_400, unit: 's', mayBeOff: true },
  maxDurationSeconds: { least: 60, most: 86_400, unit: 's', mayBeOff: true },
  maxWaitSeconds: { least: 10, most: 14_400, unit: 's', mayBeOff: false },
  dialOutParallel: { least: 1, most: 20, unit: 'calls', mayBeOff: false },
  dialOutAttempts: { least: 1, most: 5, unit: 'tries', mayBeOff: false },
  dialOutRetrySeconds: { least: 10, most: 3_600, unit: 's', mayBeOff: false },
};

/** A wish to change some rules; a field that is left out (or undefined) stays as it is. */
export type RoomRulesWish = {
  readonly [Name in keyof RoomRules]?:
    | (Name extends 'callerIdNumber' ? string | null : RoomRules[Name])
    | undefined;
};

/**
 * The rules after a wish, checked as a whole.
 * @throws InvalidInput naming the field ("rules.…"), the problem and the remedy
 */
export function changedRules(before: RoomRules, wish: RoomRulesWish): RoomRules {
  const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
  const rules = { ...before, ...given } as RoomRules;
  for (const [name, limit] of Object.entries(RULE_LIMITS) as [NumericRule, Limit][])
    checkFigure(name, rules[name], limit);
  if (rules.callerIdNumber !== null) e164(rules.callerIdNumber, 'rules.callerIdNumber');
  if (rules.isBroadcast && !rules.isPublic)
    throw new InvalidInput(
      'rules.isBroadcast',
      'a room that is not public cannot be broadcast',
      'set isPublic to true as well, or leave isBroadcast false',
    );
  return rules;
}

function checkFigure(name: NumericRule, value: number | null, limit: Limit): void {
  if (value === null && limit.mayBeOff) return;
  if (value !== null && Number.isSafeInteger(value) && value >= limit.least && value <= limit.most) return;
  throw new InvalidInput(
    `rules.${name}`,
    `${value} does not fit`,
    `give a whole number of ${limit.unit} from ${limit.least} to ${limit.most}${limit.mayBeOff ? ', or null for off' : ''}`,
  );
}
