import { LANGUAGES } from '../media/prompts';
import type { PromptName } from '../media/prompts';

/** Guesses a caller has in one call. */
export const MAX_TRIES = 3;

/** Longest input that is read: one digit more than the longest valid one, so that a too long one is not cut into a valid one. */
export const MAX_ROOM_DIGITS = 10;
export const MAX_PIN_DIGITS = 13;
/** A number with its international prefix, or the code of a voucher. */
export const MAX_NUMBER_DIGITS = 24;

/** Typed in place of a Room ID, which has six digits at least. */
const LANGUAGE_CODE = '9';
const ACCOUNT_CODE = '0';
/** Typed in place of a number to call; no number has one digit alone. */
const VOUCHER_CODE = '0';
const ROOMS_CODE = '1';

/** How often one call may choose its language. */
const MAX_LANGUAGE_CHOICES = 5;

/** Where in the menu a caller stands. */
export type MenuState = {
  readonly step:
    | 'room-id'
    | 'pin'
    | 'checking'
    | 'language'
    | 'account-pin'
    | 'account'
    | 'number'
    | 'voucher';
  readonly triesUsed: number;
  readonly roomNumber: string;
  /** Whether anything was ever typed: decides between a wrong PIN and a caller who said nothing. */
  readonly heardDigits: boolean;
  /** Room IDs this caller may enter without a PIN: his number is on their lists, and his trunk's word is good. */
  readonly listedIn: readonly string[];
  readonly languageChoices: number;
  /** The room that the dialled number belongs to: only its PIN is asked for. */
  readonly ownRoom: string | null;
  /** The account whose PIN was typed. */
  readonly accountId: string | null;
};

export type MenuEvent =
  | { readonly type: 'typed'; readonly digits: string }
  | { readonly type: 'refused' }
  | { readonly type: 'language-chosen' }
  /** The account PIN was right. */
  | { readonly type: 'account-opened'; readonly accountId: string }
  | { readonly type: 'balance-spoken' }
  /** A call that was dialled from the menu is over, or a voucher was tried. */
  | { readonly type: 'done' };

/** What the menu does next. */
export type MenuCommand =
  | { readonly type: 'ask'; readonly prompt: PromptName; readonly maxDigits: number }
  | { readonly type: 'ask-language' }
  | { readonly type: 'speak'; readonly language: string }
  | { readonly type: 'check'; readonly roomNumber: string; readonly pin: string }
  | { readonly type: 'check-account'; readonly pin: string }
  | { readonly type: 'speak-balance'; readonly accountId: string }
  | { readonly type: 'dial'; readonly accountId: string; readonly number: string }
  | { readonly type: 'redeem'; readonly accountId: string; readonly code: string }
  | { readonly type: 'enter-listed'; readonly roomNumber: string }
  | { readonly type: 'give-up'; readonly reason: 'wrong-pin' | 'menu-abandoned' };

export type MenuStep = { readonly state: MenuState; readonly command: MenuCommand };

/**
 * The first thing a caller hears. Who is listed in one room alone enters it by '#', or by waiting; who dialled a room's own number is asked for its PIN.
 */
export function openMenu(listedIn: readonly string[], ownRoom: string | null = null): MenuStep {
  const state: MenuState = {
    step: 'room-id',
    triesUsed: 0,
    roomNumber: '',
    heardDigits: false,
    listedIn,
    languageChoices: 0,
    ownRoom,
    accountId: null,
  };
  if (ownRoom !== null && listedIn.includes(ownRoom)) return enterListed(state, ownRoom);
  return welcome(state);
}

/**
 * The next step of the menu. Any Room ID, known or not, is followed by the question for the PIN; only the pair is checked, so a
 * caller cannot find out which Room IDs exist.
 */
export function menuStep(state: MenuState, event: MenuEvent): MenuStep {
  if (event.type === 'refused') return failedTry(state, 'wrong-enter-room-id');
  if (event.type === 'language-chosen') return welcome(state);
  if (event.type === 'balance-spoken' || event.type === 'done') return askNumber({ ...state, triesUsed: 0 });
  if (event.type === 'account-opened')
    return {
      state: { ...state, step: 'account', accountId: event.accountId },
      command: { type: 'speak-balance', accountId: event.accountId },
    };
  const heard: MenuState = { ...state, heardDigits: state.heardDigits || event.digits !== '' };
  switch (state.step) {
    case 'pin':
      return {
        state: { ...heard, step: 'checking' },
        command: { type: 'check', roomNumber: state.roomNumber, pin: event.digits },
      };
    case 'account-pin':
      return {
        state: { ...heard, step: 'checking' },
        command: { type: 'check-account', pin: event.digits },
      };
    case 'number':
      return onNumber(heard, event.digits);
    case 'voucher':
      return onVoucher(heard, event.digits);
    case 'language':
      return chooseLanguage(heard, event.digits);
    default:
      return onRoomId(heard, event.digits);
  }
}

