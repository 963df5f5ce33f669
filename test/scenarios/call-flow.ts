import type { CallResult, EndedBy } from '../../src/cdr/cdr';
import type { StageRoom } from '../support/room-stage';
import {
  acknowledgeRefusal,
  connected,
  connectedKnowing,
  gets,
  goodbye,
  KNOWN,
  maybe,
  wait,
} from '../support/sip-flow';
import { infoDigits } from '../support/sipp';

/** A leg dies after so long without RTP; no silent telephone of another flow stays that long. */
export const RTP_TIMEOUT_MS = 12_000;

/** Rooms that flows go into. */
export type FlowRooms = {
  readonly open: StageRoom;
  /** Waits for its moderator, who never comes. */
  readonly waiting: StageRoom;
  readonly lobby: StageRoom;
  /** Its owner has no credit, so the house lets everybody go at once. */
  readonly broke: StageRoom;
};

/** What the leg's one CDR must say; `none`: the SIP server answers by itself, before anybody looks at who calls. */
export type FlowRecord =
  | 'none'
  | {
      readonly result: CallResult;
      readonly endedBy: EndedBy;
      readonly sipStatus: number;
      readonly fromNumber?: string | null;
    };

/** One way in which a telephone may behave. */
export type CallFlow = {
  readonly name: string;
  readonly steps: (rooms: FlowRooms) => readonly string[];
  readonly record: FlowRecord;
  readonly dials?: string;
  /** Sends without waiting for the answer before: that may come in between. */
  readonly sendsAtOnce?: boolean;
  /** The telephone's own last sign of life, for a flow that ends without BYE or refusal: the first message that begins so. */
  readonly lastSign?: RegExp;
};

export const byCaller: Exclude<FlowRecord, 'none'> = {
  result: 'completed',
  endedBy: 'caller',
  sipStatus: 200,
};
export const cancelled: FlowRecord = { result: 'cancelled', endedBy: 'caller', sipStatus: 487 };
export const notAcked: FlowRecord = { result: 'no-ack', endedBy: 'network', sipStatus: 200 };
export const dead: FlowRecord = { result: 'media-lost', endedBy: 'network', sipStatus: 200 };
export const withoutCredit: FlowRecord = { result: 'no-credit', endedBy: 'house', sipStatus: 200 };

/** Types Room ID and PIN by INFO; CSeq 10 to 50. */
export const intoRoom = ({ roomNumber, participantPin }: StageRoom) => [
  wait(400),
  infoDigits(`${roomNumber}#`, 10),
  wait(700),
  infoDigits(`${participantPin}#`, 30),
  wait(1_800),
];

/** An established call in which this happens, and which the caller then ends. */
export const during = (...steps: readonly string[]) => [
  connected(),
  wait(300),
  ...steps,
  wait(300),
  goodbye(),
];
/** The same for steps whose answers bring another tag than the call's. */
export const duringKnown = (...steps: readonly string[]) => [
  connectedKnowing(),
  wait(300),
  ...steps,
  wait(300),
  goodbye(900, KNOWN),
];
/** An INVITE that the server refuses. */
export const refused = (invite: string, status: number, to?: string) => [
  invite,
  maybe(100),
  gets(status),
  to === undefined ? acknowledgeRefusal() : acknowledgeRefusal(to),
];

export const NOBODY = '<sip:[service]@[remote_ip]:[remote_port]>;tag=nobody';

export const flow = (name: string, steps: readonly string[], record: FlowRecord): CallFlow => ({
  name,
  steps: () => steps,
  record,
});
export const roomFlow = (name: string, steps: CallFlow['steps'], record: FlowRecord): CallFlow => ({
  name,
  steps,
  record,
});

export const atOnce = (made: CallFlow): CallFlow => ({ ...made, sendsAtOnce: true });
