import { EVENT_PACKAGES, type EventName, isEventName } from './event-packages';

/** What a subscription lasts that says nothing, shortest and longest. */
export const USUAL_SECONDS = 3_600;
export const LEAST_SECONDS = 60;
export const MOST_SECONDS = 3_600;

/** Event, perhaps with an id that NOTIFYs repeat (RFC 6665 8.2.1); nothing that could end a header. */
const EVENT_FORM = /^([a-z-]{1,30})(?:\s*;\s*id=([\w.!%*+~-]{1,64}))?$/i;

export type SubscribeHeaders = {
  readonly event: string;
  readonly expires: string;
  readonly accept: string;
  readonly contact: string;
};

/** A SUBSCRIBE that can be answered, or the answer that it gets instead. */
export type ReadSubscribe =
  | {
      readonly kind: 'wish';
      readonly event: EventName;
      /** The Event header as it stood: every NOTIFY repeats it. */
      readonly eventHeader: string;
      /** 0: once, and no more. */
      readonly seconds: number;
    }
  | {
      readonly kind: 'refusal';
      readonly status: number;
      readonly reason: string;
      readonly headers: Readonly<Record<string, string>>;
    };

/** Reads a SUBSCRIBE (RFC 6665 4.2.1). */
export function readSubscribe({ event, expires, accept, contact }: SubscribeHeaders): ReadSubscribe {
  const [, name = ''] = EVENT_FORM.exec(event.trim()) ?? [];
  if (!isEventName(name.toLowerCase()))
    return refusal(489, 'Bad Event', { 'Allow-Events': Object.keys(EVENT_PACKAGES).join(', ') });
  const wanted = name.toLowerCase() as EventName;
  if (contact.trim() === '') return refusal(400, 'Missing Contact');
  if (!accepts(accept, EVENT_PACKAGES[wanted].contentType))
    return refusal(406, 'Not Acceptable', { Accept: EVENT_PACKAGES[wanted].contentType });
  const seconds = readExpires(expires);
  return typeof seconds === 'number'
    ? { kind: 'wish', event: wanted, eventHeader: event.trim(), seconds }
    : seconds;
}

/** For how long a SUBSCRIBE asks, at most MOST_SECONDS. */
export function readExpires(expires: string): number | Extract<ReadSubscribe, { kind: 'refusal' }> {
  const text = expires.trim();
  if (text === '') return USUAL_SECONDS;
  if (!/^\d{1,10}$/.test(text)) return refusal(400, 'Bad Expires');
  const seconds = Number(text);
  if (seconds > 0 && seconds < LEAST_SECONDS)
    return refusal(423, 'Interval Too Brief', { 'Min-Expires': String(LEAST_SECONDS) });
  return Math.min(seconds, MOST_SECONDS);
}

/** Without an Accept the package's own type is meant. */
function accepts(accept: string, contentType: string): boolean {
  if (accept.trim() === '') return true;
  const types = accept.split(',').map((part) => (part.split(';')[0] ?? '').trim().toLowerCase());
  return types.some((type) => type === contentType || type === '*/*' || type === 'application/*');
}

function refusal(
  status: number,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): Extract<ReadSubscribe, { kind: 'refusal' }> {
  return { kind: 'refusal', status, reason, headers };
}
