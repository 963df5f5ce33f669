import { e164 } from '../kernel/phone-number';
import { integer, integerOrNull, type Row, type SqlValue, text, textOrNull } from '../kernel/unit-of-work';
import type { RoomRules } from './room-rules';

/** Columns of room_rules beside the room's id, each with the rule it holds. */
const COLUMN_OF = {
  allowsListedEntry: 'allows_listed_entry',
  lobby: 'lobby',
  waitsForModerator: 'waits_for_moderator',
  chargesWaiting: 'charges_waiting',
  entrySound: 'entry_sound',
  participantRole: 'participant_role',
  language: 'language',
  endsAloneAfterSeconds: 'ends_alone_after_seconds',
  endsWithoutModeratorAfterSeconds: 'ends_without_moderator_after_seconds',
  endsSilentAfterSeconds: 'ends_silent_after_seconds',
  maxDurationSeconds: 'max_duration_seconds',
  maxWaitSeconds: 'max_wait_seconds',
  recording: 'recording',
  retentionClass: 'retention_class',
  isPublic: 'is_public',
  isBroadcast: 'is_broadcast',
  dialOutParallel: 'dial_out_parallel',
  dialOutAttempts: 'dial_out_attempts',
  dialOutRetrySeconds: 'dial_out_retry_seconds',
  callerIdNumber: 'caller_id_number',
} as const satisfies Readonly<Record<keyof RoomRules, string>>;

const RULE_NAMES = Object.keys(COLUMN_OF) as (keyof RoomRules)[];

/** The columns in the order of `rulesValues`. */
export const RULE_COLUMNS: readonly string[] = RULE_NAMES.map((name) => COLUMN_OF[name]);

/** The rules as values of `RULE_COLUMNS`. */
export function rulesValues(rules: RoomRules): readonly SqlValue[] {
  return RULE_NAMES.map((name) => {
    const value = rules[name];
    return typeof value === 'boolean' ? Number(value) : value;
  });
}

/** The rules of a row that has `RULE_COLUMNS`. The table's own checks hold the choices, so their text is taken as it is. */
export function toRules(row: Row): RoomRules {
  const is = (name: keyof RoomRules) => integer(row[COLUMN_OF[name]]) === 1;
  const number = (name: keyof RoomRules) => integer(row[COLUMN_OF[name]]);
  const numberOrNull = (name: keyof RoomRules) => integerOrNull(row[COLUMN_OF[name]]);
  const callerIdNumber = textOrNull(row[COLUMN_OF.callerIdNumber]);
  return {
    allowsListedEntry: is('allowsListedEntry'),
    lobby: is('lobby'),
    waitsForModerator: is('waitsForModerator'),
    chargesWaiting: is('chargesWaiting'),
    entrySound: text(row.entry_sound) as RoomRules['entrySound'],
    participantRole: text(row.participant_role) as RoomRules['participantRole'],
    language: textOrNull(row.language) as RoomRules['language'],
    endsAloneAfterSeconds: numberOrNull('endsAloneAfterSeconds'),
    endsWithoutModeratorAfterSeconds: numberOrNull('endsWithoutModeratorAfterSeconds'),
    endsSilentAfterSeconds: numberOrNull('endsSilentAfterSeconds'),
    maxDurationSeconds: numberOrNull('maxDurationSeconds'),
    maxWaitSeconds: number('maxWaitSeconds'),
    recording: text(row.recording) as RoomRules['recording'],
    retentionClass: text(row.retention_class) as RoomRules['retentionClass'],
    isPublic: is('isPublic'),
    isBroadcast: is('isBroadcast'),
    dialOutParallel: number('dialOutParallel'),
    dialOutAttempts: number('dialOutAttempts'),
    dialOutRetrySeconds: number('dialOutRetrySeconds'),
    callerIdNumber: callerIdNumber === null ? null : e164(callerIdNumber, 'callerIdNumber'),
  };
}
