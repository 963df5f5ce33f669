import type { CallResult, EndedBy } from '../../src/cdr/cdr';
import type { StageRoom } from '../support/room-stage';
import {
  acknowledge,
  acknowledgeRefusal,
  answer,
  asked,
  call,
  cancelCall,
  connected,
  connectedKnowing,
  gets,
  getsEither,
  goodbye,
  KNOWN,
  letGo,
  maybe,
  offerAgain,
  request,
  sdp,
  wait,
} from '../support/sip-flow';
import { infoDigits, playDigits, speak, speakAgain, stopSpeaking } from '../support/sipp';

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

const byCaller: FlowRecord = { result: 'completed', endedBy: 'caller', sipStatus: 200 };
const cancelled: FlowRecord = { result: 'cancelled', endedBy: 'caller', sipStatus: 487 };
const notAcked: FlowRecord = { result: 'no-ack', endedBy: 'network', sipStatus: 200 };
const dead: FlowRecord = { result: 'media-lost', endedBy: 'network', sipStatus: 200 };
const withoutCredit: FlowRecord = { result: 'no-credit', endedBy: 'house', sipStatus: 200 };

/** Types Room ID and PIN by INFO; CSeq 10 to 50. */
const intoRoom = ({ roomNumber, participantPin }: StageRoom) => [
  wait(400),
  infoDigits(`${roomNumber}#`, 10),
  wait(700),
  infoDigits(`${participantPin}#`, 30),
  wait(1_800),
];

/** An established call in which this happens, and which the caller then ends. */
const during = (...steps: readonly string[]) => [connected(), wait(300), ...steps, wait(300), goodbye()];
/** The same for steps whose answers bring another tag than the call's. */
const duringKnown = (...steps: readonly string[]) => [
  connectedKnowing(),
  wait(300),
  ...steps,
  wait(300),
  goodbye(900, KNOWN),
];
/** An INVITE that the server refuses. */
const refused = (invite: string, status: number, to?: string) => [
  invite,
  maybe(100),
  gets(status),
  to === undefined ? acknowledgeRefusal() : acknowledgeRefusal(to),
];

const NOBODY = '<sip:[service]@[remote_ip]:[remote_port]>;tag=nobody';

const flow = (name: string, steps: readonly string[], record: FlowRecord): CallFlow => ({
  name,
  steps: () => steps,
  record,
});
const roomFlow = (name: string, steps: CallFlow['steps'], record: FlowRecord): CallFlow => ({
  name,
  steps,
  record,
});

const atOnce = (made: CallFlow): CallFlow => ({ ...made, sendsAtOnce: true });

const CANCELS: readonly CallFlow[] = [
  flow(
    'CANCEL before any answer',
    [call(), cancelCall(), maybe(100), gets(200), gets(487), acknowledgeRefusal()],
    cancelled,
  ),
  flow(
    'CANCEL after 100',
    [call(), gets(100), cancelCall(), gets(200), gets(487), acknowledgeRefusal()],
    cancelled,
  ),
  flow(
    'CANCEL sent twice',
    [call(), cancelCall(), cancelCall(), maybe(100), gets(200), gets(487), acknowledgeRefusal()],
    cancelled,
  ),
  flow(
    'CANCEL whose 487 is never acknowledged',
    [call(), cancelCall(), maybe(100), gets(200), gets(487), wait(1_500)],
    cancelled,
  ),
  flow(
    'CANCEL that crosses our 200: the caller acknowledges and hangs up',
    [connectedKnowing(cancelCall(), getsEither(200, 481)), goodbye(900, KNOWN)],
    byCaller,
  ),
  flow(
    'CANCEL with a wrong branch gets 481, and the call comes about',
    [
      call(),
      cancelCall('elsewhere'),
      maybe(100),
      gets(481),
      maybe(100),
      gets(200),
      acknowledge(),
      wait(300),
      goodbye(),
    ],
    byCaller,
  ),
];

const ACKS: readonly CallFlow[] = [
  flow(
    'no ACK at all',
    [
      call(),
      maybe(100),
      gets(200),
      speak,
      wait(6_000),
      playDigits('1'),
      ...Array.from({ length: 9 }, () => maybe(200)),
      letGo(45_000),
    ],
    notAcked,
  ),
  flow(
    'ACK three seconds late',
    [call(), maybe(100), gets(200), wait(3_000), acknowledge(), wait(300), goodbye()],
    byCaller,
  ),
  flow('ACK repeated', during(acknowledge(), acknowledge(), acknowledge()), byCaller),
  flow(
    'ACK with a wrong CSeq does not count, the right one does',
    [call(), maybe(100), gets(200), acknowledge(7), wait(100), acknowledge(), wait(300), goodbye()],
    byCaller,
  ),
];

