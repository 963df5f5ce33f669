/** The keys of a telephone by their RFC 4733 event code, which some phones send instead of the character. */
const KEYS = '0123456789*#ABCD';
const CONTENT_TYPE = /^application\/dtmf(-relay)?\s*(;|$)/i;
const DEFAULT_MS = 250;
const LONGEST_MS = 5_000;

/**
 * A key sent as SIP INFO, written the one way that every media server reads alike: FreeSWITCH takes `application/dtmf` with "#" for a
 * "0", and small letters too. Null for any other body.
 */
export function dtmfRelayBody(contentType: string, body: string): string | null {
  const form = CONTENT_TYPE.exec(contentType.trim());
  if (!form) return null;
  const signal = form[1] ? /^\s*Signal\s*=\s*(\S{1,2})\s*$/im.exec(body)?.[1] : body.trim();
  const key = /^1[0-5]$/.test(signal ?? '') ? KEYS[Number(signal)] : signal?.toUpperCase();
  if (key?.length !== 1 || !KEYS.includes(key)) return null;
  const told = Number(/^\s*Duration\s*=\s*(\d{1,5})/im.exec(body)?.[1] ?? DEFAULT_MS);
  return `Signal=${key}\r\nDuration=${Math.min(told || DEFAULT_MS, LONGEST_MS)}\r\n`;
}
