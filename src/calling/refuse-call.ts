import type { CallResult } from '../cdr/cdr';
import { AppError } from '../kernel/app-error';
import type { PromptName } from '../media/prompts';

/** Every reason for which we do not let a call go on. */
export type RefusalReason =
  | 'unknown-caller'
  | 'number-not-served'
  | 'no-offer'
  | 'no-codec'
  | 'draining'
  | 'too-many-calls'
  | 'overloaded'
  | 'journal-unavailable'
  | 'media-unavailable'
  | 'wrong-pin'
  | 'menu-abandoned'
  | 'room-full'
  | 'room-closed'
  | 'room-locked'
  | 'room-not-yet'
  | 'barred'
  | 'no-credit'
  | 'no-rate'
  | 'account-blocked'
  | 'not-allowed'
  | 'limit-reached'
  | 'loop'
  | 'privacy-not-possible'
  | 'too-many-hops'
  | 'no-route'
  | 'user-busy'
  | 'user-declined'
  | 'user-no-answer'
  | 'user-unreachable'
  | 'technical-fault';

/** What the outside sees of a reason: before the answer a SIP status, after it a prompt, in the CDR a result. */
export type Refusal = {
  readonly sipStatus: number;
  readonly sipReason: string;
  /** Seconds of Retry-After; null sends none. */
  readonly retryAfterSeconds: number | null;
  readonly result: CallResult;
  readonly prompt: PromptName | null;
};

