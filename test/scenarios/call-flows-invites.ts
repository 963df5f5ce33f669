import {
  acknowledge,
  acknowledgeRefusal,
  call,
  connected,
  gets,
  goodbye,
  maybe,
  sdp,
  wait,
} from '../support/sip-flow';
import { byCaller, type CallFlow, duringKnown, flow, NOBODY, refused } from './call-flow';

/** Unusual first requests of calls to an access number. */
export const INVITE_FLOWS: readonly CallFlow[] = [
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
