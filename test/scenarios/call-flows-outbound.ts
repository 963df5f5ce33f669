import type { CallResult, EndedBy } from '../../src/cdr/cdr';
import { answer, asked, gets, letGo, maybe, request, sdp, wait } from '../support/sip-flow';
import { playDigits } from '../support/sipp';

/** One way in which somebody whom the house calls may behave. */
export type CalleeFlow = {
  readonly name: string;
  /** What his telephone does once it has the INVITE. */
  readonly steps: readonly string[];
  readonly record: { readonly result: CallResult; readonly endedBy: EndedBy; readonly sipStatus: number };
  /** The telephone's own last sign of life, for a flow that ends without BYE or refusal; null: it never gave one. */
  readonly lastSign?: RegExp | null;
  /** False for a 200 that nobody waits for any more: it does not count as an answer. */
  readonly counts?: false;
};

const tag = '[pid]U[call_number]';
const rings = answer('180 Ringing', { tag });
const answers = (body = sdp()) => [answer('200 OK', { tag, body }), asked('ACK')];
const declines = (line: string) => [answer(line, { tag }), asked('ACK')];
/** A late answer to the INVITE, after a CANCEL whose headers came last. */
const toInvite = (text: string) => text.replace('[last_CSeq:]', 'CSeq:[$houseCseq]');

/** A request of his inside the call. */
const asks = (method: string, cseq: number, body = '', contentType = 'application/sdp') =>
  request(method, {
    outside: true,
    uri: '[$houseUri]',
    from: `<sip:callee@[local_ip]:[local_port]>;tag=${tag}`,
    to: '[$houseFrom]',
    cseq,
    body,
    contentType,
  });
const hangsUp = [asks('BYE', 900), gets(200)];
/** He hears the question, presses 1, and is inside. */
const comesIn = [wait(1_500), playDigits('1'), wait(2_500)];

const completed = { result: 'completed', endedBy: 'callee', sipStatus: 200 } as const;
const refused = (result: CallResult, sipStatus: number) =>
  ({ result, endedBy: 'callee', sipStatus }) as const;
const takenBack = { result: 'room-ended', endedBy: 'house', sipStatus: 487 } as const;

/** Numbers on the list of a room whose meeting goes on. */
export const CALLEE_FLOWS: readonly CalleeFlow[] = [
  { name: 'is busy (486)', steps: declines('486 Busy Here'), record: refused('busy', 486) },
  {
    name: 'rings, and is busy then',
    steps: [rings, wait(500), ...declines('486 Busy Here')],
    record: refused('busy', 486),
  },
  { name: 'is busy everywhere (600)', steps: declines('600 Busy Everywhere'), record: refused('busy', 600) },
  { name: 'is away (480)', steps: declines('480 Away'), record: refused('no-answer', 480) },
  { name: 'is not known (404)', steps: declines('404 Not Found'), record: refused('unreachable', 404) },
  { name: 'is out of order (503)', steps: declines('503 Down'), record: refused('unreachable', 503) },
  { name: 'declines (603)', steps: declines('603 Decline'), record: refused('declined', 603) },
  {
    name: 'has moved (302): nobody is called whom the owner has not listed',
    steps: declines('302 Moved Temporarily'),
    record: refused('unreachable', 302),
  },
  {
    name: 'never answers at all',
    steps: [wait(34_000)],
    record: { result: 'no-answer', endedBy: 'house', sipStatus: 408 },
    lastSign: null,
  },
  {
    name: 'rings and rings',
    steps: [rings, asked('CANCEL'), answer('200 OK'), toInvite(answer('487 Gone', { tag })), asked('ACK')],
    record: { result: 'no-answer', endedBy: 'house', sipStatus: 487 },
  },
  {
    name: 'answers, presses 1 and hangs up',
    steps: [rings, ...answers(), ...comesIn, ...hangsUp],
    record: completed,
  },
  {
    name: 'sends early media (183), and answers',
    steps: [
      answer('183 Session Progress', { tag, body: sdp() }),
      wait(500),
      ...answers(),
      ...comesIn,
      ...hangsUp,
    ],
    record: completed,
  },
  { name: 'answers and hangs up at once', steps: [...answers(), ...hangsUp], record: completed },
  {
    name: 'answers without SDP',
    steps: [answer('200 OK', { tag }), asked('ACK'), letGo()],
    record: { result: 'failed', endedBy: 'house', sipStatus: 200 },
  },
  {
    name: 'answers with PCMA alone',
    steps: [...answers(sdp({ payloads: '8 96' })), ...comesIn, ...hangsUp],
    record: completed,
  },
  { name: 'hangs up at the question', steps: [...answers(), wait(1_000), ...hangsUp], record: completed },
  {
    name: 'presses 2 whenever he is asked',
    steps: [
      ...answers(),
      wait(1_200),
      playDigits('2'),
      wait(900),
      playDigits('2'),
      wait(900),
      playDigits('2'),
      letGo(),
    ],
    record: { result: 'not-accepted', endedBy: 'house', sipStatus: 200 },
  },
  {
    name: 'presses 1 when asked again',
    steps: [...answers(), wait(7_500), playDigits('1'), wait(2_000), ...hangsUp],
    record: completed,
  },
  {
    name: 'presses 1 by INFO',
    steps: [
      ...answers(),
      wait(1_200),
      asks('INFO', 2, 'Signal=1\nDuration=160', 'application/dtmf-relay'),
      gets(200),
      wait(2_500),
      ...hangsUp,
    ],
    record: completed,
  },
  {
    name: 'holds and resumes inside',
    steps: [
      ...answers(),
      ...comesIn,
      asks('INVITE', 10, sdp({ version: 2, attributes: ['sendonly'] })),
      maybe(100),
      gets(200),
      asks('ACK', 10),
      wait(1_000),
      asks('INVITE', 11, sdp({ version: 3 })),
      maybe(100),
      gets(200),
      asks('ACK', 11),
      wait(500),
      ...hangsUp,
    ],
    record: completed,
  },
  {
    name: 'crashes: not one packet, no answer to our BYE',
    steps: [...answers(), asked('BYE')],
    record: { result: 'media-lost', endedBy: 'network', sipStatus: 200 },
    lastSign: /^SIP\/2\.0 200/,
  },
  {
    name: 'forks, and both branches answer: the second gets ACK and BYE',
    steps: [
      answer('200 OK', { tag, body: sdp() }),
      answer('200 OK', { tag: `${tag}second`, body: sdp() }),
      // The server releases the second by itself, before the application has acknowledged the first.
      asked('ACK'),
      asked('BYE'),
      answer('200 OK'),
      asked('ACK'),
      wait(1_500),
      playDigits('1'),
      wait(1_500),
      ...hangsUp,
    ],
    record: completed,
    lastSign: /^BYE sip:(?!callee)/,
  },
];

/** Numbers on the list of a room whose meeting ends while their telephones ring. */
export const RINGING_FLOWS: readonly CalleeFlow[] = [
  {
    name: 'is still ringing when the meeting ends',
    steps: [rings, asked('CANCEL'), answer('200 OK'), toInvite(answer('487 Gone', { tag })), asked('ACK')],
    record: takenBack,
  },
  {
    name: 'answers in the moment the meeting ends: CANCEL crosses his 200',
    steps: [
      rings,
      asked('CANCEL'),
      answer('200 OK'),
      toInvite(answer('200 OK', { tag, body: sdp() })),
      asked('ACK'),
      letGo(),
    ],
    record: takenBack,
    lastSign: /^CANCEL/,
    counts: false,
  },
];
