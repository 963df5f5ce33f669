import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { claimDelivery, type Delivery, endTry, findDueDeliveries } from './deliveries-store';
import { endpointSecret, signatureOf } from './endpoint-secret';
import { type Endpoint, listEndpoints } from './endpoints-store';
import { bodyOf, type StoredEvent } from './event';
import { readEvents } from './events-store';
import { ANSWER_LIMIT_MS, type Message } from './send-event';
import type { Targets } from './target-address';

const LOOK_EVERY_MS = 1_000;
/** Messages that are under way at once from this node. */
const MAX_AT_ONCE = 20;
/** A sender that dies in the middle of one leaves it to others after this. */
const LEASE_MS = 3 * ANSWER_LIMIT_MS;

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 6 * 3_600_000;

export type SenderParts = {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** WEBHOOK_KEY. */
  readonly key: string;
  readonly targets: Targets;
  /** Gives the status of the answer. */
  readonly send: (message: Message) => Promise<number>;
};

/**
 * Sends events to endpoints, each at least once: an endpoint tells a repeated one by its id, which is also its Idempotency-Key. Of one thing the events come
 * in their order; what an endpoint does not take is tried again for three days, then it is dead and the next of that thing goes.
 */
export class WebhookSender {
  #timer: Timer | null = null;
  #round: Promise<void> | null = null;
  #stopped = false;

  constructor(private readonly parts: SenderParts) {}

  start(): void {
    this.#timer = this.parts.clock.every(LOOK_EVERY_MS, () => this.#begin());
  }

  /** Resolves when nothing is due any more, or what is due was tried. */
  async idle(): Promise<void> {
    this.#begin();
    await this.#round;
  }

  /** Sends nothing new, and resolves when what is under way is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#round;
  }

  #begin(): void {
    if (this.#stopped) return;
    this.#round ??= this.#sendWhatIsDue()
      // The database is away; the next look tries again.
      .catch((error: unknown) => this.parts.log.warn('webhooks could not be looked for', { error }))
      .finally(() => {
        this.#round = null;
      });
  }

  async #sendWhatIsDue(): Promise<void> {
    const { database, clock } = this.parts;
    while (!this.#stopped) {
      const due = await findDueDeliveries(database.read, { nowMs: clock.nowMs(), limit: MAX_AT_ONCE });
      if (due.length === 0) return;
      const endpoints = new Map((await listEndpoints(database.read)).map((one) => [one.id, one]));
      const events = await readEvents(
        database.read,
        due.map(({ eventId }) => eventId),
      );
      const tried = await Promise.all(
        due.map(async (delivery) => {
          const endpoint = endpoints.get(delivery.endpointId);
          const event = events.get(delivery.eventId);
          return endpoint && event ? this.#try(delivery, endpoint, event) : false;
        }),
      );
      // Others have all of it.
      if (!tried.includes(true)) return;
    }
  }

  async #try(delivery: Delivery, endpoint: Endpoint, event: StoredEvent): Promise<boolean> {
    const { database, clock, log } = this.parts;
    const nowMs = clock.nowMs();
    const lease = { nowMs, untilMs: nowMs + LEASE_MS };
    if (!(await database.write((sql) => claimDelivery(sql, delivery, lease)))) return false;
    const answer = await this.#send(endpoint, event);
    const end = outcome({ ...delivery, attempts: delivery.attempts + 1 }, answer, clock.nowMs());
    await database.write((sql) => endTry(sql, delivery, end));
    const facts = { endpointId: endpoint.id, eventId: event.id, kind: event.kind, answer: end.answer };
    if (end.state === 'dead') log.error('a webhook is given up', facts);
    else if (end.state === 'waiting') log.warn('a webhook was not taken', facts);
    return true;
  }

  async #send(endpoint: Endpoint, event: StoredEvent): Promise<Answer> {
    const { clock, key, targets, send } = this.parts;
    const body = bodyOf(event);
    const seconds = Math.floor(clock.nowMs() / 1_000);
    const numbers = [endpoint.secretNumber];
    if (endpoint.formerSecretUntilMs > clock.nowMs()) numbers.push(endpoint.secretNumber - 1);
    const signatures = numbers.map((number) =>
      signatureOf(endpointSecret(key, endpoint.id, number), { id: event.id, seconds, body }),
    );
    try {
      const status = await send({
        url: endpoint.url,
        targets,
        body,
        headers: {
          'webhook-id': event.id,
          'webhook-timestamp': String(seconds),
          'webhook-signature': signatures.join(' '),
          'idempotency-key': event.id,
        },
      });
      return { status };
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) };
    }
  }
}

type Answer = { readonly status: number } | { readonly failure: string };

/** What follows from an answer: any 2xx takes the event; anything else is tried again until the three days are over. Pure. */
export function outcome(
  delivery: Pick<Delivery, 'attempts' | 'giveUpAtMs'>,
  answer: Answer,
  nowMs: number,
): {
  readonly state: Delivery['state'];
  readonly answer: string;
  readonly tryAtMs: number;
  readonly nowMs: number;
} {
  const told = 'status' in answer ? `answered ${answer.status}` : answer.failure;
  if ('status' in answer && answer.status >= 200 && answer.status < 300)
    return { state: 'done', answer: told, tryAtMs: nowMs, nowMs };
  if (nowMs >= delivery.giveUpAtMs) return { state: 'dead', answer: told, tryAtMs: nowMs, nowMs };
  const tryAtMs = Math.min(delivery.giveUpAtMs, nowMs + retryAfterMs(delivery.attempts));
  return { state: 'waiting', answer: told, tryAtMs, nowMs };
}

/** 5 s after the first failure, then three times as long each time, at most six hours. */
export function retryAfterMs(attempts: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 3 ** (attempts - 1));
}
