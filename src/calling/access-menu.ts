import type { PromptName } from '../media/prompts';

/** Guesses a caller has in one call. */
export const MAX_TRIES = 3;

/** Longest input that is read: one digit more than the longest valid one, so that a too long one is not cut into a valid one. */
export const MAX_ROOM_DIGITS = 10;
export const MAX_PIN_DIGITS = 13;

/** Where in the menu a caller stands. */
export type MenuState = {
  readonly step: 'room-id' | 'pin' | 'checking';
  readonly triesUsed: number;
  readonly roomNumber: string;
  /** Whether anything was ever typed: decides between a wrong PIN and a caller who said nothing. */
  readonly heardDigits: boolean;
};

export type MenuEvent = { readonly type: 'typed'; readonly digits: string } | { readonly type: 'refused' };

/** What the menu does next. */
export type MenuCommand =
  | { readonly type: 'ask'; readonly prompt: PromptName; readonly maxDigits: number }
  | { readonly type: 'check'; readonly roomNumber: string; readonly pin: string }
  | { readonly type: 'give-up'; readonly reason: 'wrong-pin' | 'menu-abandoned' };

export type MenuStep = { readonly state: MenuState; readonly command: MenuCommand };

/** The first thing a caller hears. */
export function openMenu(): MenuStep {
  return askRoom(
    { step: 'room-id', triesUsed: 0, roomNumber: '', heardDigits: false },
    'welcome-enter-room-id',
  );
}

/**
 * The next step of the menu. Any Room ID, known or not, is followed by the question for the PIN; only the pair is checked, so a
 * caller cannot find out which Room IDs exist.
 */
export function menuStep(state: MenuState, event: MenuEvent): MenuStep {
  if (event.type === 'refused') return failedTry(state, 'wrong-enter-room-id');
  const heard: MenuState = { ...state, heardDigits: state.heardDigits || event.digits !== '' };
  if (state.step === 'pin')
    return {
      state: { ...heard, step: 'checking' },
      command: { type: 'check', roomNumber: state.roomNumber, pin: event.digits },
    };
  if (event.digits === '') return failedTry(heard, 'silent-enter-room-id');
  return {
    state: { ...heard, step: 'pin', roomNumber: event.digits },
    command: { type: 'ask', prompt: 'enter-pin', maxDigits: MAX_PIN_DIGITS },
  };
}

function failedTry(state: MenuState, prompt: PromptName): MenuStep {
  const tried = { ...state, triesUsed: state.triesUsed + 1 };
  if (tried.triesUsed < MAX_TRIES) return askRoom(tried, prompt);
  return {
    state: tried,
    command: { type: 'give-up', reason: tried.heardDigits ? 'wrong-pin' : 'menu-abandoned' },
  };
}

function askRoom(state: MenuState, prompt: PromptName): MenuStep {
  return {
    state: { ...state, step: 'room-id', roomNumber: '' },
    command: { type: 'ask', prompt, maxDigits: MAX_ROOM_DIGITS },
  };
}
