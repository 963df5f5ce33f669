import type { Clock, Timer } from '../kernel/clock';
import { newId } from '../kernel/ids';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { withoutSecrets } from './mask-sip';
import { readSeenMessage } from './sip-message-seen';
import { insertMessages, MAX_MESSAGES_OF_LEG, type TracedMessage } from './traces-store';

/** How often what was seen is written: one statement for all calls. */
const WRITE_EVERY_MS = 1_000;
/** A message may be seen before the leg it belongs to is begun, and after it has ended. */
const UNKNOWN_KEPT_MS = 5_000;
const ENDED_KEPT_MS = 35_000;
/** Legs that are watched at once, and messages that wait to be written; what is more is not kept, and counted. */
const MAX_LEGS = 20_000;
const MAX_WAITING = 5_000;
const MAX_IN_ONE_STATEMENT = 500;

type TracedLeg = {
  /** Null: no leg of ours yet; forgotten when none begins. */
  begun: boolean;
  forgottenAtMs: number | null;
  count: number;
  early: TracedMessage[];
};

/**
 * Keeps what was said in SIP on the legs of calls, with secrets masked. A message belongs to the leg whose Call-ID it carries; those of
 * no leg of ours are dropped. Keeping is beside the call: it never delays one, and what a slow database cannot take is left out.
 */
export class SipTracer {
  readonly #legs = new Map<string, TracedLeg>();
  #waiting: TracedMessage[] = [];
  #leftOut = 0;
  #writing: Promise<void> = Promise.resolve();
  #ticking: Timer | null = null;

  constructor(private readonly parts: { database: Database; clock: Clock; log: Log }) {}

  start(): void {
    this.#ticking = this.parts.clock.every(WRITE_EVERY_MS, () => this.#tick());
  }

  /** Writes what waits, and ends. */
  async stop(): Promise<void> {
    this.#ticking?.cancel();
    this.#tick();
    await this.#writing;
  }

  /** A message of drachtio's admin protocol, whatever it is. */
  seen(admin: string): void {
    const message = readSeenMessage(admin);
    if (!message) return;
    const nowMs = this.parts.clock.nowMs();
    const leg = this.#legs.get(message.sipCallId) ?? this.#newLeg(message.sipCallId, nowMs);
    if (!leg || leg.count >= MAX_MESSAGES_OF_LEG) return;
    leg.count++;
    const { sipCallId, way, transport, peer } = message;
    const kept = withoutSecrets(message.text);
    const traced = { id: newId(nowMs), sipCallId, seenAtMs: nowMs, way, transport, peer, message: kept };
    if (leg.begun) this.#keep([traced]);
    else leg.early.push(traced);
  }

  /** A leg of ours has this Call-ID from now on. */
  begin(sipCallId: string): void {
    const leg = this.#legs.get(sipCallId) ?? this.#newLeg(sipCallId, this.parts.clock.nowMs());
    if (!leg) return;
    leg.begun = true;
    leg.forgottenAtMs = null;
    this.#keep(leg.early);
    leg.early = [];
  }

  end(sipCallId: string): void {
    const leg = this.#legs.get(sipCallId);
    if (leg) leg.forgottenAtMs = this.parts.clock.nowMs() + ENDED_KEPT_MS;
  }

  #newLeg(sipCallId: string, nowMs: number): TracedLeg | null {
    if (this.#legs.size >= MAX_LEGS) {
      this.#leftOut++;
      return null;
    }
    const leg = { begun: false, forgottenAtMs: nowMs + UNKNOWN_KEPT_MS, count: 0, early: [] };
    this.#legs.set(sipCallId, leg);
    return leg;
  }

  #keep(messages: readonly TracedMessage[]): void {
    const room = Math.max(0, MAX_WAITING - this.#waiting.length);
    this.#waiting.push(...messages.slice(0, room));
    this.#leftOut += Math.max(0, messages.length - room);
  }

  #tick(): void {
    const nowMs = this.parts.clock.nowMs();
    for (const [sipCallId, { forgottenAtMs }] of this.#legs)
      if (forgottenAtMs !== null && forgottenAtMs <= nowMs) this.#legs.delete(sipCallId);
    if (this.#leftOut > 0) this.parts.log.warn('SIP messages were not kept', { messages: this.#leftOut });
    this.#leftOut = 0;
    this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const messages = this.#waiting.splice(0, MAX_IN_ONE_STATEMENT);
      try {
        await insertMessages(this.parts.database, messages);
      } catch (error) {
        this.parts.log.warn('SIP messages were not written', { messages: messages.length, error });
        return;
      }
    }
  }
}
