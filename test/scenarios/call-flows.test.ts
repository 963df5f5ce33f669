import type { FoundCdr } from '../../src/cdr/search-cdrs';
import { RoomStage } from '../support/room-stage';
import { eventually } from '../support/service';
import { type LoggedMessage, loggedMessages, runSipp, scenario } from '../support/sipp';
import { type CallFlow, type FlowRooms, INBOUND_FLOWS, RTP_TIMEOUT_MS } from './call-flows-inbound';

/** Telephones that call at once: more would keep two processors from sending in time. */
const PARALLEL = 10;
/** How far a CDR may be from the telephone's own log. */
const SAME_TIME_MS = 1_000;
const CDR_LIMIT_MS = 10_000;

const callId = (index: number) => `flow-${String(index).padStart(2, '0')}-of-telephone`;

describe('whatever a telephone does, its leg has one CDR that says it', () => {
  let stage: RoomStage;
  let rooms: FlowRooms;
  /** What went wrong on the telephones' side, by flow. */
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
    // The slowest first, so that the others fill the time.
    const waiting = [...INBOUND_FLOWS.keys()];
    const worker = async () => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift())
        played.set(index, await play(index, INBOUND_FLOWS[index] as CallFlow));
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    const expected = INBOUND_FLOWS.filter(({ record }) => record !== 'none').length;
    await eventually(CDR_LIMIT_MS, async () => (await stage.service.allCdrs()).length >= expected).catch(
      () => undefined,
    );
    cdrs = await stage.service.allCdrs();
  }, 240_000);
  afterAll(() => stage.close());

  async function play(index: number, flow: CallFlow) {
    const { code, messages } = await runSipp({
      scenario: scenario(...flow.steps(rooms)),
      sipPort: stage.service.sipPort,
      number: flow.dials ?? stage.service.seed.accessNumber,
      from: `+32224000${String(index).padStart(2, '0')}`,
      callId: callId(index),
    });
    return { code, log: messages };
  }

  it.each(INBOUND_FLOWS.map((flow, index) => [flow.name, index, flow] as const))('%s', (_, index, flow) => {
    const { code, log } = played.get(index) ?? { code: null, log: '' };
    const found = cdrs.filter(({ sipCallId }) => sipCallId === callId(index));
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    if (flow.record === 'none') {
      expect(found).toEqual([]);
      return;
    }
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      fromNumber: `+32224000${String(index).padStart(2, '0')}`,
      ...flow.record,
    });
    const messages = loggedMessages(log, callId(index));
    expectTimes(found[0] as FoundCdr, answeredAtMs(messages), endedAtMs(messages, flow));
  });
});

function expectTimes(cdr: FoundCdr, answered: number | null, ended: number | null): void {
  const off = (ours: number | null, theirs: number | null) =>
    ours === null || theirs === null ? ours === theirs : Math.abs(ours - theirs) <= SAME_TIME_MS;
  const facts = { ours: [cdr.answeredAtMs, cdr.endedAtMs], theirs: [answered, ended] };
  expect({ ...facts, answered: off(cdr.answeredAtMs, answered), ended: off(cdr.endedAtMs, ended) }).toEqual({
    ...facts,
    answered: true,
    ended: true,
  });
}

const cseqOf = ({ text }: LoggedMessage) => /^CSeq: *(.*?)\s*$/im.exec(text)?.[1] ?? '';

/** When the telephone had our first 200 to its call. */
function answeredAtMs(messages: readonly LoggedMessage[]): number | null {
  const ok = messages.find(
    (message) => message.line.startsWith('SIP/2.0 200') && cseqOf(message) === '1 INVITE',
  );
  return ok?.atMs ?? null;
}

/** When the call was over for the telephone: a BYE of ours, one of its own that we confirmed, or our refusal. */
function endedAtMs(messages: readonly LoggedMessage[], flow: CallFlow): number | null {
  const { lastSign } = flow;
  if (lastSign) return messages.find(({ line }) => lastSign.test(line))?.atMs ?? null;
  const isConfirmed = (bye: LoggedMessage) =>
    messages.some(
      (message) =>
        message.way === 'received' &&
        message.line.startsWith('SIP/2.0 200') &&
        cseqOf(message) === cseqOf(bye),
    );
  const bye = messages.find(
    (message) => message.line.startsWith('BYE') && (message.way === 'received' || isConfirmed(message)),
  );
  const refusal = messages.find(
    (message) => /^SIP\/2\.0 [3-6]/.test(message.line) && cseqOf(message) === '1 INVITE',
  );
  return (bye ?? refusal)?.atMs ?? null;
}
