import type { ActionType, RoomAction } from './session-state';

/** Digits of the longest number that is typed after a command: a telephone number with its 00. */
const MAX_OPERAND_DIGITS = 17;

/** Between two keys of a command; a command left unfinished that long is forgotten. */
export const KEY_PAUSE_MS = 6_000;

type Key = {
  readonly action: ActionType;
  /** What is typed between the command and '#'. */
  readonly operand: 'none' | 'member' | 'number';
  readonly make: (operand: string) => RoomAction;
};

const member = (digits: string) => ({ number: Number(digits) });

/** THE keypad: what each command does. No command begins with another one. */
export const KEYS: Readonly<Record<string, Key>> = {
  '*0': { action: 'help', operand: 'none', make: () => ({ type: 'help' }) },
  '*1': { action: 'mute-self', operand: 'none', make: () => ({ type: 'mute-self', on: 'toggle' }) },
  '*2': { action: 'raise-hand', operand: 'none', make: () => ({ type: 'raise-hand', on: 'toggle' }) },
  '*3': { action: 'who', operand: 'none', make: () => ({ type: 'who' }) },
  '*4': { action: 'give-floor', operand: 'none', make: () => ({ type: 'give-floor', member: 'next' }) },
  '*5': { action: 'mute-all', operand: 'none', make: () => ({ type: 'mute-all', on: 'toggle' }) },
  '*6': {
    action: 'mute-member',
    operand: 'member',
    make: (digits) => ({ type: 'mute-member', member: member(digits), on: 'toggle' }),
  },
  '*7': { action: 'kick', operand: 'member', make: (digits) => ({ type: 'kick', member: member(digits) }) },
  '*8': { action: 'lock', operand: 'none', make: () => ({ type: 'lock', on: 'toggle' }) },
  '*91': { action: 'record', operand: 'none', make: () => ({ type: 'record', on: 'toggle' }) },
  '*92': {
    action: 'pause-recording',
    operand: 'none',
    make: () => ({ type: 'pause-recording', on: 'toggle' }),
  },
  '*93': { action: 'admit', operand: 'none', make: () => ({ type: 'admit', member: 'next' }) },
  '*94': { action: 'reject', operand: 'none', make: () => ({ type: 'reject', member: 'next' }) },
  '*95': { action: 'dial-out', operand: 'none', make: () => ({ type: 'dial-out', entryIds: 'all' }) },
  '*96': {
    action: 'list-number',
    operand: 'number',
    make: (number) => ({ type: 'list-number', number }),
  },
  '*97': {
    action: 'deafen-member',
    operand: 'member',
    make: (digits) => ({ type: 'deafen-member', member: member(digits), on: 'toggle' }),
  },
  '*99': { action: 'end-for-all', operand: 'none', make: () => ({ type: 'end-for-all' }) },
};

/** What has been typed of a command, and what it asks for once it is complete. */
export type KeypadStep = { readonly typed: string; readonly action: RoomAction | 'unknown' | null };

/**
 * One more key. Keys outside a command are nobody's business; '*' always begins anew, so that a caller who has lost his way finds
 * out again by '*0'.
 */
export function onKey(typed: string, key: string): KeypadStep {
  if (key === '*') return { typed: '*', action: null };
  if (typed === '') return { typed: '', action: null };
  const command = Object.keys(KEYS).find((code) => typed.startsWith(code));
  if (command !== undefined) return onOperand(typed, command, key);
  const longer = typed + key;
  const found = KEYS[longer];
  if (found) {
    return found.operand === 'none' ? { typed: '', action: found.make('') } : { typed: longer, action: null };
  }
  const leadsOn = Object.keys(KEYS).some((code) => code.startsWith(longer));
  return leadsOn ? { typed: longer, action: null } : { typed: '', action: 'unknown' };
}

function onOperand(typed: string, command: string, key: string): KeypadStep {
  const operand = typed.slice(command.length);
  if (key !== '#') {
    const fits = operand.length < MAX_OPERAND_DIGITS;
    return fits ? { typed: typed + key, action: null } : { typed: '', action: 'unknown' };
  }
  return { typed: '', action: operand === '' ? 'unknown' : (KEYS[command]?.make(operand) ?? 'unknown') };
}
