import { fingerprint } from './ids';

/** What the first link of every chain hangs on. */
export const CHAIN_BEGINS = '0'.repeat(64);

/** One link: SHA-256 over what it says, the hash of the link before among it. Whoever changes a link must change all that follow. */
export function chainHash(says: readonly unknown[]): string {
  return fingerprint(JSON.stringify(says));
}
