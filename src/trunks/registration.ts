import { assertNever } from '../kernel/app-error';

/** Before a registration ends it is made again, with a tenth of its time left. */
const REFRESH_SHARE = 0.9;
/** First wait after a failure and the longest; it doubles in between. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;
/** The same after a wrong password: a carrier that sees one again and again blocks our address. */
const FIRST_PASSWORD_WAIT_MS = 60_000;
const LONGEST_PASSWORD_WAIT_MS = 3_600_000;
/** A carrier may ask us to wait no longer than this. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** Old nonces that one try may meet. */
const MAX_STALE = 3;
/** Failures in a row after which somebody is told. */
const FAILURES_TO_ALERT = 3;
/** RFC 3261 section 10.2.8: an interval that a registrar finds too brief is made longer, to this at most. */
const LONGEST_INTERVAL_SECONDS = 86_400;

/** Why a registration does not stand. */
export type RegistrationFault =
  | 'wrong-password'
  | 'foreign-challenge'
  | 'refused'
  | 'no-answer'
  | 'name-not-found'
  | 'interval-refused';

/** A registration of ours at a carrier. Times are milliseconds since 1970 UTC. */
export type Registration = {
  readonly phase: 'stopped' | 'trying' | 'registered' | 'waiting';
  readonly intervalSeconds: number;
  /** When a tick is wanted; null: never. */
  readonly dueAtMs: number | null;
  /** Until when the carrier knows us; null: it does not. */
  readonly validUntilMs: number | null;
  /** Whether this try has shown the password already. */
  readonly answered: boolean;
  readonly staleCount: number;
  readonly longerInterval: boolean;
  readonly failures: number;
  readonly wrongPasswords: number;
  /** Somebody was told, and has not been told that it is well again. */
  readonly alerted: boolean;
};

export type RegistrationEvent = { readonly nowMs: number } & (
  | { readonly type: 'start' | 'stop' | 'tick' }
  | { readonly type: 'accepted'; readonly grantedSeconds: number }
  /** 401 or 407: ours to answer, ours with an old nonce, or somebody else's (challengeToAnswer says). */
  | { readonly type: 'challenged'; readonly challenge: 'ours' | 'stale' | 'foreign' }
  /** 423 with its Min-Expires. */
  | { readonly type: 'interval-too-brief'; readonly leastSeconds: number }
  | { readonly type: 'refused'; readonly status: number; readonly retryAfterSeconds: number | null }
  /** Nothing came, or the connection broke. */
  | { readonly type: 'no-answer' }
  | { readonly type: 'name-not-found' }
);

export type RegistrationCommand =
  | { readonly kind: 'register'; readonly expiresSeconds: number; readonly withPassword: boolean }
  /** RFC 3261 section 10.2.2: expires 0 takes us out. */
  | { readonly kind: 'unregister' }
  | { readonly kind: 'alert'; readonly fault: RegistrationFault }
  | { readonly kind: 'recovered' }
  /** The carrier does not know us any more: no call comes in. */
  | { readonly kind: 'lost' };

export type RegistrationStep = {
  readonly next: Registration;
  readonly commands: readonly RegistrationCommand[];
};

/** A registration that has not begun; the interval is what we ask for. */
export function newRegistration(intervalSeconds: number): Registration {
  return {
    phase: 'stopped',
    intervalSeconds,
    dueAtMs: null,
    validUntilMs: null,
    answered: false,
    staleCount: 0,
    longerInterval: false,
    failures: 0,
    wrongPasswords: 0,
    alerted: false,
  };
}

/** What happens to a registration, and what is to be sent and told. The runner calls with `tick` at `dueAtMs`. */
export function registrationStep(before: Registration, event: RegistrationEvent): RegistrationStep {
  const { nowMs } = event;
  switch (event.type) {
    case 'start':
      return attempt({ ...before, failures: 0, wrongPasswords: 0 }, nowMs);
    case 'stop':
      return {
        next: { ...newRegistration(before.intervalSeconds) },
        commands: before.validUntilMs === null ? [] : [{ kind: 'unregister' }],
      };
    case 'tick':
      return onTick(before, nowMs);
    case 'accepted':
      return onAccepted(before, event.grantedSeconds, nowMs);
    case 'challenged':
      return onChallenged(before, event.challenge, nowMs);
    case 'interval-too-brief':
      return onTooBrief(before, event.leastSeconds, nowMs);
    case 'refused':
      return onRefused(before, event.status, event.retryAfterSeconds, nowMs);
    case 'no-answer':
    case 'name-not-found':
      return failed(before, event.type, nowMs);
    default:
      return assertNever(event);
  }
}

function attempt(before: Registration, nowMs: number): RegistrationStep {
  const next: Registration = {
    ...before,
    phase: 'trying',
    dueAtMs: before.validUntilMs !== null && before.validUntilMs > nowMs ? before.validUntilMs : null,
    answered: false,
    staleCount: 0,
    longerInterval: false,
  };
  return { next, commands: [send(next, false)] };
}

