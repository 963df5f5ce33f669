import type Srf from 'drachtio-srf';
import type { SrfRequest, SrfResponse } from 'drachtio-srf';
import type { Clock, Timer } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import type { Database } from '../../kernel/unit-of-work';
import { allowedPairs } from '../../phones/presence-watchers-store';
import { type Caller, dialledString, type Identity } from '../identify-caller';
import { turnAway } from '../incoming-call';
import type { LiveCalls } from '../live-calls';
import { findDestination } from '../two-party/destination';
import type { WatchedState } from './event-packages';
import { readExpires, readSubscribe } from './read-subscribe';
import { Subscription, type SubscriptionFacts } from './subscription';
import { readWatched } from './watched-accounts';

/** Subscriptions of one telephone; one more ends the oldest, which a telephone that was switched off left behind. */
export const MAX_PER_DEVICE = 20;
/** Subscriptions of this node. */
const MAX_SUBSCRIPTIONS = 20_000;
/** How often it is looked what has changed: on any node, in tables. Calls of this node are told at once. */
const LOOK_EVERY_MS = 1_000;

const BUSY = { status: 503, reason: 'Service Unavailable', headers: { 'Retry-After': '30' } } as const;

export type SubscriptionParts = {
  readonly database: Database;
  readonly liveCalls: LiveCalls;
  /** Who sends a request. */
  readonly identify: (req: SrfRequest) => Promise<Identity>;
  readonly clock: Clock;
  readonly log: Log;
  /** Named in what is told, where the subscriber named no host that can stand there. */
  readonly realm: string;
};

/** What telephones of ours want to be told of: messages of their own account, and who is there of those who let them see it. */
export class Subscriptions {
  readonly #open = new Set<Subscription>();
  readonly #ofAccount = new Map<string, Set<Subscription>>();
  #timer: Timer | null = null;
  #stopWatching: () => void = () => undefined;
  #looking: Promise<void> | null = null;
  #draining = false;

  constructor(
    private readonly srf: Srf,
    private readonly parts: SubscriptionParts,
  ) {}

