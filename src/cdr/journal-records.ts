import type { ClosedLeg } from './cdr';

/** What is known of a leg when it is opened, before it is answered; an outbound leg knows the room session that it was dialled for. */
export type OpenedLeg = Omit<
  ClosedLeg,
  | 'ringingAtMs'
  | 'waitedMs'
  | 'hangupCause'
  | 'answeredAtMs'
  | 'chargedFromMs'
  | 'endedAtMs'
  | 'result'
  | 'endedBy'
  | 'sipStatus'
  | 'quality'
  | 'roomId'
  | 'roomRole'
  | 'payerAccountId'
>;

/**
 * Who entered which room at whose cost. A leg in the lobby, or waiting for its moderator, has entered but is not charged: its
 * `chargedFromMs` is null until a second entry says from when. An outbound leg may be charged from its answer without any room.
 */
export type RoomEntry = Pick<
  ClosedLeg,
  'roomId' | 'roomSessionId' | 'roomRole' | 'payerAccountId' | 'chargedFromMs'
> & {
  /** Since when the leg waits, or waited before it was let in; left out by those who never wait. */
  readonly waitingFromMs?: number;
};

/** A line of the journal. Nothing typed by a caller is ever in one. */
export type JournalRecord =
  | { readonly type: 'opened'; readonly leg: OpenedLeg }
  | { readonly type: 'ringing'; readonly cdrId: string; readonly atMs: number }
  | { readonly type: 'answered'; readonly cdrId: string; readonly atMs: number }
  | { readonly type: 'entered'; readonly cdrId: string; readonly entry: RoomEntry }
  | { readonly type: 'alive'; readonly cdrIds: readonly string[]; readonly atMs: number }
  | { readonly type: 'ending'; readonly leg: ClosedLeg }
  | { readonly type: 'closed'; readonly leg: ClosedLeg }
  | { readonly type: 'written'; readonly cdrId: string }
  | { readonly type: 'checkpoint'; readonly state: JournalState };

/** A leg that was opened and not closed. */
export type OpenLeg = {
  readonly leg: OpenedLeg;
  readonly ringingAtMs: number | null;
  readonly answeredAtMs: number | null;
  readonly entry: RoomEntry | null;
  readonly lastAliveMs: number;
  /** How it ended, once it has, while last words are spoken and measurements awaited; what the CDR will say but for the quality. */
  readonly ending: ClosedLeg | null;
};

/** What a journal says when it is read to its end. */
export type JournalState = {
  readonly nextSequence: number;
  readonly open: readonly OpenLeg[];
  /** Closed, but not yet known to be in the database. */
  readonly closed: readonly ClosedLeg[];
};

/**
 * What the records read or written so far add up to. Kept in maps that change in place: with a backlog of a hundred thousand legs, a new
 * state for each record would cost more than the calls themselves.
 */
export class JournalBook {
  #nextSequence = 1;
  readonly #open = new Map<string, OpenLeg>();
  readonly #closed = new Map<string, ClosedLeg>();

  get state(): JournalState {
    return {
      nextSequence: this.#nextSequence,
      open: [...this.#open.values()],
      closed: [...this.#closed.values()],
    };
  }

  /** Takes one more record. Records of legs that are not open change nothing, so a replay may repeat any of them. */
  apply(record: JournalRecord): void {
    switch (record.type) {
      case 'checkpoint':
        return this.#restore(record.state);
      case 'opened':
        this.#nextSequence = Math.max(this.#nextSequence, record.leg.nodeSequence + 1);
        this.#open.set(record.leg.cdrId, justOpened(record.leg));
        return;
      case 'closed':
        this.#open.delete(record.leg.cdrId);
        this.#closed.set(record.leg.cdrId, record.leg);
        return;
      case 'written':
        // A leg whose end found the disk full is only ever said to be written: then it is not open either.
        this.#open.delete(record.cdrId);
        this.#closed.delete(record.cdrId);
        return;
      case 'alive':
        for (const cdrId of record.cdrIds) this.#change(cdrId, (leg) => afterLegRecord(leg, record));
        return;
      default:
        this.#change(record.type === 'ending' ? record.leg.cdrId : record.cdrId, (leg) =>
          afterLegRecord(leg, record),
        );
    }
  }

  #restore(state: JournalState): void {
    this.#nextSequence = state.nextSequence;
    this.#open.clear();
    this.#closed.clear();
    for (const open of state.open) this.#open.set(open.leg.cdrId, open);
    for (const leg of state.closed) this.#closed.set(leg.cdrId, leg);
  }

  #change(cdrId: string, to: (leg: OpenLeg) => OpenLeg): void {
    const open = this.#open.get(cdrId);
    if (open) this.#open.set(cdrId, to(open));
  }
}

function justOpened(leg: OpenedLeg): OpenLeg {
  return {
    leg,
    ringingAtMs: null,
    answeredAtMs: null,
    entry: null,
    lastAliveMs: leg.startedAtMs,
    ending: null,
  };
}

type LegRecord = Extract<
  JournalRecord,
  { readonly type: 'ringing' | 'answered' | 'entered' | 'alive' | 'ending' }
>;

/** An open leg after one more record of it. Pure. */
function afterLegRecord(leg: OpenLeg, record: LegRecord): OpenLeg {
  const aliveUntil = (atMs: number) => ({ lastAliveMs: Math.max(leg.lastAliveMs, atMs) });
  switch (record.type) {
    case 'ringing':
      return { ...leg, ringingAtMs: leg.ringingAtMs ?? record.atMs, ...aliveUntil(record.atMs) };
    case 'answered':
      return { ...leg, answeredAtMs: record.atMs, ...aliveUntil(record.atMs) };
    case 'entered': {
      const { chargedFromMs, waitingFromMs } = record.entry;
      return {
        ...leg,
        entry: { ...leg.entry, ...record.entry },
        ...aliveUntil(chargedFromMs ?? waitingFromMs ?? leg.lastAliveMs),
      };
    }
    case 'alive':
      return { ...leg, ...aliveUntil(record.atMs) };
    case 'ending':
      return { ...leg, ending: record.leg };
  }
}

/** How a leg is closed when the process that carried it is gone: at its last proof of life, since nothing later can be proven. */
export function closeAfterCrash(open: OpenLeg): ClosedLeg {
  if (open.ending) return open.ending;
  return {
    ...open.leg,
    roomId: open.entry?.roomId ?? null,
    roomSessionId: open.entry?.roomSessionId ?? open.leg.roomSessionId,
    roomRole: open.entry?.roomRole ?? null,
    payerAccountId: open.entry?.payerAccountId ?? null,
    ringingAtMs: open.ringingAtMs,
    answeredAtMs: open.answeredAtMs,
    waitedMs: waitedMs(open),
    chargedFromMs: open.entry?.chargedFromMs ?? null,
    endedAtMs: open.lastAliveMs,
    result: 'crashed',
    endedBy: 'house',
    sipStatus: open.answeredAtMs === null ? 500 : 200,
    hangupCause: null,
    quality: null,
  };
}

function waitedMs({ entry, lastAliveMs }: OpenLeg): number {
  if (entry?.waitingFromMs === undefined) return 0;
  return Math.max(0, (entry.chargedFromMs ?? lastAliveMs) - entry.waitingFromMs);
}
