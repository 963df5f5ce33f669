import { isIP } from 'node:net';
import type Srf from 'drachtio-srf';
import type { SrfResponse } from 'drachtio-srf';
import { type Clock, TimedOut, within } from '../../kernel/clock';
import { hostPort, type SipAddress } from '../../trunks/outward';
import type { OutwardTrunk } from '../../trunks/trunk';

/** A request of ours outside every call. */
export type OutsideRequest = {
  readonly method: 'OPTIONS' | 'REGISTER';
  readonly uri: string;
  /** What it passes on its way, as a loose route; null: nothing. */
  readonly proxy: string | null;
  readonly headers: Readonly<Record<string, string>>;
};

/** What came of it: a final answer, or none. `contact` is what we were known by in the request. */
export type OutsideAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly contact: string;
      readonly header: (name: string) => string | null;
    }
  | { readonly kind: 'no-answer' }
  | { readonly kind: 'name-not-found' };

/** Sends a request and waits no longer than `limitMs` for its final answer. Never rejects. */
export type SendOutside = (request: OutsideRequest, limitMs: number) => Promise<OutsideAnswer>;

/** Sends by drachtio. Challenges come back as any other answer: srf's own `auth` would answer whoever asks, in any realm. */
export function sendOutsideBy(srf: Srf, clock: Clock): SendOutside {
  return async (request, limitMs) => {
    try {
      return await within(clock, limitMs, 'an answer from outside', sendOnce(srf, request));
    } catch (error) {
      if (error instanceof TimedOut) return { kind: 'no-answer' };
      // The engine refuses to send at once only what it finds no address for.
      return { kind: isAddress(request.proxy ?? request.uri) ? 'no-answer' : 'name-not-found' };
    }
  };
}

function sendOnce(srf: Srf, { method, uri, proxy, headers }: OutsideRequest): Promise<OutsideAnswer> {
  const options = { method, headers: { ...headers }, ...(proxy === null ? {} : { proxy }) };
  return new Promise((resolve, reject) => {
    srf.request(uri, options, (error, sent) => {
      if (error) return reject(error);
      sent.on('response', (res: SrfResponse) => {
        if (res.status < 200) return;
        const header = (name: string) => res.get(name) ?? null;
        resolve({ kind: 'answered', status: res.status, contact: sent.get('Contact') ?? '', header });
      });
    });
  });
}

/** URI of a trunk's target with this user, or of the host itself, and what is passed on the way to it. */
export function placeOf(
  { outward }: OutwardTrunk,
  target: SipAddress,
): { readonly uri: string; readonly proxy: string | null } {
  const transport = transportOf(outward.transport);
  return {
    uri: `sip:${hostPort(target)}${transport}`,
    proxy: outward.proxy && `sip:${hostPort(outward.proxy)};lr${transport}`,
  };
}

/** `;transport=tls`, and nothing for UDP, which is meant by saying nothing. */
export function transportOf(transport: 'udp' | 'tcp' | 'tls'): string {
  return transport === 'udp' ? '' : `;transport=${transport}`;
}

/** Whether a SIP URI names its host by an address. */
function isAddress(uri: string): boolean {
  const host = /^sips?:(?:[^@]*@)?(?:\[([^\]]+)\]|([^:;]+))/i.exec(uri)?.slice(1).find(Boolean) ?? '';
  return isIP(host) !== 0;
}