  start(): void {
    const { clock, liveCalls, log } = this.parts;
    this.#timer = clock.every(LOOK_EVERY_MS, () => this.#look());
    this.#stopWatching = liveCalls.watch(({ call }) => {
      if (call.accountId === null || call.deviceId === null) return;
      this.#onCall(call.accountId).catch((error: unknown) =>
        log.warn('a call was not told to watchers', { error }),
      );
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopWatching();
    this.drain();
    await this.#looking;
  }

  /** Telephones are told to subscribe elsewhere (RFC 6665 4.1.3: deactivated), and no new one is taken. */
  drain(): void {
    this.#draining = true;
    for (const subscription of this.#open) subscription.end('deactivated');
  }

  /** The SIP server is gone, and all dialogs with it; or the service closes. */
  endAll(result: 'draining' | 'failed'): void {
    for (const subscription of this.#open)
      if (result === 'failed') subscription.forget();
      else subscription.end('deactivated');
  }

  /** How many there are. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Answers a SUBSCRIBE of a telephone. Whom it may not see and whom there is not get the same: 202 and a NOTIFY that ends it as rejected.
   */
  async answer(caller: Caller, req: SrfRequest, res: SrfResponse): Promise<void> {
    if (caller.kind !== 'device') return res.send(403, 'Forbidden');
    const read = readSubscribe({
      event: req.get('Event') ?? '',
      expires: req.get('Expires') ?? '',
      accept: req.get('Accept') ?? '',
      contact: req.get('Contact') ?? '',
    });
    if (read.kind === 'refusal') return res.send(read.status, read.reason, { headers: { ...read.headers } });
    if (this.#draining || this.#open.size >= MAX_SUBSCRIPTIONS)
      return res.send(BUSY.status, BUSY.reason, { headers: { ...BUSY.headers } });
    const facts: SubscriptionFacts = {
      event: read.event,
      eventHeader: read.eventHeader,
      entity: this.#entityOf(req),
      accountId: await this.#accountOf(caller, dialledString(req)),
      watcherAccountId: caller.account.id,
      deviceId: caller.device.id,
    };
    const isAllowed = (await this.#allowed([facts])).has(facts);
    const state = isAllowed ? await this.#stateOf(facts.accountId) : null;
    const headers = { Expires: String(read.seconds) };
    const dialog = await this.srf.createUAS(req, res, { headers });
    const subscription = new Subscription(
      { ...this.parts, onOver: (over) => this.#drop(over) },
      dialog,
      facts,
    );
    if (state === null) return subscription.end('rejected');
    dialog.on('subscribe', (again: SrfRequest, answer: SrfResponse) => {
      this.#refresh(subscription, again, answer).catch((error: unknown) => {
        this.parts.log.error('a subscription could not be refreshed', { error });
        if (!answer.finalResponseSent) answer.send(500, 'Server Internal Error');
      });
    });
    // srf has answered it.
    dialog.on('unsubscribe', () => subscription.end('timeout'));
    if (read.seconds === 0) {
      subscription.tellAnyway(state);
      return subscription.end('timeout');
    }
    this.#makePlace(facts.deviceId);
    this.#keep(subscription);
    subscription.extend(read.seconds);
    subscription.tellAnyway(state);
  }

  /** A refresh is asked for the password as the first SUBSCRIBE was: a telephone that was revoked watches no longer. */
  async #refresh(subscription: Subscription, req: SrfRequest, res: SrfResponse): Promise<void> {
    const identity = await this.parts.identify(req);
    if (identity.kind !== 'known') return turnAway(this.parts, req, res, identity);
    const { caller } = identity;
    if (caller.kind !== 'device' || caller.device.id !== subscription.facts.deviceId) {
      subscription.end('rejected');
      return res.send(403, 'Forbidden');
    }
    const seconds = readExpires(req.get('Expires') ?? '');
    if (typeof seconds !== 'number')
      return res.send(seconds.status, seconds.reason, { headers: { ...seconds.headers } });
    res.send(200, { headers: { Expires: String(seconds) } });
    subscription.extend(seconds);
    subscription.tellAnyway(await this.#stateOf(subscription.facts.accountId));
  }

  /** The account that a SUBSCRIBE is about; '' for nobody, so that looking it up takes as long. */
  async #accountOf(caller: Extract<Caller, { kind: 'device' }>, asked: string): Promise<string> {
    const { device, account } = caller;
    if (asked === '' || asked === device.username) return account.id;
    const { country } = account;
    const destination = await findDestination(this.parts.database.read, { dialled: asked, country });
    return destination.kind === 'user' ? destination.accountId : '';
  }

  #entityOf(req: SrfRequest): string {
    const host = /^sips?:(?:[^@]*@)?([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:]{2,45}\])/i.exec(req.uri)?.[1];
    const user = dialledString(req).replace(/[^\w.+*-]/g, '');
    return `sip:${user === '' ? '' : `${user}@`}${host ?? this.parts.realm}`;
  }

  /** Those of these that may see whom they are about. Messages are the owner's alone. */
  async #allowed(asked: readonly SubscriptionFacts[]): Promise<ReadonlySet<SubscriptionFacts>> {
    const own = asked.filter(({ accountId, watcherAccountId }) => accountId === watcherAccountId);
    const pairs = asked
      .filter(({ accountId, watcherAccountId }) => accountId !== watcherAccountId)
      .map((facts) => ({
        ownerAccountId: facts.accountId,
        watcherAccountId: facts.watcherAccountId,
        facts,
      }));
    const listed = await allowedPairs(this.parts.database.read, pairs);
    return new Set([
      ...own,
      ...[...listed].map(({ facts }) => facts).filter(({ event }) => event !== 'message-summary'),
    ]);
  }

  async #stateOf(accountId: string): Promise<WatchedState> {
    const states = await this.#read([accountId]);
    return states.get(accountId) ?? { fresh: 0, heard: 0, isRegistered: false, talks: [] };
  }

  #read(accountIds: readonly string[]): Promise<ReadonlyMap<string, WatchedState>> {
    const { database, liveCalls, clock } = this.parts;
    return readWatched({ sql: database.read, liveCalls }, accountIds, clock.nowMs());
  }

  #makePlace(deviceId: string): void {
    const own = [...this.#open].filter(({ facts }) => facts.deviceId === deviceId);
    for (const old of own.slice(0, Math.max(0, own.length - MAX_PER_DEVICE + 1))) old.end('deactivated');
  }

  /** A call of an account that is watched began, changed or ended. */
  async #onCall(accountId: string): Promise<void> {
    const watching = this.#ofAccount.get(accountId);
    if (!watching) return;
    const state = await this.#stateOf(accountId);
    for (const subscription of watching) subscription.show(state);
  }

  #keep(subscription: Subscription): void {
    const { accountId } = subscription.facts;
    this.#open.add(subscription);
    this.#ofAccount.set(accountId, (this.#ofAccount.get(accountId) ?? new Set()).add(subscription));
  }

  #drop(subscription: Subscription): void {
    const { accountId } = subscription.facts;
    const others = this.#ofAccount.get(accountId);
    this.#open.delete(subscription);
    others?.delete(subscription);
    if (others?.size === 0) this.#ofAccount.delete(accountId);
  }

  #look(): void {
    // One look at a time: on a slow database they would pile up.
    this.#looking ??= this.#lookOnce()
      .catch((error: unknown) => this.parts.log.warn('subscriptions could not be looked at', { error }))
      .finally(() => {
        this.#looking = null;
      });
  }

  async #lookOnce(): Promise<void> {
    if (this.#open.size === 0) return;
    const open = [...this.#open];
    const allowed = await this.#allowed(open.map(({ facts }) => facts));
    const states = await this.#read([...new Set(open.map(({ facts }) => facts.accountId))]);
    for (const subscription of open) {
      const state = states.get(subscription.facts.accountId);
      if (!allowed.has(subscription.facts)) subscription.end('rejected');
      else if (state) subscription.show(state);
    }
  }
}
