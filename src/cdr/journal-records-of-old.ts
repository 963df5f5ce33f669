import type { ClosedLeg } from './cdr';
import type { JournalRecord, JournalState, OpenedLeg, OpenLeg, RoomEntry } from './journal-records';

/** A part of a record as an earlier version wrote it: what came later is missing, and the role 'participant' is now 'speaker'. */
type Old<T> = { readonly [K in keyof T]?: unknown };

/**
 * A checked line of the journal as a record of this version. Journals outlive updates: what an older version did not know gets the
 * value that was true then (first attempt, never waited, no session, no cause, a call of one leg that was nobody's).
 */
export function ofThisVersion(record: JournalRecord): JournalRecord {
  switch (record.type) {
    case 'opened':
      return { ...record, leg: openedLeg(record.leg) };
    case 'entered':
      return { ...record, entry: roomEntry(record.entry) };
    case 'ending':
    case 'closed':
      return { ...record, leg: closedLeg(record.leg) };
    case 'checkpoint':
      return { ...record, state: journalState(record.state) };
    default:
      return record;
  }
}

function openedLeg(leg: Old<OpenedLeg>): OpenedLeg {
  return { attempt: 1, roomSessionId: null, ...oneLegOfNobody(leg.cdrId), ...leg } as OpenedLeg;
}

function roomEntry(entry: Old<RoomEntry>): RoomEntry {
  return { roomSessionId: null, ...entry, roomRole: roomRole(entry.roomRole) } as RoomEntry;
}

/** Also for legs that were archived long ago. */
export function closedLeg(leg: Old<ClosedLeg>): ClosedLeg {
  return {
    attempt: 1,
    roomSessionId: null,
    ...oneLegOfNobody(leg.cdrId),
    ringingAtMs: null,
    waitedMs: 0,
    hangupCause: null,
    ...leg,
    roomRole: roomRole(leg.roomRole),
  } as ClosedLeg;
}

function openLeg(open: OpenLeg): OpenLeg {
  const ringing: Pick<OpenLeg, 'ringingAtMs'> = { ringingAtMs: open.ringingAtMs ?? null };
  return {
    ...open,
    ...ringing,
    leg: openedLeg(open.leg),
    entry: open.entry && roomEntry(open.entry),
    ending: open.ending && closedLeg(open.ending),
  };
}

function journalState(state: JournalState): JournalState {
  return { ...state, open: state.open.map(openLeg), closed: state.closed.map(closedLeg) };
}

function oneLegOfNobody(cdrId: unknown) {
  const nobody = { accountId: null, deviceId: null, costDeckId: null };
  return { callId: cdrId, isWithheld: false, callerIdentity: null, ...nobody };
}

function roomRole(role: unknown): unknown {
  return role === 'participant' ? 'speaker' : role;
}
