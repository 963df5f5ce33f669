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
  request,
  sdp,
  wait,
} from '../support/sip-flow';
import { infoDigits, playDigits, speak, speakAgain, stopSpeaking } from '../support/sipp';
import {
  atOnce,
  byCaller,
  type CallFlow,
  cancelled,
  dead,
  during,
  duringKnown,
  flow,
  NOBODY,
  notAcked,
  roomFlow,
  RTP_TIMEOUT_MS,
  withoutCredit,
  intoRoom,
} from './call-flow';

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
  atOnce(
    flow(
      'BYE sent twice in one transaction',
      [connected(), wait(300), request('BYE'), request('BYE'), gets(200), wait(300)],
      byCaller,
    ),
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
        // The answer to his BYE may come before he has sent his own.
        wait(500),
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

/** How calls to an access number come about and end. */
export const ENDING_FLOWS: readonly CallFlow[] = [...CANCELS.map(atOnce), ...ACKS, ...BYES, ...MEDIA];
