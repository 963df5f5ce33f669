import {
  acknowledge,
  connected,
  gets,
  goodbye,
  maybe,
  offerAgain,
  request,
  sdp,
  wait,
} from '../support/sip-flow';
import { speak, speakAgain, stopSpeaking } from '../support/sipp';
import { intoRoom, byCaller, type CallFlow, during, flow, roomFlow, RTP_TIMEOUT_MS } from './call-flow';

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
    'a transfer (REFER) by a carrier gets 403, and the call goes on',
    during(request('REFER', { headers: ['Refer-To: <sip:+3222000000@[remote_ip]>'] }), gets(403), wait(500)),
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

/** What is asked inside calls to an access number. */
export const INSIDE_FLOWS: readonly CallFlow[] = [...OFFERS_INSIDE, ...OTHERS_INSIDE];
