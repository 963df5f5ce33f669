import { raiseHouseAlert } from '../alerts/alerts-store';
import type { Clock } from '../kernel/clock';
import { hashPassword, type PasswordHashes } from '../kernel/digest-password';
import { newId } from '../kernel/ids';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import type { Device } from './device';
import { findDevice } from './devices-store';
import { algorithmsFor, challengeHeaders, isAnsweredRightly, readCredentials } from './digest';
import { judgeNonce, makeNonce } from './nonce';
import { nonceSecret, useNonce } from './nonces-store';
import { isTryAllowed } from './sip-guard';
import { ScanWatch } from './scan-watch';
import {
  countFailure,
  type FailureSubject,
  failuresOf,
  isAnOwnersPlace,
  isOwnersPlace,
  noteOwnersPlace,
} from './sip-failures-store';

/** A request, as far as it says who sends it. */
export type Asker = {
  readonly method: string;
  /** Its Authorization header; '' when it has none. */
  readonly authorization: string;
  /** The network address that it came from. */
  readonly address: string;
  /** What it says it is; '' when it does not. */
  readonly userAgent: string;
};

/** Who somebody turned out to be. */
export type Identified<T> =
  | { readonly kind: 'device'; readonly device: Device }
  | { readonly kind: 'other'; readonly found: T }
  /** Not yet: to be answered 401 with these WWW-Authenticate headers. */
  | { readonly kind: 'challenge'; readonly headers: readonly string[] }
  /** His tries are not looked at for a while. */
  | { readonly kind: 'blocked' };

/** Other names and passwords than those of devices that may answer a challenge: trunks that call in by digest. */
export type OtherNames<T> = (
  username: string,
) => Promise<{ readonly found: T; readonly hashes: PasswordHashes } | null>;

/**
 * Finds out who sends a request (RFC 7616, RFC 8760). Whoever does not prove it is challenged, in the same words whether the username exists or
 * not, and after the same work. Failures are counted by address and by username and block them for a growing while, but never the owner of a
 * device at an address that he has used before.
 */
export class Authenticator<T> {
  #secret: Promise<string> | null = null;
  readonly #nobodysHashes: PasswordHashes;
  readonly #scans = new ScanWatch();

  constructor(
    private readonly parts: {
      readonly database: Database;
      readonly clock: Clock;
      readonly log: Log;
      readonly realm: string;
      readonly otherNames: OtherNames<T>;
    },
  ) {
    this.#nobodysHashes = hashPassword('nobody', parts.realm, '');
  }

