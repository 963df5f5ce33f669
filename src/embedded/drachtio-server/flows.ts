import type { Destination } from '../transports/transport';
import { bareHost, type SipUri } from '../sip/uri';

type Entry = { readonly destination: Destination; readonly expiresAtMs: number };

/** Connections by which registered phones can be reached: a Contact behind NAT or in a browser has no other way in (RFC 5626 in spirit). */
export class FlowCache {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly maxEntries: number) {}

  /** Remembers the connection of a Contact; the oldest entry goes when the cache is full. */
  remember(contact: SipUri, destination: Destination, expiresAtMs: number): void {
    const key = keyOf(contact);
    this.entries.delete(key);
    if (this.entries.size >= this.maxEntries) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.entries.delete(oldest);
    }
    this.entries.set(key, { destination, expiresAtMs });
  }

  forget(contact: SipUri): void {
    this.entries.delete(keyOf(contact));
  }

  /** The open connection for a request to this URI; undefined when there is none. */
  find(uri: SipUri, nowMs: number): Destination | undefined {
    const key = keyOf(uri);
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs > nowMs && entry.destination.flow?.open) return entry.destination;
    this.entries.delete(key);
    return undefined;
  }
}

function keyOf(uri: SipUri): string {
  return `${uri.user ?? ''}@${bareHost(uri.host).toLowerCase()}`;
}
