import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../kernel/clock';
import { frame } from './frames';
import { uuidSequence } from './uuid-sequence';

/** Verbs an application may route; what is not here is refused, as drachtio-server does. */
export const routableVerbs: ReadonlySet<string> = new Set([
  'invite',
  'register',
  'options',
  'message',
  'info',
  'notify',
  'subscribe',
  'publish',
  'refer',
  'update',
  'bye',
  'cancel',
  'ack',
  'prack',
  'cdr:attempt',
  'cdr:start',
  'cdr:stop',
]);

/** A client that leaves so many bytes unread is cut off, before its queue eats the process. */
const maxUnsentBytes = 16 * 1024 * 1024;

/** Replies that no network message follows leave so much later at most. */
const longestHoldMs = 4;

/** Under load what the network sent leaves so often at most; after a pause it leaves at once. */
const busyGapMs = 2;

/**
 * One application connected to the admin port. What the network sent leaves at the end of the turn of the event loop, or a moment after
 * the last write; replies to the application wait a little for company. Each write costs both ends as much as all the rest of a
 * message's way through here.
 */
export class Client {
  authenticated = false;
  readonly verbs = new Set<string>();
  private held = '';
  private flushing = false;
  private holdTimer: Timer | undefined = undefined;
  private flushedAtMs = Number.NEGATIVE_INFINITY;
  private readonly newMessageId = uuidSequence();

  constructor(
    readonly socket: Socket,
    private readonly clock: Clock,
    private readonly onFlood: () => void,
  ) {}

  get connected(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** Sends a message of the admin protocol (wire text, without id). */
  send(message: string): void {
    if (!this.connected) return;
    this.held += frame(`${this.newMessageId()}|${message}`);
    if (this.flushing) return;
    this.flushing = true;
    const waitMs = this.flushedAtMs + busyGapMs - this.clock.monotonicMs();
    if (waitMs <= 0) setImmediate(this.flush);
    else {
      this.holdTimer?.cancel();
      this.holdTimer = this.clock.after(waitMs, this.flush);
    }
  }

  /** Answers the message `id`: `OK|...`, `NO|reason` or `NOK|reason`. Order with what is sent stays. */
  reply(id: string, result: string): void {
    if (!this.connected) return;
    this.held += frame(`${this.newMessageId()}|response|${id}|${result}`);
    if (!this.flushing) this.holdTimer ??= this.clock.after(longestHoldMs, this.flush);
  }

  /** Sends what is held, then closes. */
  end(): void {
    this.flush();
    this.socket.end();
  }

  private readonly flush = (): void => {
    this.flushing = false;
    this.holdTimer?.cancel();
    this.holdTimer = undefined;
    this.flushedAtMs = this.clock.monotonicMs();
    const bytes = this.held;
    this.held = '';
    if (bytes === '' || !this.connected) return;
    if (this.socket.writableLength > maxUnsentBytes) {
      this.onFlood();
      this.socket.destroy();
      return;
    }
    this.socket.write(bytes, 'latin1');
  };
}

/** The connected applications and which verbs they want; requests go to one of them in turn. */
export class ClientRegistry {
  private readonly clients = new Set<Client>();
  private readonly byVerb = new Map<string, Client[]>();
  private readonly turns = new Map<string, number>();

  get size(): number {
    return this.clients.size;
  }

  add(client: Client): void {
    this.clients.add(client);
  }

  remove(client: Client): void {
    this.clients.delete(client);
    for (const verb of client.verbs) this.unroute(client, verb);
  }

  /** Registers a wish for a verb, once however often it is said; false for a verb that cannot be routed. */
  route(client: Client, verb: string): boolean {
    if (!routableVerbs.has(verb)) return false;
    if (client.verbs.has(verb)) return true;
    client.verbs.add(verb);
    this.byVerb.set(verb, [...(this.byVerb.get(verb) ?? []), client]);
    return true;
  }

  /** Takes the client out of all verbs, as drachtio-server does whichever verb was named; false for an unknown verb. */
  removeRoutes(client: Client, verb: string): boolean {
    if (!routableVerbs.has(verb)) return false;
    for (const routed of client.verbs) this.unroute(client, routed);
    client.verbs.clear();
    return true;
  }

  /** The client whose turn it is for a verb; undefined when none wants it. */
  pick(verb: string): Client | undefined {
    const willing = this.byVerb.get(verb);
    if (willing === undefined || willing.length === 0) return undefined;
    const turn = (this.turns.get(verb) ?? 0) % willing.length;
    this.turns.set(verb, turn + 1);
    return willing[turn];
  }

  /** Whether any client wants the verb. */
  wanted(verb: string): boolean {
    return (this.byVerb.get(verb)?.length ?? 0) > 0;
  }

  /** Closes all connections. */
  close(): void {
    for (const client of this.clients) client.socket.destroy();
  }

  private unroute(client: Client, verb: string): void {
    const left = (this.byVerb.get(verb) ?? []).filter((other) => other !== client);
    if (left.length === 0) this.byVerb.delete(verb);
    else this.byVerb.set(verb, left);
  }
}
