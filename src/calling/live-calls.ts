import { EventEmitter } from 'node:events';
import type { OpenedLeg } from '../cdr/journal-records';
import type { RoomRole } from '../kernel/room-role';

/** A call that is going on, as operators see it. */
export type LiveCall = {
  readonly callId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly fromNumber: string | null;
  /** The caller asked that his number be kept from others. */
  readonly isWithheld: boolean;
  readonly dialledNumber: string;
  readonly trunkId: string | null;
  /** Whose leg it is, and the telephone of his that it is to or from; null for a stranger's, and for a leg without a telephone of ours. */
  readonly accountId: string | null;
  readonly deviceId: string | null;
  readonly phase: 'ringing' | 'menu' | 'waiting' | 'talking';
  readonly roomId: string | null;
  readonly roomRole: RoomRole | null;
  readonly startedAtMs: number;
  readonly enteredAtMs: number | null;
  /** Seconds from entry that are paid for; null before entry. */
  readonly paidSeconds: number | null;
};

/** A call of which nothing more is known than that it began. */
export function beginningCall(opened: OpenedLeg): LiveCall {
  return {
    callId: opened.cdrId,
    direction: opened.direction,
    fromNumber: opened.fromNumber,
    isWithheld: opened.isWithheld,
    dialledNumber: opened.dialledNumber,
    trunkId: opened.trunkId,
    accountId: opened.accountId,
    deviceId: opened.deviceId,
    phase: 'ringing',
    roomId: null,
    roomRole: null,
    startedAtMs: opened.startedAtMs,
    enteredAtMs: null,
    paidSeconds: null,
  };
}

/** What changed: 'ended' carries the call as it last was. */
export type LiveCallChange = { readonly type: 'started' | 'changed' | 'ended'; readonly call: LiveCall };

type Entry = { call: LiveCall; end: () => void };

/** Every call of this node, and who wants to know of changes. */
export class LiveCalls {
  readonly #calls = new Map<string, Entry>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  /** `end` takes the call out of the service when an operator asks for it. */
  add(call: LiveCall, end: () => void): void {
    this.#calls.set(call.callId, { call, end });
    this.#tell('started', call);
  }

  update(callId: string, change: Partial<Omit<LiveCall, 'callId'>>): void {
    const entry = this.#calls.get(callId);
    if (!entry) return;
    entry.call = { ...entry.call, ...change };
    this.#tell('changed', entry.call);
  }

  delete(callId: string): void {
    const entry = this.#calls.get(callId);
    if (!entry) return;
    this.#calls.delete(callId);
    this.#tell('ended', entry.call);
  }

  /** Ends a call on an operator's wish; false when there is none. */
  end(callId: string): boolean {
    const entry = this.#calls.get(callId);
    entry?.end();
    return entry !== undefined;
  }

  get count(): number {
    return this.#calls.size;
  }

  /** Inbound calls from one number to another that are going on; a withheld number is nobody's. */
  countSame(fromNumber: string | null, dialledNumber: string): number {
    if (fromNumber === null) return 0;
    let count = 0;
    for (const { call } of this.#calls.values())
      if (
        call.direction === 'inbound' &&
        call.fromNumber === fromNumber &&
        call.dialledNumber === dialledNumber
      )
        count += 1;
    return count;
  }

  list(): readonly LiveCall[] {
    return [...this.#calls.values()].map(({ call }) => call);
  }

  /** Calls `handler` on every change until the returned function is called. */
  watch(handler: (change: LiveCallChange) => void): () => void {
    this.#changes.on('change', handler);
    return () => this.#changes.off('change', handler);
  }

  /** Resolves when no call is left. */
  whenEmpty(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.watch(() => {
        if (this.count > 0) return;
        stop();
        resolve();
      });
    });
  }

  #tell(type: LiveCallChange['type'], call: LiveCall): void {
    this.#changes.emit('change', { type, call } satisfies LiveCallChange);
  }
}
