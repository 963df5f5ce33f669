import type {
  CallReceiver,
  IncomingCall,
  IncomingCallHandlers,
} from '../../src/embedded/user-agent/incoming-call';
import { receiveCalls } from '../../src/embedded/user-agent/receive-calls';
import { sleep, systemClock } from '../../src/kernel/clock';
import { silentLog } from '../../src/kernel/log';
import {
  freePort,
  headerOf,
  holdsWithin,
  quickTimers,
  type RawPeer,
  rawPeer,
  rawRequest,
  rawResponse,
  runSipp,
  sdp,
} from './embedded-sip-stage';
import {
  ackRefusal,
  cancel,
  pause,
  receive,
  request,
  respondInside,
  scenario,
  trying,
} from './embedded-sip-scripts';

describe('a call receiver', () => {
  let receiver: CallReceiver;
  let peer: RawPeer;
  let port: number;
  let calls: IncomingCall[];
  let story: string[];
  let onCall: (call: IncomingCall) => void;

  const handlers: IncomingCallHandlers = {
    acked: (answer) => story.push(answer === '' ? 'acked' : `acked with ${answer.slice(0, 3)}`),
    ended: (cause) => story.push(`ended by ${cause}`),
    reoffered: (offer) => {
      story.push(offer === '' ? 'asked to offer' : 'reoffered');
      return { sdp };
    },
    info: (type, body) => story.push(`info ${type} ${body}`),
  };

  beforeEach(async () => {
    calls = [];
    story = [];
    onCall = (call) => call.answer(sdp);
    receiver = await receiveCalls({
      host: '127.0.0.1',
      port: 0,
      product: 'stage',
      timers: quickTimers,
      clock: systemClock,
      log: silentLog,
      onCall: (call) => {
        calls.push(call);
        call.handle(handlers);
        onCall(call);
      },
    });
    port = receiver.addresses[0]?.port ?? 0;
    peer = await rawPeer();
  });
  afterEach(async () => {
    peer.close();
    await receiver.close();
  });

  async function sipp(text: string, transport: 'u1' | 't1' = 'u1', count = 1): Promise<number> {
    return runSipp({ scenario: text, remotePort: port, localPort: await freePort(), transport, calls: count })
      .done;
  }

  it('listens on one port for UDP and TCP', () => {
    expect(receiver.addresses.map(({ protocol }) => protocol)).toEqual(['udp', 'tcp']);
    expect(new Set(receiver.addresses.map(({ port }) => port)).size).toBe(1);
  });

  it.each(['u1', 't1'] as const)('answers calls and hears their end (%s)', async (transport) => {
    onCall = (call) => {
      call.ring();
      call.answer(sdp, { 'X-Answer': 'yes' });
    };
    const steps = [
      request('INVITE'),
      trying,
      receive(180),
      receive(200, { regexp: 'yes', header: 'X-Answer:' }),
      request('ACK'),
    ];
    expect(await sipp(scenario(...steps, request('BYE', { cseq: 2 }), receive(200)), transport, 10)).toBe(0);
    expect(story.filter((word) => word === 'acked')).toHaveLength(10);
    expect(story.filter((word) => word === 'ended by bye')).toHaveLength(10);
  });

  it('hangs up when told, after the ACK', async () => {
    onCall = (call) => {
      call.answer(sdp);
      void call.hangUp('Q.850;cause=16').then(() => story.push('hung up'));
    };
    const steps = [request('INVITE'), trying, receive(200), pause(100), request('ACK')];
    expect(
      await sipp(
        scenario(
          ...steps,
          receive('BYE', { regexp: 'cause=16', header: 'Reason:' }),
          respondInside('200 OK'),
        ),
      ),
    ).toBe(0);
    expect(await holdsWithin(500, () => story.includes('hung up'))).toBe(true);
  });

  it('refuses when told', async () => {
    onCall = (call) => call.refuse(488, 'Not Acceptable Here');
    expect(await sipp(scenario(request('INVITE'), trying, receive(488), ackRefusal()))).toBe(0);
  });

  it('answers CANCEL with 200 and the INVITE with 487', async () => {
    onCall = (call) => call.ring();
    const steps = [
      request('INVITE'),
      trying,
      receive(180),
      cancel(),
      receive(200),
      receive(487),
      ackRefusal('[branch-6]'),
    ];
    expect(await sipp(scenario(...steps))).toBe(0);
    expect(story).toEqual(['ended by cancel']);
  });

  it('ends a call whose ACK never comes, with BYE', async () => {
    peer.send(rawRequest(peer, 'INVITE', { body: sdp }), port);
    expect(await holdsWithin(5_000, () => story.length > 0)).toBe(true);
    expect(story).toEqual(['ended by no-ack']);
    expect(headerOf(await peer.next('BYE'), 'Reason')).toContain('ACK timeout');
  });

  it('serves INFO, UPDATE, re-INVITE, OPTIONS and the ACK of a delayed offer inside the call', async () => {
    peer.send(rawRequest(peer, 'INVITE'), port);
    const to = headerOf(await peer.next('SIP/2.0 200'), 'To');
    peer.send(rawRequest(peer, 'ACK', { to, body: sdp }), port);
    const typed = { to, lines: ['Content-Type: application/dtmf-relay'] };
    const info = rawRequest(peer, 'INFO', { ...typed, cseq: 2 }).replace(
      'Content-Length: 0\r\n\r\n',
      'Content-Length: 8\r\n\r\nSignal=5',
    );
    peer.send(info, port);
    peer.send(info, port);
    await peer.next('SIP/2.0 200');
    peer.send(rawRequest(peer, 'UPDATE', { to, cseq: 3 }), port);
    peer.send(rawRequest(peer, 'UPDATE', { to, cseq: 4, body: sdp }), port);
    peer.send(rawRequest(peer, 'OPTIONS', { to, cseq: 5 }), port);
    peer.send(rawRequest(peer, 'INVITE', { to, cseq: 6 }), port);
    await holdsWithin(1_000, () =>
      peer.received.some((text) => text.includes('6 INVITE') && text.startsWith('SIP/2.0 200')),
    );
    peer.send(rawRequest(peer, 'ACK', { to, cseq: 6, branch: 'z9hG4bKack6', body: sdp }), port);
    peer.send(rawRequest(peer, 'REFER', { to, cseq: 7 }), port);
    expect(await peer.next('SIP/2.0 405')).toContain('7 REFER');
    await sleep(systemClock, 30);
    expect(story).toEqual([
      'acked with v=0',
      'info application/dtmf-relay Signal=5',
      'reoffered',
      'asked to offer',
      'acked with v=0',
    ]);
  });

  it('answers OPTIONS, and refuses other methods, lost dialogs and unknown extensions by name', async () => {
    const to = '<sip:bob@127.0.0.1>;tag=nobody';
    peer.send(rawRequest(peer, 'OPTIONS'), port);
    expect(await peer.next('SIP/2.0 200')).toContain('Allow: INVITE');
    peer.send(rawRequest(peer, 'REGISTER', { cseq: 2 }), port);
    await peer.next('SIP/2.0 405');
    peer.send(rawRequest(peer, 'DANCE', { cseq: 3 }), port);
    await peer.next('SIP/2.0 501');
    peer.send(rawRequest(peer, 'BYE', { cseq: 4, to }), port);
    await peer.next('SIP/2.0 481');
    peer.send(rawRequest(peer, 'INVITE', { cseq: 5, callId: 'ext', lines: ['Require: telepathy'] }), port);
    expect(headerOf(await peer.next('SIP/2.0 420'), 'Unsupported')).toBe('telepathy');
    expect(calls).toHaveLength(0);
  });

  it('honours a session timer the caller refreshes, and refuses one that is too short', async () => {
    peer.send(
      rawRequest(peer, 'INVITE', {
        body: sdp,
        lines: ['Session-Expires: 90;refresher=uac', 'Supported: timer'],
      }),
      port,
    );
    expect(headerOf(await peer.next('SIP/2.0 200'), 'Session-Expires')).toBe('90;refresher=uac');
    const lines = ['Session-Expires: 20;refresher=uac', 'Supported: timer'];
    peer.send(rawRequest(peer, 'INVITE', { body: sdp, callId: 'short', cseq: 2, lines }), port);
    expect(headerOf(await peer.next('SIP/2.0 422'), 'Min-SE')).toBe('90');
  });

  it('shows headers and body as text whatever their bytes', async () => {
    const name = Buffer.from('Zoë ☎', 'utf8').toString('latin1');
    peer.send(rawRequest(peer, 'INVITE', { lines: [`X-Name: ${name}`, 's: compact'] }), port);
    await peer.next('SIP/2.0 200');
    expect(calls[0]?.header('x-name')).toBe('Zoë ☎');
    expect(calls[0]?.header('Subject')).toBe('compact');
    expect(calls[0]?.remotePort).toBe(peer.port);
  });

  it('resolves hangUp when the peer hangs up first, before its ACK', async () => {
    peer.send(rawRequest(peer, 'INVITE', { body: sdp }), port);
    const to = headerOf(await peer.next('SIP/2.0 200'), 'To');
    const done = calls[0]?.hangUp();
    peer.send(rawRequest(peer, 'BYE', { to, cseq: 2 }), port);
    await done;
    expect(await peer.next('SIP/2.0 200')).toContain('2 BYE');
  });

  it('resolves hangUp when the peer answers the BYE', async () => {
    peer.send(rawRequest(peer, 'INVITE', { body: sdp }), port);
    const to = headerOf(await peer.next('SIP/2.0 200'), 'To');
    peer.send(rawRequest(peer, 'ACK', { to }), port);
    await holdsWithin(500, () => story.includes('acked'));
    const done = calls[0]?.hangUp();
    peer.send(rawResponse(peer, await peer.next('BYE'), '200 OK'), port);
    await done;
    expect(story).toEqual(['acked']);
  });

  /** A call of the raw peer's that is up; gives the To of its answers. */
  async function aCall(): Promise<string> {
    peer.send(rawRequest(peer, 'INVITE', { body: sdp }), port);
    const to = headerOf(await peer.next('SIP/2.0 200'), 'To');
    peer.send(rawRequest(peer, 'ACK', { to }), port);
    expect(await holdsWithin(1_000, () => story.includes('acked'))).toBe(true);
    return to;
  }

  it('makes an offer of its own, acknowledges each 200 to it and gives the answer', async () => {
    const to = await aCall();
    const answered = calls[0]?.offer('v=0 ours');
    const invite = await peer.next('INVITE sip:alice@127.0.0.1');
    expect([headerOf(invite, 'From'), invite.endsWith('v=0 ours')]).toEqual([to, true]);
    for (let time = 0; time < 2; time += 1) {
      peer.send(rawResponse(peer, invite, '200 OK', 'v=0 theirs'), port);
      expect(headerOf(await peer.next('ACK'), 'CSeq')).toBe(
        headerOf(invite, 'CSeq').replace('INVITE', 'ACK'),
      );
    }
    expect(await answered).toBe('v=0 theirs');
    const bye = calls[0]?.hangUp();
    const ended = await peer.next('BYE');
    expect(Number.parseInt(headerOf(ended, 'CSeq'), 10)).toBe(
      Number.parseInt(headerOf(invite, 'CSeq'), 10) + 1,
    );
    peer.send(rawResponse(peer, ended, '200 OK'), port);
    await bye;
  });

  it('makes one offer at a time and takes none meanwhile (RFC 3261 14.2); a refused one changes nothing', async () => {
    const to = await aCall();
    const answered = calls[0]?.offer('v=0 ours');
    expect(await calls[0]?.offer('v=0 second')).toBeUndefined();
    const invite = await peer.next('INVITE sip:alice@127.0.0.1');
    peer.send(rawRequest(peer, 'INVITE', { to, cseq: 2, body: sdp }), port);
    expect(headerOf(await peer.next('SIP/2.0 491'), 'CSeq')).toBe('2 INVITE');
    peer.send(rawResponse(peer, invite, '488 Not Acceptable Here'), port);
    expect(await answered).toBeUndefined();
    await peer.next('ACK');
    peer.send(rawRequest(peer, 'INVITE', { to, cseq: 3, body: sdp }), port);
    expect(headerOf(await peer.next('SIP/2.0 200'), 'CSeq')).toBe('3 INVITE');
  });
});
