import { randomBytes } from 'node:crypto';
import type { SocketAddress } from '../source-lock';
import { type Check, checkAnswer, parseCheck } from './stun';

/** Name and password of one side (RFC 8839 section 5.4). */
export type IceCredentials = { readonly ufrag: string; readonly pwd: string };

/** Addresses of one peer that have proven themselves; the oldest is forgotten. */
const provenMax = 8;

/** What a datagram was: `answer` goes back to its sender. */
export type CheckTaken = { readonly answer: Buffer; readonly nominated: boolean };

/**
 * The lite half of ICE (RFC 8445 section 2.5): we are where we say, so we only answer the checks of the browser, which picks the way. It
 * goes on asking as long as it agrees to be sent to (RFC 7675).
 */
export class IceLite {
  private ours = newCredentials();
  /** Those before a restart: media goes on the old way until the new one is found. */
  private before: IceCredentials | undefined;
  private theirs: IceCredentials | undefined;
  private readonly proven: SocketAddress[] = [];
  /** Monotonic time of the last valid check; undefined before the first. */
  lastCheckMs: number | undefined;

  get credentials(): IceCredentials {
    return this.ours;
  }

  /** Takes the peer's credentials of an SDP; new ones in an offer are a restart, for which we take new ones too. */
  expect(theirs: IceCredentials, isOffer: boolean): void {
    const known = this.theirs;
    const restarts = known !== undefined && (known.ufrag !== theirs.ufrag || known.pwd !== theirs.pwd);
    this.theirs = theirs;
    if (!restarts || !isOffer) return;
    this.before = this.ours;
    this.ours = newCredentials();
  }

  /** Whether packets from here may be the peer's: a check from there was signed. */
  isProven(from: SocketAddress): boolean {
    return this.proven.some(({ address, port }) => port === from.port && address === from.address);
  }

  /** Takes a datagram of STUN; undefined when it is no check of our peer. */
  take(datagram: Buffer, from: SocketAddress, nowMs: number): CheckTaken | undefined {
    const check = parseCheck(datagram);
    if (check === undefined) return undefined;
    const credentials = this.credentialsFor(check);
    if (credentials === undefined) return undefined;
    this.lastCheckMs = nowMs;
    if (!this.isProven(from)) {
      this.proven.push({ address: from.address, port: from.port });
      if (this.proven.length > provenMax) this.proven.shift();
    }
    const nominated = check.useCandidate && credentials === this.ours;
    return { answer: checkAnswer(check, from, credentials.pwd), nominated };
  }

  private credentialsFor(check: Check): IceCredentials | undefined {
    const [named = '', peer = ''] = check.username.split(':');
    const found = [this.ours, this.before].find((one) => one?.ufrag === named);
    if (found === undefined || !check.isSigned(found.pwd)) return undefined;
    // Before the peer's answer is here its name is not known; our password it has from our offer.
    const current = found === this.ours && this.theirs !== undefined;
    return current && this.theirs?.ufrag !== peer ? undefined : found;
  }
}

// RFC 8839 section 5.4: at least 24 and 128 bits; letters and digits alone.
function newCredentials(): IceCredentials {
  return { ufrag: randomBytes(6).toString('hex'), pwd: randomBytes(16).toString('hex') };
}
