import type { Dialog } from 'drachtio-srf';
import { type Clock, type Timer, within } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import { EVENT_PACKAGES, type EventName, type WatchedState } from './event-packages';

/** Notifications of one subscription come this far apart at least; what changes in between is told together. */
export const NOTIFY_EVERY_MS = 1_000;
/** A telephone that does not answer a NOTIFY for this long has gone. */
const NOTIFY_LIMIT_MS = 10_000;
/** RFC 6665 4.1.3, as far as we say them. */
export type EndReason = 'timeout' | 'rejected' | 'deactivated';

/** Who watches whom. */
export type SubscriptionFacts = {
  readonly event: EventName;
  readonly eventHeader: string;
  /** SIP URI of whom it is about. */
  readonly entity: string;
  readonly accountId: string;
  readonly watcherAccountId: string;
  readonly deviceId: string;
};

/** One subscription: what was told last, when the next NOTIFY may go, and when it ends. */
export class Subscription {
  #version = 0;
  #told: string | null = null;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #latest: WatchedState | null = null;
  #waiting: Timer | null = null;
  #expiry: Timer | null = null;
  #expiresAtMs = 0;
  #isOver = false;

  constructor(
    private readonly parts: {
      readonly clock: Clock;
      readonly log: Log;
      /** It is over, whoever ended it. */
      readonly onOver: (subscription: Subscription) => void;
    },
    private readonly dialog: Pick<Dialog, 'request'>,
    readonly facts: SubscriptionFacts,
  ) {}

  /** Lets it live for so long from now on. */
  extend(seconds: number): void {
    const { clock } = this.parts;
    this.#expiry?.cancel();
    this.#expiresAtMs = clock.nowMs() + seconds * 1_000;
    this.#expiry = clock.after(seconds * 1_000, () => this.end('timeout'));
  }

  /** Takes the state of whom it is about, and tells it when it is news, as soon as it may. */
  show(state: WatchedState): void {
    this.#latest = state;
    if (this.#isOver || this.#waiting || this.#toldKey(state) === this.#told) return;
    const { clock } = this.parts;
    const dueMs = this.#toldAtMs + NOTIFY_EVERY_MS - clock.nowMs();
    if (dueMs <= 0) return this.#tell();
    this.#waiting = clock.after(dueMs, () => {
      this.#waiting = null;
      if (!this.#isOver && this.#latest && this.#toldKey(this.#latest) !== this.#told) this.#tell();
    });
  }

  /** Tells this state now, news or not: to a new subscriber and after each refresh (RFC 6665 4.2.1.2). */
  tellAnyway(state: WatchedState): void {
    this.#latest = state;
    if (!this.#isOver) this.#tell();
  }

  /** Ends it with a last NOTIFY; what he may see is in it. Does nothing the second time. */
  end(reason: EndReason): void {
    if (this.#isOver) return;
    this.#close();
    const state = reason === 'rejected' ? null : this.#latest;
    void this.#notify(`terminated;reason=${reason}`, state);
  }

  /** Forgets it without a word: its dialog is gone. */
  forget(): void {
    if (!this.#isOver) this.#close();
  }

  #close(): void {
    this.#isOver = true;
    this.#waiting?.cancel();
    this.#expiry?.cancel();
    this.parts.onOver(this);
  }

  #tell(): void {
    const state = this.#latest;
    if (!state) return;
    const { clock } = this.parts;
    this.#told = this.#toldKey(state);
    this.#toldAtMs = clock.nowMs();
    const leftSeconds = Math.max(0, Math.ceil((this.#expiresAtMs - clock.nowMs()) / 1_000));
    void this.#notify(`active;expires=${leftSeconds}`, state);
  }

  async #notify(subscriptionState: string, state: WatchedState | null): Promise<void> {
    const { event, eventHeader, entity } = this.facts;
    const { contentType, body } = EVENT_PACKAGES[event];
    const version = this.#version++;
    const said = state === null ? null : body(state, { entity, version });
    try {
      const answer = await within(
        this.parts.clock,
        NOTIFY_LIMIT_MS,
        'the answer to NOTIFY',
        this.dialog.request({
          method: 'NOTIFY',
          headers: {
            Event: eventHeader,
            'Subscription-State': subscriptionState,
            ...(said === null ? {} : { 'Content-Type': contentType }),
          },
          ...(said === null ? {} : { body: said }),
        }),
      );
      // RFC 6665 4.2.2: whoever refuses a NOTIFY has no subscription.
      if (answer.status >= 300) this.forget();
    } catch (error) {
      this.parts.log.info('a subscriber does not answer', { event, deviceId: this.facts.deviceId, error });
      this.forget();
    }
  }

  #toldKey(state: WatchedState): string {
    return JSON.stringify(EVENT_PACKAGES[this.facts.event].tells(state));
  }
}
