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

export const EMPTY_STATE: JournalState = { nextSequence: 1, open: [], closed: [] };

/** The state after one more record. Pure; records of legs that are not open change nothing, so a replay may repeat any of them. */
export function afterRecord(state: JournalState, record: JournalRecord): JournalState {
  switch (record.type) {
    case 'checkpoint':
      return record.state;
    case 'opened': {
      const opened = {
        leg: record.leg,
        ringingAtMs: null,
        answeredAtMs: null,
        entry: null,
        lastAliveMs: record.leg.startedAtMs,
        ending: null,
      };
      const nextSequence = Math.max(state.nextSequence, record.leg.nodeSequence + 1);
      return { ...state, nextSequence, open: [...without(state.open, record.leg.cdrId), opened] };
    }
    case 'ringing':
      return change(state, [record.cdrId], (leg) => ({
        ...leg,
        ringingAtMs: leg.ringingAtMs ?? record.atMs,
        lastAliveMs: Math.max(leg.lastAliveMs, record.atMs),
      }));
    case 'answered':
      return change(state, [record.cdrId], (leg) => ({
        ...leg,
        answeredAtMs: record.atMs,
        lastAliveMs: record.atMs,
      }));
    case 'entered':
      return change(state, [record.cdrId], (leg) => ({
        ...leg,
        entry: { ...leg.entry, ...record.entry },
        lastAliveMs: Math.max(
          leg.lastAliveMs,
          record.entry.chargedFromMs ?? record.entry.waitingFromMs ?? leg.lastAliveMs,
        ),
      }));
    case 'alive':
      return change(state, record.cdrIds, (leg) => ({
        ...leg,
        lastAliveMs: Math.max(leg.lastAliveMs, record.atMs),
      }));
    case 'ending':
      return change(state, [record.leg.cdrId], (leg) => ({ ...leg, ending: record.leg }));
    case 'closed':
      return {
        ...state,
        open: without(state.open, record.leg.cdrId),
        closed: [...state.closed.filter((leg) => leg.cdrId !== record.leg.cdrId), record.leg],
      };
    case 'written':
      return { ...state, closed: state.closed.filter((leg) => leg.cdrId !== record.cdrId) };
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

function without(open: readonly OpenLeg[], cdrId: string): OpenLeg[] {
  return open.filter(({ leg }) => leg.cdrId !== cdrId);
}

function change(state: JournalState, cdrIds: readonly string[], to: (leg: OpenLeg) => OpenLeg): JournalState {
  const changed = new Set(cdrIds);
  return { ...state, open: state.open.map((open) => (changed.has(open.leg.cdrId) ? to(open) : open)) };
}
