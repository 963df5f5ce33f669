import { chargedSeconds } from '../../src/cdr/cdr';
import type { FoundCdr } from '../../src/cdr/search-cdrs';
import { systemClock } from '../../src/kernel/clock';
import { e164 } from '../../src/kernel/phone-number';
import { addListEntry } from '../../src/rooms/list/list-store';
import { changeTrunk, trunkByAddress } from '../../src/trunks/trunks-store';
import { RoomStage } from '../support/room-stage';
import { eventually } from '../support/service';
import {
  calleeScenario,
  type LoggedMessage,
  loggedMessages,
  runSipp,
  scenario,
  startCallees,
} from '../support/sipp';
import { type CallFlow, type FlowRooms, RTP_TIMEOUT_MS } from './call-flow';
import { ENDING_FLOWS } from './call-flows-ends';
import { INSIDE_FLOWS } from './call-flows-inside';
import { INVITE_FLOWS } from './call-flows-invites';
import { CALLEE_FLOWS, type CalleeFlow, RINGING_FLOWS } from './call-flows-outbound';

/** Telephones that call at once: more would keep two processors from sending in time. */
const PARALLEL = 10;
/** How far a CDR may be from the telephone's own log. */
const SAME_TIME_MS = 1_000;
const CDR_LIMIT_MS = 15_000;
/** The longest that somebody rings, and a little more. */
const CALLEES_LIMIT_MS = 75_000;

/** Calls to an access number. */
const INBOUND_FLOWS: readonly CallFlow[] = [...ENDING_FLOWS, ...INSIDE_FLOWS, ...INVITE_FLOWS];

const twoDigits = (index: number) => String(index).padStart(2, '0');
/** Every flow has a caller's number and a Call-ID of its own, by which its CDR is found. */
const callId = (index: number) => `flow-${twoDigits(index)}-of-telephone`;
const callerOf = (index: number) => `+32224000${twoDigits(index)}`;
const calleeOf = (index: number) => e164(`+322250000${twoDigits(index)}`);

type Said = { readonly line: string; readonly text: string };

/** Final answers to the INVITEs of the application; the SIP server refuses some itself and tells nobody. */
function answersOf(said: readonly Said[]): string[] {
  const isAnswer = ({ line, text }: Said) =>
    /^SIP\/2\.0 [236]/.test(line) && /^CSeq: *\d+ INVITE/im.test(text);
  return [...new Set(said.filter(isAnswer).map(({ line }) => line))];
}

describe('whatever a telephone that calls does, its leg has one CDR that says it', () => {
  let stage: RoomStage;
  let rooms: FlowRooms;
  const played = new Map<number, { code: number | null; log: string }>();
  let cdrs: readonly FoundCdr[] = [];

  beforeAll(async () => {
    stage = await RoomStage.open(33_600, { RTP_TIMEOUT_MS: String(RTP_TIMEOUT_MS) });
    rooms = {
      open: await stage.room(),
      waiting: await stage.room({ waitsForModerator: true }),
      lobby: await stage.room({ lobby: true }),
      broke: await stage.service.room('0'),
    };
    const waiting = [...INBOUND_FLOWS.keys()];
    const worker = async () => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift())
        played.set(index, await play(index, INBOUND_FLOWS[index] as CallFlow));
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    cdrs = await cdrsOf(stage, INBOUND_FLOWS.filter(({ record }) => record !== 'none').length);
  }, 240_000);
  afterAll(() => stage.close());

  async function play(index: number, flow: CallFlow) {
    const { code, messages } = await runSipp({
      scenario: scenario(...flow.steps(rooms)),
      sipPort: stage.service.sipPort,
      number: flow.dials ?? stage.service.seed.accessNumber,
      from: callerOf(index),
      callId: callId(index),
      ignoresUnexpected: flow.sendsAtOnce ?? false,
    });
    return { code, log: messages };
  }

  it.each(INBOUND_FLOWS.map((flow, index) => [flow.name, index, flow] as const))('%s', (_, index, flow) => {
    const { code, log } = played.get(index) ?? { code: null, log: '' };
    const found = cdrs.filter(({ sipCallId }) => sipCallId === callId(index));
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    const legs = found.map(({ fromNumber, result, endedBy, sipStatus }) => ({
      fromNumber,
      result,
      endedBy,
      sipStatus,
    }));
    expect(legs).toEqual(flow.record === 'none' ? [] : [{ fromNumber: callerOf(index), ...flow.record }]);
    const [cdr] = found;
    if (cdr) expectTimes(cdr, loggedMessages(log, callId(index)), flow.lastSign);
  });

  it('and the trace of each leg has what the telephone sent and was told, in its order', async () => {
    for (const { cdrId, sipCallId } of cdrs) {
      const index = INBOUND_FLOWS.findIndex((_, flow) => callId(flow) === sipCallId);
      const said = loggedMessages(played.get(index)?.log ?? '', sipCallId);
      const received = said.filter(({ way }) => way === 'received');
      const sent = said.filter(({ way }) => way === 'sent');
      let messages: readonly (Said & { way: string })[] = [];
      const traced = (way: string) => messages.filter((one) => one.way === way);
      // What was seen is written once a second.
      await eventually(5_000, async () => {
        const trace = await stage.get<{ messages: { way: string; startLine: string; message: string }[] }>(
          `/cdrs/${cdrId}/trace`,
        );
        messages = trace.messages.map(({ way, startLine, message }) => ({
          way,
          line: startLine,
          text: message,
        }));
        return messages.length > 0 && answersOf(traced('out')).length >= answersOf(received).length;
      });
      expect(answersOf(traced('out'))).toEqual(answersOf(received));
      const lines = (all: readonly Said[]) => all.map(({ line }) => line);
      expect(lines(received)).toEqual(expect.arrayContaining(lines(traced('out'))));
      expect(lines(sent)).toEqual(expect.arrayContaining(lines(traced('in'))));
      expect(lines(traced('in'))[0]).toMatch(/^INVITE /);
    }
  });

  it('holds no credit afterwards, and the ledger is sound', async () => {
    for (const { accountId } of Object.values(rooms))
      expect((await stage.service.balance(accountId)).held.amountMicros).toBe(0n);
    expect((await stage.service.ledger()).faults).toEqual([]);
  });
});

