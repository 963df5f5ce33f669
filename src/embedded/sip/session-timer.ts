import { wholeNumber } from './characters';
import { type Headed, headerValue, optionTags } from './message';
import { parameter, readParameters } from './parameters';

/** RFC 4028 4: no session interval may be shorter, in seconds. */
export const minSessionIntervalSeconds = 90;
const longestIntervalSeconds = 86_400;

/** What a Session-Expires header says. */
export type SessionExpires = { readonly seconds: number; readonly refresher: 'uac' | 'uas' | undefined };

/** Reads Session-Expires; undefined when absent or malformed (then there is no timer). */
export function sessionExpires(message: Headed): SessionExpires | undefined {
  const value = headerValue(message, 'session-expires');
  if (value === undefined) return undefined;
  const semicolon = value.indexOf(';');
  const seconds = wholeNumber(
    (semicolon === -1 ? value : value.slice(0, semicolon)).trim(),
    longestIntervalSeconds * 365,
  );
  const read = semicolon === -1 ? undefined : readParameters(value, semicolon);
  if (seconds === undefined || (semicolon !== -1 && read === undefined)) return undefined;
  const refresher = read === undefined ? undefined : parameter(read.parameters, 'refresher')?.toLowerCase();
  return { seconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/** What to do about the session timer a caller offers. */
export type TimerAnswer =
  | { readonly kind: 'none' }
  /** Answer 422 with Min-SE (RFC 4028 6). */
  | { readonly kind: 'too-small' }
  | { readonly kind: 'agreed'; readonly seconds: number; readonly refresher: 'uac' | 'uas' };

/** Decides on the timer of an INVITE or UPDATE we answer: a caller who names no refresher gets no timer, as drachtio-server does. */
export function answerSessionTimer(request: Headed): TimerAnswer {
  const asked = sessionExpires(request);
  if (asked === undefined) return { kind: 'none' };
  const supported = optionTags(request, 'supported').includes('timer');
  if (asked.seconds < minSessionIntervalSeconds) return supported ? { kind: 'too-small' } : { kind: 'none' };
  if (asked.refresher === undefined) return { kind: 'none' };
  return {
    kind: 'agreed',
    seconds: Math.min(asked.seconds, longestIntervalSeconds),
    refresher: asked.refresher,
  };
}

/** When the refresher sends the refresh, in ms after the last: half the interval (RFC 4028 7.2). */
export function refreshAfterMs(seconds: number): number {
  return seconds * 500;
}

/** When the other end gives up and sends BYE, in ms after the last refresh: RFC 4028 10 takes min(32, interval / 3) off. */
export function expireAfterMs(seconds: number): number {
  return (seconds - Math.min(32, seconds / 3)) * 1000;
}