  async identify(asker: Asker): Promise<Identified<T>> {
    const { database, clock, otherNames, realm } = this.parts;
    const nowMs = clock.nowMs();
    const credentials = readCredentials(asker.authorization);
    if (!credentials) return this.#firstChallenge(asker, nowMs);
    const [own, other] = await Promise.all([
      findDevice(database.read, credentials.username, nowMs),
      otherNames(credentials.username),
    ]);
    const guess: Guess = {
      address: asker.address,
      username: credentials.username,
      place: await this.#placeOf(own?.device ?? null, asker.address, nowMs),
      nowMs,
    };
    if (!(await this.#isAllowed(guess))) return { kind: 'blocked' };
    const hashes = own?.hashes ?? other?.hashes ?? this.#nobodysHashes;
    const isRight = isAnsweredRightly(credentials, hashes, asker.method) && credentials.realm === realm;
    const nonce = judgeNonce(await this.#nonceSecret(), credentials.nonce, nowMs);
    // Answered rightly but late is no guess: the telephone only waited too long.
    if (nonce === 'stale') return this.#challenge(asker, { isStale: isRight, nowMs });
    if (nonce === 'not-ours' || !isRight) {
      await this.#countFailures(guess);
      return this.#challenge(asker, { isStale: false, nowMs });
    }
    if (!(await useNonce(database, { nonce: credentials.nonce, nc: credentials.nc, nowMs })))
      return this.#challenge(asker, { isStale: true, nowMs });
    this.#scans.isOwners(asker.address, nowMs);
    if (other) return { kind: 'other', found: other.found };
    if (!own) return { kind: 'blocked' };
    const place = { deviceId: own.device.id, address: asker.address, nowMs };
    await database.write((sql) => noteOwnersPlace(sql, place));
    return { kind: 'device', device: own.device };
  }

  /** A stranger's first request costs no look-up; one that goes on asking without ever answering is blocked. */
  async #firstChallenge(asker: Asker, nowMs: number): Promise<Identified<T>> {
    const verdict = this.#scans.asked(asker.address, nowMs);
    if (verdict === 'scanning' || (verdict === 'begins' && (await this.#block(asker.address, nowMs))))
      return { kind: 'blocked' };
    return this.#challenge(asker, { isStale: false, nowMs });
  }

  async #challenge(
    { userAgent }: Asker,
    { isStale, nowMs }: { isStale: boolean; nowMs: number },
  ): Promise<Identified<T>> {
    const nonce = makeNonce(await this.#nonceSecret(), nowMs);
    const challenge = { realm: this.parts.realm, nonce, isStale };
    return { kind: 'challenge', headers: challengeHeaders(challenge, algorithmsFor(userAgent)) };
  }

  #nonceSecret(): Promise<string> {
    this.#secret ??= nonceSecret(this.parts.database).catch((error: unknown) => {
      this.#secret = null;
      throw error;
    });
    return this.#secret;
  }

  async #placeOf(device: Device | null, address: string, nowMs: number): Promise<FailureSubject | null> {
    if (!device) return null;
    const place = { deviceId: device.id, address };
    const isOwners = await isOwnersPlace(this.parts.database.read, { ...place, nowMs });
    return isOwners ? { kind: 'place', ...place } : null;
  }

  async #isAllowed({ address, username, place, nowMs }: Guess): Promise<boolean> {
    const subjects: FailureSubject[] = [
      { kind: 'source', address },
      { kind: 'username', username },
      ...(place ? [place] : []),
    ];
    const [source, name, ownersPlace] = await failuresOf(this.parts.database.read, subjects);
    if (!source || !name) throw new Error('a count is missing');
    return isTryAllowed({ source, username: name, ownersPlace: ownersPlace ?? null }, nowMs);
  }

  /** A wrong password at a place of the owner's counts there alone: it is most likely his own. */
  async #countFailures({ address, username, place, nowMs }: Guess): Promise<void> {
    const counted: readonly FailureSubject[] = place
      ? [place]
      : [
          { kind: 'source', address },
          { kind: 'username', username },
        ];
    await this.parts.database.write(async (sql) => {
      for (const subject of counted)
        if (await countFailure(sql, subject, nowMs))
          await raiseHouseAlert(sql, {
            id: newId(nowMs),
            kind: 'sip-guesses-blocked',
            details: { subject: subject.kind, address },
            raisedAtMs: nowMs,
          });
    });
  }

  /** Blocks an address, but for one at which an owner of a telephone has been; true when it is blocked. */
  async #block(address: string, nowMs: number): Promise<boolean> {
    if (await isAnOwnersPlace(this.parts.database.read, { address, nowMs })) {
      this.#scans.isOwners(address, nowMs);
      return false;
    }
    this.parts.log.warn('an address asks without ever proving who it is', { address });
    await this.parts.database.write((sql) =>
      raiseHouseAlert(sql, {
        id: newId(nowMs),
        kind: 'sip-scan-blocked',
        details: { address },
        raisedAtMs: nowMs,
      }),
    );
    return true;
  }
}

/** A try with a username, and whether it comes from where the name's owner has been. */
type Guess = {
  readonly address: string;
  readonly username: string;
  readonly place: FailureSubject | null;
  readonly nowMs: number;
};