describe('whatever a telephone that is called does, its leg has one CDR that says it', () => {
  const flows = [...CALLEE_FLOWS, ...RINGING_FLOWS];
  let stage: RoomStage;
  let callees: Awaited<ReturnType<typeof startCallees>>;
  let log = '';
  let cdrs: readonly FoundCdr[] = [];

  beforeAll(async () => {
    stage = await RoomStage.open(34_000, { RTP_TIMEOUT_MS: String(RTP_TIMEOUT_MS) });
    const { database } = stage.service;
    callees = await startCallees(
      calleeScenario(
        flows.map(({ steps }, index) => ({ numbers: `\\${calleeOf(index)}`, steps: steps.join('\n') })),
      ),
      { ignoresUnexpected: true },
    );
    const trunk = await trunkByAddress(database.read, '127.0.0.1');
    await changeTrunk(database, trunk?.id ?? '', {
      outward: { targets: [{ host: '127.0.0.1', port: callees.sipPort }] },
    });
    const goingOn = await roomCalling(0, CALLEE_FLOWS.length);
    const ending = await roomCalling(CALLEE_FLOWS.length, flows.length);
    const anna = await stage.enter(goingOn, 'moderator', '+3222399998');
    await anna.press('*95');
    const ben = await stage.enter(ending, 'moderator', '+3222399999');
    await ben.press('*95');
    await eventually(20_000, async () => (await ringing()) >= RINGING_FLOWS.length);
    await ben.press('*99');
    await eventually(CALLEES_LIMIT_MS, async () => (await stage.live(goingOn)).diallingOut === 0, 300);
    await anna.press('*99');
    cdrs = await cdrsOf(stage, flows.length + 2);
    log = (await callees.stop()).messages;
  }, 180_000);
  afterAll(async () => {
    await callees.stop();
    await stage.close();
  });

  async function roomCalling(from: number, to: number) {
    const room = await stage.room({ dialOutParallel: 10, dialOutAttempts: 1 }, 40);
    for (let index = from; index < to; index++)
      await addListEntry(
        stage.service.database,
        room.roomId,
        {
          name: `callee ${index}`,
          number: calleeOf(index),
          role: 'speaker',
          language: null,
          mayEnter: true,
          dialOut: true,
          validFromMs: null,
          validUntilMs: null,
        },
        systemClock.nowMs(),
      );
    return room;
  }

  /** How many of those who will ring to the end of their meeting are rung by now. */
  async function ringing(): Promise<number> {
    const { calls } = await stage.get<{ calls: { dialledNumber: string; phase: string }[] }>('/live/calls');
    const rung = flows.map((_, index) => calleeOf(index) as string).slice(CALLEE_FLOWS.length);
    return calls.filter(({ dialledNumber, phase }) => rung.includes(dialledNumber) && phase === 'ringing')
      .length;
  }

  it.each(flows.map((flow, index) => [flow.name, index, flow] as const))('%s', (_, index, flow) => {
    const found = cdrs.filter(({ dialledNumber }) => dialledNumber === calleeOf(index));
    const legs = found.map(({ result, endedBy, sipStatus }) => ({ result, endedBy, sipStatus }));
    const [cdr] = found;
    const messages = cdr ? loggedMessages(log, cdr.sipCallId) : [];
    const telephone = messages.map((message) => `${message.atMs} ${message.way} ${message.line}`);
    expect({ telephone, legs }).toEqual({ telephone, legs: [flow.record] });
    if (!cdr) return;
    expectTimes(cdr, flow.counts === false ? withoutAnswer(messages) : messages, flow.lastSign);
    if (flow.lastSign === undefined) expectBilled(cdr, messages);
  });

  it('holds no credit afterwards, and the ledger is sound', async () => {
    expect((await stage.service.ledger()).faults).toEqual([]);
  });
});