/** THE table: reason → SIP status, CDR result, prompt. Nothing else maps a reason to the outside. */
const REFUSALS: Readonly<Record<RefusalReason, Refusal>> = {
  'unknown-caller': {
    sipStatus: 403,
    sipReason: 'Forbidden',
    retryAfterSeconds: null,
    result: 'unknown-caller',
    prompt: null,
  },
  'number-not-served': {
    sipStatus: 404,
    sipReason: 'Not Found',
    retryAfterSeconds: null,
    result: 'number-not-served',
    prompt: 'number-cannot-be-called',
  },
  'no-offer': {
    sipStatus: 488,
    sipReason: 'Not Acceptable Here',
    retryAfterSeconds: null,
    result: 'failed',
    prompt: null,
  },
  'no-codec': {
    sipStatus: 488,
    sipReason: 'Not Acceptable Here',
    retryAfterSeconds: null,
    result: 'failed',
    prompt: null,
  },
  draining: {
    sipStatus: 503,
    sipReason: 'Service Unavailable',
    retryAfterSeconds: 60,
    result: 'draining',
    prompt: null,
  },
  'too-many-calls': {
    sipStatus: 503,
    sipReason: 'Service Unavailable',
    retryAfterSeconds: 5,
    result: 'failed',
    prompt: null,
  },
  overloaded: {
    sipStatus: 503,
    sipReason: 'Service Unavailable',
    retryAfterSeconds: 5,
    result: 'failed',
    prompt: null,
  },
  'journal-unavailable': {
    sipStatus: 503,
    sipReason: 'Service Unavailable',
    retryAfterSeconds: 30,
    result: 'failed',
    prompt: null,
  },
  'media-unavailable': {
    sipStatus: 503,
    sipReason: 'Service Unavailable',
    retryAfterSeconds: 5,
    result: 'media-unavailable',
    prompt: null,
  },
  'wrong-pin': {
    sipStatus: 403,
    sipReason: 'Forbidden',
    retryAfterSeconds: null,
    result: 'wrong-pin',
    prompt: 'too-many-tries',
  },
  'menu-abandoned': {
    sipStatus: 403,
    sipReason: 'Forbidden',
    retryAfterSeconds: null,
    result: 'menu-abandoned',
    prompt: 'goodbye',
  },
  'room-full': {
    sipStatus: 486,
    sipReason: 'Busy Here',
    retryAfterSeconds: null,
    result: 'room-full',
    prompt: 'room-full',
  },
  'room-closed': {
    sipStatus: 480,
    sipReason: 'Temporarily Unavailable',
    retryAfterSeconds: null,
    result: 'room-closed',
    prompt: 'room-closed',
  },
  'room-locked': {
    sipStatus: 480,
    sipReason: 'Temporarily Unavailable',
    retryAfterSeconds: null,
    result: 'room-locked',
    prompt: 'room-locked',
  },
  'room-not-yet': {
    sipStatus: 480,
    sipReason: 'Temporarily Unavailable',
    retryAfterSeconds: null,
    result: 'room-not-yet',
    prompt: 'room-not-yet',
  },
  barred: {
    sipStatus: 403,
    sipReason: 'Forbidden',
    retryAfterSeconds: null,
    result: 'barred',
    prompt: 'barred',
  },
  'no-credit': {
    sipStatus: 402,
    sipReason: 'Payment Required',
    retryAfterSeconds: null,
    result: 'no-credit',
    prompt: 'owner-without-credit',
  },
  'no-rate': {
    sipStatus: 403,
    sipReason: 'Forbidden',
    retryAfterSeconds: null,
    result: 'no-rate',
    prompt: 'room-not-usable',
  },
  'account-blocked': {
    sipStatus: 403,
    sipReason: 'Forbidden',
    retryAfterSeconds: null,
    result: 'account-blocked',
    prompt: 'room-not-usable',
  },
  'not-allowed': {
    sipStatus: 403,
    sipReason: 'Forbidden',
    retryAfterSeconds: null,
    result: 'not-allowed',
    prompt: 'call-not-allowed',
  },
  'limit-reached': {
    sipStatus: 486,
    sipReason: 'Busy Here',
    retryAfterSeconds: null,
    result: 'limit-reached',
    prompt: 'too-many-calls-of-account',
  },
  loop: {
    sipStatus: 482,
    sipReason: 'Loop Detected',
    retryAfterSeconds: null,
    result: 'loop',
    prompt: 'number-cannot-be-called',
  },
  // RFC 3323 4.2.
  'privacy-not-possible': {
    sipStatus: 500,
    sipReason: 'Server Internal Error',
    retryAfterSeconds: null,
    result: 'failed',
    prompt: null,
  },
  'too-many-hops': {
    sipStatus: 483,
    sipReason: 'Too Many Hops',
    retryAfterSeconds: null,
    result: 'loop',
    prompt: null,
  },
  'no-route': {
    sipStatus: 503,
    sipReason: 'Service Unavailable',
    retryAfterSeconds: 30,
    result: 'no-route',
    prompt: 'callee-unreachable',
  },
  'user-busy': {
    sipStatus: 486,
    sipReason: 'Busy Here',
    retryAfterSeconds: null,
    result: 'busy',
    prompt: 'callee-busy',
  },
  'user-declined': {
    sipStatus: 603,
    sipReason: 'Decline',
    retryAfterSeconds: null,
    result: 'declined',
    prompt: 'callee-unreachable',
  },
  'user-no-answer': {
    sipStatus: 480,
    sipReason: 'Temporarily Unavailable',
    retryAfterSeconds: null,
    result: 'no-answer',
    prompt: 'callee-no-answer',
  },
  'user-unreachable': {
    sipStatus: 480,
    sipReason: 'Temporarily Unavailable',
    retryAfterSeconds: null,
    result: 'unreachable',
    prompt: 'callee-unreachable',
  },
  'technical-fault': {
    sipStatus: 500,
    sipReason: 'Server Internal Error',
    retryAfterSeconds: null,
    result: 'failed',
    prompt: 'technical-fault',
  },
};

/** Reasons by the code of the error that brought them. */
const REASON_OF_ERROR: Readonly<Record<string, RefusalReason>> = {
  'insufficient-credit': 'no-credit',
  'no-rate': 'no-rate',
  'account-blocked': 'account-blocked',
  'room-full': 'room-full',
  'room-closed': 'room-closed',
  'room-locked': 'room-locked',
  'room-not-yet': 'room-not-yet',
  barred: 'barred',
  'media-unavailable': 'media-unavailable',
  'limit-reached': 'limit-reached',
  'cap-reached': 'not-allowed',
  'destination-closed': 'not-allowed',
};

export function refusal(reason: RefusalReason): Refusal {
  return REFUSALS[reason];
}

/** Why an error ends a call; anything unforeseen is a technical fault. */
export function refusalReasonOf(error: unknown): RefusalReason {
  if (error instanceof Error && error.name === 'JournalUnavailable') return 'journal-unavailable';
  return (error instanceof AppError && REASON_OF_ERROR[error.code]) || 'technical-fault';
}

/** Headers of the SIP refusal. */
export function refusalHeaders(found: Refusal): Record<string, string> {
  return found.retryAfterSeconds === null ? {} : { 'Retry-After': String(found.retryAfterSeconds) };
}
