import { parseLimits } from '../sip/parse';

/** What a stream of SIP holds (RFC 3261 18.3, RFC 5626 3.5.1). */
export type Framed =
  | { readonly kind: 'message'; readonly text: string }
  /** Double CRLF between messages: the peer wants a CRLF back. */
  | { readonly kind: 'ping' }
  /** The stream can no longer be cut into messages; `text` is what to parse for an answer before closing. */
  | { readonly kind: 'broken'; readonly text: string };

export interface StreamFramer {
  /** Takes the next bytes (one per character) and gives what they complete, in order. */
  push(bytes: string): Framed[];
  /** Whether an unfinished message is waiting for its rest. */
  readonly pending: boolean;
}

/** Cuts a byte stream into SIP messages by Content-Length; holds at most one message of the allowed size. */
export function createStreamFramer(): StreamFramer {
  let held = '';
  let scanFrom = 0;
  let needed = 0;
  let broken = false;

  function next(): Framed | undefined {
    if (held.startsWith('\r\n')) {
      const ping = held.startsWith('\r\n\r\n');
      held = held.slice(ping ? 4 : 2);
      return ping ? { kind: 'ping' } : next();
    }
    if (needed === 0) {
      const end = held.indexOf('\r\n\r\n', scanFrom);
      if (end === -1) {
        scanFrom = Math.max(0, held.length - 3);
        return held.length > parseLimits.headBytes ? breakStream(held) : undefined;
      }
      const bodyBytes = contentLength(held.slice(0, end + 2));
      if (bodyBytes === undefined || bodyBytes > parseLimits.bodyBytes)
        return breakStream(held.slice(0, end + 4));
      needed = end + 4 + bodyBytes;
    }
    if (held.length < needed) return undefined;
    const text = held.slice(0, needed);
    held = held.slice(needed);
    scanFrom = 0;
    needed = 0;
    return { kind: 'message', text };
  }

  function breakStream(text: string): Framed {
    broken = true;
    held = '';
    return { kind: 'broken', text };
  }

  return {
    push(bytes) {
      const framed: Framed[] = [];
      if (broken) return framed;
      held += bytes;
      for (let item = next(); item !== undefined; item = next()) {
        framed.push(item);
        if (item.kind === 'broken') break;
      }
      return framed;
    },
    get pending() {
      return held.length > 0;
    },
  };
}

/** Content-Length of a head; 0 when absent, undefined when it is no number. */
function contentLength(head: string): number | undefined {
  let at = 0;
  while (at < head.length) {
    const end = head.indexOf('\r\n', at);
    const colon = head.indexOf(':', at);
    if (colon !== -1 && colon < end) {
      const name = head.slice(at, colon).trim().toLowerCase();
      if (name === 'content-length' || name === 'l') {
        const text = head.slice(colon + 1, end).trim();
        return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
      }
    }
    at = end + 2;
  }
  return 0;
}