async function cdrsOf(stage: RoomStage, count: number): Promise<readonly FoundCdr[]> {
  // Too few is for the flow to say that has none.
  await eventually(CDR_LIMIT_MS, async () => (await stage.service.allCdrs()).length >= count).catch(
    () => null,
  );
  return stage.service.allCdrs();
}

/** Answer and end within a second of the telephone's own log; `lastSign` null: it has no end to tell of. */
function expectTimes(
  cdr: FoundCdr,
  messages: readonly LoggedMessage[],
  lastSign: CalleeFlow['lastSign'],
): void {
  const theirs = {
    answeredAtMs: answeredAtMs(messages),
    endedAtMs: lastSign === null ? cdr.endedAtMs : endedAtMs(messages, lastSign),
  };
  const isSame = (name: keyof typeof theirs) => {
    const [a, b] = [cdr[name], theirs[name]];
    return a === null || b === null ? a === b : Math.abs(a - b) <= SAME_TIME_MS;
  };
  const ours = { answeredAtMs: cdr.answeredAtMs, endedAtMs: cdr.endedAtMs };
  expect({ ours, theirs, answered: isSame('answeredAtMs'), ended: isSame('endedAtMs') }).toEqual({
    ours,
    theirs,
    answered: true,
    ended: true,
  });
}

/** A leg that we began is charged from its answer: as many seconds as the telephone counts, give or take one. */
function expectBilled(cdr: FoundCdr, messages: readonly LoggedMessage[]): void {
  const answered = answeredAtMs(messages);
  const talkedMs = answered === null ? 0 : (endedAtMs(messages) ?? answered) - answered;
  expect(Math.abs(chargedSeconds(cdr) - Math.ceil(talkedMs / 1_000))).toBeLessThanOrEqual(1);
}

const cseqOf = ({ text }: LoggedMessage) => /^CSeq: *(.*?)\s*$/im.exec(text)?.[1] ?? '';
const isFirstInvite = (message: LoggedMessage, messages: readonly LoggedMessage[]) =>
  cseqOf(message) === (messages[0] && cseqOf(messages[0]));

/** When the first 200 to the call was on the wire. */
function answeredAtMs(messages: readonly LoggedMessage[]): number | null {
  const ok = messages.find(
    (message) => message.line.startsWith('SIP/2.0 200') && isFirstInvite(message, messages),
  );
  return ok?.atMs ?? null;
}

function withoutAnswer(messages: readonly LoggedMessage[]): readonly LoggedMessage[] {
  return messages.filter(
    (message) => !(message.line.startsWith('SIP/2.0 200') && isFirstInvite(message, messages)),
  );
}

/** When the call was over for the telephone: a BYE that came or was confirmed, a refusal on the wire, or its last sign of life. */
function endedAtMs(messages: readonly LoggedMessage[], lastSign?: RegExp): number | null {
  if (lastSign) return messages.find(({ line }) => lastSign.test(line))?.atMs ?? null;
  const isConfirmed = (bye: LoggedMessage) =>
    messages.some((message) => message.line.startsWith('SIP/2.0 200') && cseqOf(message) === cseqOf(bye));
  const bye = messages.find(
    (message) => message.line.startsWith('BYE') && (message.way === 'received' || isConfirmed(message)),
  );
  const refusal = messages.find(
    (message) => /^SIP\/2\.0 [3-6]/.test(message.line) && isFirstInvite(message, messages),
  );
  return (bye ?? refusal)?.atMs ?? null;
}
