import { request } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../../kernel/clock';
import { guardedLookup, isPublicAddress } from '../../kernel/public-address';
import { MAX_CHAIN_BYTES } from './certificate-chain';
import type { CertificateSource } from './verify-passport';

/** How long a certificate is not asked for again, and how long one that was not to be had. */
const KEPT_MS = 3_600_000;
const MISSED_KEPT_MS = 60_000;
const MAX_KEPT = 1_000;
/** A call waits for the answer, so it cannot be patient. */
const FETCH_LIMIT_MS = 2_000;
/** Fetches that run at once: strangers' calls name the addresses. */
const MAX_RUNNING = 32;

export type FetcherOptions = {
  readonly clock: Clock;
  /** Asks this machine too: for tests. */
  readonly allowsLoopback?: boolean;
  /** Authorities of web servers in PEM; left out: those of the machine. */
  readonly webAuthorities?: string;
};

type Kept = { readonly pem: Promise<string | null>; untilMs: number };

/**
 * Fetches signers' certificates: by https alone, no more than a chain is long, following no redirect, from no address inside, each kept for
 * an hour. What is not to be had is null; calls that ask at once for the same share one fetch.
 */
export function certificateFetcher(options: FetcherOptions): CertificateSource {
  const kept = new Map<string, Kept>();
  let running = 0;
  return (url) => {
    const nowMs = options.clock.nowMs();
    const known = kept.get(url);
    if (known && nowMs < known.untilMs) return known.pem;
    if (running >= MAX_RUNNING) return Promise.resolve(null);
    running++;
    const pem = fetchPem(url, options).finally(() => running--);
    const entry: Kept = { pem, untilMs: nowMs + KEPT_MS };
    kept.delete(url);
    kept.set(url, entry);
    for (const [oldest] of kept) if (kept.size > MAX_KEPT) kept.delete(oldest);
    return pem.then((found) => {
      if (found === null) entry.untilMs = nowMs + MISSED_KEPT_MS;
      return found;
    });
  };
}

async function fetchPem(url: string, options: FetcherOptions): Promise<string | null> {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || parsed.protocol !== 'https:' || parsed.username !== '' || parsed.password !== '')
    return null;
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayAsk(host, options)) return null;
  return new Promise((resolve) => {
    const asking = request(parsed, {
      lookup: guardedLookup((address) => mayAsk(address, options)),
      ca: options.webAuthorities,
      agent: false,
    });
    const timer = options.clock.after(FETCH_LIMIT_MS, () => end(null));
    const end = (pem: string | null) => {
      timer.cancel();
      asking.destroy();
      resolve(pem);
    };
    asking.on('error', () => end(null));
    asking.on('response', (response) => {
      if (response.statusCode !== 200) return end(null);
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > MAX_CHAIN_BYTES) end(null);
        else parts.push(part);
      });
      response.on('error', () => end(null));
      response.on('end', () => end(Buffer.concat(parts).toString('utf8')));
    });
    asking.end();
  });
}

function mayAsk(address: string, { allowsLoopback = false }: FetcherOptions): boolean {
  if (allowsLoopback && (address === '127.0.0.1' || address === '::1')) return true;
  return isPublicAddress(address);
}