const BYES: readonly CallFlow[] = [
  flow('BYE before ACK', [call(), maybe(100), gets(200), goodbye()], byCaller),
  flow('BYE during the welcome', [connected(), wait(150), goodbye()], byCaller),
  flow('BYE after the welcome', [connected(), wait(1_500), goodbye()], byCaller),
  flow('BYE between two digits', [connected(), wait(800), playDigits('12'), goodbye()], byCaller),
  roomFlow(
    'BYE at the question for the PIN',
    ({ open }) => [connected(), wait(400), infoDigits(`${open.roomNumber}#`, 10), wait(400), goodbye()],
    byCaller,
  ),
  roomFlow(
    'BYE while waiting for the moderator',
    ({ waiting }) => [connected(), ...intoRoom(waiting), goodbye()],
    byCaller,
  ),
  roomFlow('BYE in the lobby', ({ lobby }) => [connected(), ...intoRoom(lobby), goodbye()], byCaller),
  roomFlow('BYE inside', ({ open }) => [connected(), ...intoRoom(open), wait(2_000), goodbye()], byCaller),
  roomFlow(
    'BYE during a prompt inside',
    ({ open }) => [connected(), ...intoRoom(open), infoDigits('*3', 100), wait(200), goodbye()],
    byCaller,
  ),
  flow(
    'BYE sent twice in one transaction',
    [connected(), wait(300), request('BYE'), request('BYE'), gets(200), wait(300)],
    byCaller,
  ),
  flow(
    'BYE again after the end gets 481',
    [connected(), wait(300), goodbye(), request('BYE', { cseq: 901 }), gets(481)],
    byCaller,
  ),
  flow(
    'BYE with a wrong tag gets 481, and the call goes on',
    duringKnown(
      request('BYE', { cseq: 2, to: NOBODY }),
      gets(481),
      wait(500),
      request('OPTIONS', { cseq: 3, to: KNOWN }),
      gets(200),
    ),
    byCaller,
  ),
  flow(
    'BYE with an old CSeq gets 500, and the call goes on',
    during(request('OPTIONS', { cseq: 50 }), gets(200), request('BYE', { cseq: 20 }), gets(500)),
    byCaller,
  ),
  atOnce(
    roomFlow(
      'BYE that crosses ours',
      ({ broke }) => [
        connected(),
        ...intoRoom(broke).slice(0, -1),
        asked('BYE'),
        request('BYE', { cseq: 900 }),
        answer('200 OK'),
        getsEither(200, 481),
      ],
      withoutCredit,
    ),
  ),
  roomFlow(
    'BYE of ours that is never answered',
    ({ broke }) => [connected(), ...intoRoom(broke).slice(0, -1), asked('BYE'), wait(5_500)],
    withoutCredit,
  ),
  roomFlow(
    'BYE of ours that is answered with 481',
    ({ broke }) => [connected(), ...intoRoom(broke).slice(0, -1), asked('BYE'), answer('481 Gone')],
    withoutCredit,
  ),
];

const held = (attribute: string) => sdp({ version: 2, attributes: [attribute] });
const resumed = sdp({ version: 3, attributes: ['sendrecv'] });