function onRoomId(state: MenuState, digits: string): MenuStep {
  const [only] = state.listedIn;
  if (digits === '' && only !== undefined && state.listedIn.length === 1) return enterListed(state, only);
  if (digits === '') return failedTry(state, 'silent-enter-room-id');
  if (state.listedIn.includes(digits)) return enterListed(state, digits);
  if (digits === LANGUAGE_CODE && state.languageChoices < MAX_LANGUAGE_CHOICES)
    return {
      state: { ...state, step: 'language', languageChoices: state.languageChoices + 1 },
      command: { type: 'ask-language' },
    };
  if (digits === ACCOUNT_CODE)
    return {
      state: { ...state, step: 'account-pin' },
      command: { type: 'ask', prompt: 'enter-account-pin', maxDigits: MAX_PIN_DIGITS },
    };
  return {
    state: { ...state, step: 'pin', roomNumber: digits },
    command: { type: 'ask', prompt: 'enter-pin', maxDigits: MAX_PIN_DIGITS },
  };
}

/** Account mode: a number is called, and when its call is over the next one may be typed. */
function onNumber(state: MenuState, digits: string): MenuStep {
  if (digits === '') return silentNumber(state);
  if (digits === ROOMS_CODE) return welcome(state);
  if (digits === VOUCHER_CODE)
    return {
      state: { ...state, step: 'voucher' },
      command: { type: 'ask', prompt: 'enter-voucher', maxDigits: MAX_NUMBER_DIGITS },
    };
  return {
    state: { ...state, step: 'account' },
    command: { type: 'dial', accountId: accountOf(state), number: digits },
  };
}

function onVoucher(state: MenuState, digits: string): MenuStep {
  if (digits === '') return silentNumber(state);
  return {
    state: { ...state, step: 'account' },
    command: { type: 'redeem', accountId: accountOf(state), code: digits },
  };
}

function silentNumber(state: MenuState): MenuStep {
  const tried = { ...state, triesUsed: state.triesUsed + 1 };
  if (tried.triesUsed < MAX_TRIES) return askNumber(tried);
  return { state: tried, command: { type: 'give-up', reason: 'menu-abandoned' } };
}

function askNumber(state: MenuState): MenuStep {
  return {
    state: { ...state, step: 'number' },
    command: { type: 'ask', prompt: 'enter-number', maxDigits: MAX_NUMBER_DIGITS },
  };
}

function accountOf({ accountId }: MenuState): string {
  if (accountId === null) throw new Error('a number was asked for before an account was opened');
  return accountId;
}

function enterListed(state: MenuState, roomNumber: string): MenuStep {
  return { state: { ...state, step: 'checking', roomNumber }, command: { type: 'enter-listed', roomNumber } };
}

/** Languages are offered in the order of LANGUAGES; another key keeps the one that is spoken. */
function chooseLanguage(state: MenuState, digits: string): MenuStep {
  const language = LANGUAGES[Number(digits) - 1];
  if (language === undefined) return welcome(state);
  return { state: { ...state, step: 'room-id' }, command: { type: 'speak', language } };
}

function failedTry(state: MenuState, prompt: PromptName): MenuStep {
  const tried = { ...state, triesUsed: state.triesUsed + 1 };
  if (tried.triesUsed < MAX_TRIES) return askRoom(tried, prompt);
  return {
    state: tried,
    command: { type: 'give-up', reason: tried.heardDigits ? 'wrong-pin' : 'menu-abandoned' },
  };
}

function welcome(state: MenuState): MenuStep {
  return askRoom(state, state.listedIn.length === 1 ? 'welcome-listed' : 'welcome-enter-room-id');
}

function askRoom(state: MenuState, prompt: PromptName): MenuStep {
  if (state.ownRoom !== null)
    return {
      state: { ...state, step: 'pin', roomNumber: state.ownRoom },
      command: { type: 'ask', prompt: 'enter-pin', maxDigits: MAX_PIN_DIGITS },
    };
  return {
    state: { ...state, step: 'room-id', roomNumber: '' },
    command: { type: 'ask', prompt, maxDigits: MAX_ROOM_DIGITS },
  };
}