function onTick(before: Registration, nowMs: number): RegistrationStep {
  const lost = before.validUntilMs !== null && nowMs >= before.validUntilMs;
  const now: Registration = lost ? { ...before, validUntilMs: null } : before;
  const commands: RegistrationCommand[] = lost ? [{ kind: 'lost' }] : [];
  const isDue = before.dueAtMs !== null && nowMs >= before.dueAtMs;
  if (!isDue || before.phase === 'stopped' || before.phase === 'trying')
    return { next: lost ? { ...now, dueAtMs: isDue ? null : now.dueAtMs } : now, commands };
  const step = attempt(now, nowMs);
  return { next: step.next, commands: [...commands, ...step.commands] };
}

function onAccepted(before: Registration, grantedSeconds: number, nowMs: number): RegistrationStep {
  if (before.phase !== 'trying') return { next: before, commands: [] };
  if (!(grantedSeconds > 0)) return failed(before, 'refused', nowMs);
  const next: Registration = {
    ...before,
    phase: 'registered',
    validUntilMs: nowMs + grantedSeconds * 1_000,
    dueAtMs: nowMs + grantedSeconds * 1_000 * REFRESH_SHARE,
    failures: 0,
    wrongPasswords: 0,
    alerted: false,
  };
  return { next, commands: before.alerted ? [{ kind: 'recovered' }] : [] };
}

function onChallenged(
  before: Registration,
  challenge: 'ours' | 'stale' | 'foreign',
  nowMs: number,
): RegistrationStep {
  if (before.phase !== 'trying') return { next: before, commands: [] };
  if (challenge === 'foreign') return failed(before, 'foreign-challenge', nowMs);
  if (!before.answered) {
    const next = { ...before, answered: true };
    return { next, commands: [send(next, true)] };
  }
  if (challenge === 'stale' && before.staleCount < MAX_STALE) {
    const next = { ...before, staleCount: before.staleCount + 1 };
    return { next, commands: [send(next, true)] };
  }
  return challenge === 'stale' ? failed(before, 'refused', nowMs) : wrongPassword(before, nowMs);
}

function onTooBrief(before: Registration, leastSeconds: number, nowMs: number): RegistrationStep {
  if (before.phase !== 'trying') return { next: before, commands: [] };
  const fits = leastSeconds > before.intervalSeconds && leastSeconds <= LONGEST_INTERVAL_SECONDS;
  if (!fits || before.longerInterval) return failed(before, 'interval-refused', nowMs);
  const next = {
    ...before,
    intervalSeconds: leastSeconds,
    longerInterval: true,
    answered: false,
    staleCount: 0,
  };
  return { next, commands: [send(next, false)] };
}

function onRefused(
  before: Registration,
  status: number,
  retryAfterSeconds: number | null,
  nowMs: number,
): RegistrationStep {
  if (before.phase !== 'trying') return { next: before, commands: [] };
  // Many carriers say 403 to a wrong password: as patient as with one, and told at once.
  if (status === 403 && before.answered) return wrongPassword(before, nowMs);
  const step = failed(before, 'refused', nowMs);
  if (retryAfterSeconds === null) return step;
  const askedMs = nowMs + Math.min(retryAfterSeconds * 1_000, LONGEST_RETRY_AFTER_MS);
  return { ...step, next: { ...step.next, dueAtMs: Math.max(askedMs, step.next.dueAtMs ?? 0) } };
}

function wrongPassword(before: Registration, nowMs: number): RegistrationStep {
  const wrongPasswords = before.wrongPasswords + 1;
  const waitMs = doubled(FIRST_PASSWORD_WAIT_MS, wrongPasswords, LONGEST_PASSWORD_WAIT_MS);
  const next: Registration = {
    ...before,
    phase: 'waiting',
    wrongPasswords,
    dueAtMs: nowMs + waitMs,
    alerted: true,
  };
  return { next, commands: before.alerted ? [] : [{ kind: 'alert', fault: 'wrong-password' }] };
}

function failed(before: Registration, fault: RegistrationFault, nowMs: number): RegistrationStep {
  if (before.phase !== 'trying') return { next: before, commands: [] };
  const failures = before.failures + 1;
  // Who asks in another realm will go on doing so, and may be somebody else than the carrier.
  const tells = !before.alerted && (failures >= FAILURES_TO_ALERT || fault === 'foreign-challenge');
  const next: Registration = {
    ...before,
    phase: 'waiting',
    failures,
    dueAtMs: nowMs + doubled(FIRST_WAIT_MS, failures, LONGEST_WAIT_MS),
    alerted: before.alerted || tells,
  };
  return { next, commands: tells ? [{ kind: 'alert', fault }] : [] };
}

function send(registration: Registration, withPassword: boolean): RegistrationCommand {
  return { kind: 'register', expiresSeconds: registration.intervalSeconds, withPassword };
}

function doubled(firstMs: number, times: number, longestMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(times - 1, 30), longestMs);
}