const OFFERS_INSIDE: readonly CallFlow[] = [
  flow('hold by sendonly', during(offerAgain(held('sendonly'))), byCaller),
  flow('hold by inactive', during(offerAgain(held('inactive'))), byCaller),
  flow('hold by c=0.0.0.0', during(offerAgain(sdp({ version: 2, connection: 'IN IP4 0.0.0.0' }))), byCaller),
  flow('hold and resume', during(offerAgain(held('sendonly')), wait(500), offerAgain(resumed, 3)), byCaller),
  flow(
    'hold for longer than a dead leg lives',
    during(
      speak,
      offerAgain(held('inactive')),
      stopSpeaking,
      wait(RTP_TIMEOUT_MS + 2_000),
      speakAgain,
      offerAgain(resumed, 3),
    ),
    byCaller,
  ),
  flow(
    'codec changed from PCMU to PCMA',
    during(offerAgain(sdp({ version: 2, payloads: '8 96' }))),
    byCaller,
  ),
  flow('re-INVITE with the same SDP', during(offerAgain(sdp())), byCaller),
  flow(
    're-INVITE without SDP: the answer comes with the ACK',
    during(
      request('INVITE', { body: '' }),
      maybe(100),
      gets(200),
      request('ACK', { cseq: 2, body: sdp({ version: 2 }) }),
    ),
    byCaller,
  ),
  flow(
    're-INVITE during a prompt',
    [connected(), offerAgain(held('sendonly')), wait(300), goodbye()],
    byCaller,
  ),
  roomFlow(
    're-INVITE inside, with hold and resume',
    ({ open }) => [
      connected(),
      ...intoRoom(open),
      offerAgain(held('sendonly'), 100),
      wait(500),
      offerAgain(resumed, 101),
      wait(500),
      goodbye(),
    ],
    byCaller,
  ),
  flow(
    'two re-INVITEs at once: the second gets 500 and may try again',
    during(
      request('INVITE', { cseq: 2, body: sdp({ version: 2 }) }),
      gets(100),
      request('INVITE', { cseq: 3, body: sdp({ version: 3 }) }),
      maybe(100),
      gets(500),
      request('ACK', { cseq: 3, transaction: 'INVITE3' }),
      gets(200),
      acknowledge(2),
    ),
    byCaller,
  ),
  flow(
    're-INVITE without a codec of ours gets 488, and the call goes on',
    during(
      request('INVITE', { body: sdp({ version: 2, payloads: '18' }) }),
      maybe(100),
      gets(488),
      request('ACK', { transaction: 'INVITE2' }),
      wait(500),
    ),
    byCaller,
  ),
  flow('UPDATE without SDP', during(request('UPDATE'), gets(200)), byCaller),
  flow('UPDATE with an offer', during(request('UPDATE', { body: held('sendonly') }), gets(200)), byCaller),
  flow(
    'UPDATE without a codec of ours gets 488, and the call goes on',
    during(request('UPDATE', { body: sdp({ version: 2, payloads: '18' }) }), gets(488)),
    byCaller,
  ),
];

const OTHERS_INSIDE: readonly CallFlow[] = [
  roomFlow('digits by INFO', ({ open }) => [connected(), ...intoRoom(open), goodbye()], byCaller),
  flow(
    'INFO that says nothing we know',
    during(request('INFO', { body: '<x/>', contentType: 'application/media_control+xml' }), gets(200)),
    byCaller,
  ),
  flow('OPTIONS inside', during(request('OPTIONS'), gets(200)), byCaller),
  flow('an unknown method inside gets 501', during(request('CONJURE'), gets(501)), byCaller),
  flow(
    'a transfer (REFER) gets 405, and the call goes on',
    during(request('REFER', { headers: ['Refer-To: <sip:+3222000000@[remote_ip]>'] }), gets(405), wait(500)),
    byCaller,
  ),
  flow(
    'MESSAGE inside gets 405',
    during(request('MESSAGE', { body: 'hi', contentType: 'text/plain' }), gets(405)),
    byCaller,
  ),
  flow(
    'a session timer that the caller refreshes',
    [
      connected({ headers: ['Supported: timer', 'Session-Expires: 1800;refresher=uac'] }),
      wait(300),
      goodbye(),
    ],
    byCaller,
  ),
  flow(
    'a session timer without a refresher',
    [connected({ headers: ['Supported: timer', 'Session-Expires: 1800'] }), wait(300), goodbye()],
    byCaller,
  ),
];

