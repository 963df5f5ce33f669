/** Requests without credentials that an address may have open; a telephone has one for each thing it wants. */
const MOST_OPEN = 40;

/** One of them is forgiven each so many ms. */
const FORGIVEN_EACH_MS = 2_000;

/** How long an address that went beyond is not listened to; each time it goes on meanwhile, anew. */
const DEAF_MS = 60_000;

/** Addresses that are remembered; when there are more the oldest is forgotten. */
const MAX_ADDRESSES = 10_000;

type Asking = { open: number; lastMs: number; deafUntilMs: number; isOwners: boolean };

/** `begins`: from now on the address is not listened to; `scanning`: it is not already. */
export type ScanVerdict = 'calm' | 'begins' | 'scanning';

/**
 * Notices who asks again and again without ever proving who he is, as programs do that look for usernames. Kept in memory: it must cost less than
 * the requests do.
 */
export class ScanWatch {
  readonly #addresses = new Map<string, Asking>();

  /** A request without credentials came. */
  asked(address: string, nowMs: number): ScanVerdict {
    const asking = this.#addresses.get(address) ?? newcomer(nowMs);
    this.#remember(address, asking);
    if (asking.isOwners) return 'calm';
    const forgiven = Math.floor((nowMs - asking.lastMs) / FORGIVEN_EACH_MS);
    asking.open = Math.max(0, asking.open - forgiven) + 1;
    if (forgiven > 0 || asking.open === 1) asking.lastMs = nowMs;
    if (asking.open <= MOST_OPEN && nowMs >= asking.deafUntilMs) return 'calm';
    const begins = nowMs >= asking.deafUntilMs;
    asking.open = Math.min(asking.open, MOST_OPEN + 1);
    asking.deafUntilMs = nowMs + DEAF_MS;
    return begins ? 'begins' : 'scanning';
  }

  /** An owner of a telephone is at this address: whatever others do there, he is listened to. */
  isOwners(address: string, nowMs: number): void {
    this.#remember(address, { ...newcomer(nowMs), isOwners: true });
  }

  /** Puts it behind all others, so that the first is the one that was quiet longest. */
  #remember(address: string, asking: Asking): void {
    this.#addresses.delete(address);
    this.#addresses.set(address, asking);
    if (this.#addresses.size <= MAX_ADDRESSES) return;
    const [oldest] = this.#addresses.keys();
    if (oldest !== undefined) this.#addresses.delete(oldest);
  }
}

function newcomer(nowMs: number): Asking {
  return { open: 0, lastMs: nowMs, deafUntilMs: 0, isOwners: false };
}