const INVITES: readonly CallFlow[] = [
  flow(
    'a session timer that is too short gets 422',
    refused(call({ headers: ['Supported: timer', 'Session-Expires: 30'] }), 422),
    'none',
  ),
  flow(
    'a forked INVITE: the second branch gets 482, the call goes on',
    [
      call(),
      gets(100),
      call({ transaction: 'other-branch' }),
      maybe(100),
      gets(482),
      acknowledgeRefusal(undefined, 'other-branch'),
      gets(200),
      acknowledge(),
      wait(300),
      goodbye(),
    ],
    byCaller,
  ),
  flow(
    'a merged request that comes during the call gets 482',
    duringKnown(
      call({ transaction: 'other-branch' }),
      maybe(100),
      gets(482),
      acknowledgeRefusal(undefined, 'other-branch'),
    ),
    byCaller,
  ),
  flow(
    'a spiral: the same call to another number gets 482',
    duringKnown(
      call({ transaction: 'round', uri: 'sip:+12025550199@[remote_ip]:[remote_port]' }),
      maybe(100),
      gets(482),
      acknowledgeRefusal(undefined, 'round'),
    ),
    byCaller,
  ),
  flow(
    'INVITE retransmitted',
    [call(), gets(100), call(), maybe(100), gets(200), acknowledge(), wait(300), goodbye()],
    byCaller,
  ),
  flow(
    'INVITE with Max-Forwards 0: we are the end of its way',
    [connected({ maxForwards: 0 }), wait(300), goodbye()],
    byCaller,
  ),
  flow('INVITE with To tag to no dialog gets 481', refused(call({ to: NOBODY }), 481, NOBODY), 'none'),
  flow(
    'INVITE that requires what nobody has gets 420',
    refused(call({ headers: ['Require: levitation'] }), 420),
    'none',
  ),
  flow(
    'INVITE with a body of another type gets 415',
    refused(call({ contentType: 'text/plain' }), 415),
    'none',
  ),
  flow('no offer gets 488', refused(call({ body: '' }), 488), {
    result: 'failed',
    endedBy: 'house',
    sipStatus: 488,
  }),
  flow('an offer without a codec of ours gets 488', refused(call({ body: sdp({ payloads: '18 4' }) }), 488), {
    result: 'failed',
    endedBy: 'house',
    sipStatus: 488,
  }),
  {
    ...flow('a number that is not served gets 404', refused(call(), 404), {
      result: 'number-not-served',
      endedBy: 'house',
      sipStatus: 404,
    }),
    dials: '+3225559999',
  },
  flow(
    'an offer with video beside audio',
    [
      connected({ body: sdp({ more: ['m=video 40000 RTP/AVP 99', 'a=rtpmap:99 H264/90000'] }) }),
      wait(300),
      goodbye(),
    ],
    byCaller,
  ),
  flow(
    'an offer with PCMA alone',
    [connected({ body: sdp({ payloads: '8 96' }) }), wait(300), goodbye()],
    byCaller,
  ),
  flow(
    'headers of six thousand characters',
    [connected({ headers: [`X-Long: ${'x'.repeat(6_000)}`] }), wait(300), goodbye()],
    byCaller,
  ),
  flow(
    'From anonymous',
    [
      connected({ from: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=[pid]T[call_number]' }),
      wait(300),
      goodbye(),
    ],
    { ...byCaller, fromNumber: null },
  ),
  flow(
    'P-Asserted-Identity counts before From',
    [connected({ headers: ['P-Asserted-Identity: <sip:+3222777777@[local_ip]>'] }), wait(300), goodbye()],
    { ...byCaller, fromNumber: '+3222777777' },
  ),
];

const MEDIA: readonly CallFlow[] = [
  { ...flow('not one packet of RTP', [connected(), letGo()], dead), lastSign: /^ACK/ },
  {
    ...roomFlow(
      'the telephone falls silent inside: billed to its last packet',
      ({ open }) => [
        connected(),
        speak,
        ...intoRoom(open),
        wait(2_000),
        stopSpeaking,
        request('OPTIONS', { cseq: 100 }),
        gets(200),
        letGo(),
      ],
      dead,
    ),
    lastSign: /^OPTIONS/,
  },
  flow(
    'a telephone that only listens',
    [connected({ body: sdp({ attributes: ['recvonly'] }) }), wait(RTP_TIMEOUT_MS + 2_000), goodbye()],
    byCaller,
  ),
  flow(
    'a telephone that only speaks',
    [connected({ body: sdp({ attributes: ['sendonly'] }) }), speak, wait(RTP_TIMEOUT_MS + 2_000), goodbye()],
    byCaller,
  ),
  flow(
    'a telephone that speaks with pauses shorter than the limit',
    [connected(), speak, wait(1_000), stopSpeaking, wait(8_000), speakAgain, wait(6_000), goodbye()],
    byCaller,
  ),
];

/** Calls to an access number. */
export const INBOUND_FLOWS: readonly CallFlow[] = [
  ...CANCELS.map(atOnce),
  ...ACKS,
  ...BYES,
  ...OFFERS_INSIDE,
  ...OTHERS_INSIDE,
  ...INVITES,
  ...MEDIA,
];
