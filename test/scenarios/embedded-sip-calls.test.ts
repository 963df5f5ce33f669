import type Srf from 'drachtio-srf';
import { sleep, systemClock } from '../../src/kernel/clock';
import {
  freePort,
  headerOf,
  holdsWithin,
  rawRequest,
  rawResponse,
  runSipp,
  sdp,
  setStage,
  type Stage,
} from './embedded-sip-stage';
import {
  ackRefusal,
  cancel,
  pause,
  receive,
  request,
  respond,
  respondInside,
  ringing,
  scenario,
  trying,
} from './embedded-sip-scripts';

const answerAndHangUp = scenario(
  request('INVITE'),
  trying,
  ringing,
  receive(200),
  request('ACK'),
  pause(50),
  request('BYE', { cseq: 2 }),
  receive(200),
);

describe('calls from SIPp through the embedded server to a drachtio-srf application', () => {
  let stage: Stage;
  let app: Srf;

  beforeEach(async () => {
    stage = await setStage();
    app = await stage.app();
  });
  afterEach(() => stage.close());

  async function call(text: string, more: Partial<Parameters<typeof runSipp>[0]> = {}): Promise<number> {
    return runSipp({ scenario: text, remotePort: stage.sipPort, localPort: await freePort(), ...more }).done;
  }

  /** Answers every call and collects its dialogs and why they ended. */
  function answering() {
    const dialogs: Srf.Dialog[] = [];
    const ends: string[] = [];
    let acks = 0;
    app.invite((req, res) => {
      void (async () => {
        const dialog = await app.createUAS(req, res, { localSdp: sdp });
        dialogs.push(dialog);
        dialog.on('ack', () => acks++);
        dialog.on('destroy', (_: unknown, reason: string) => ends.push(reason));
      })();
    });
    return { dialogs, ends, acks: () => acks };
  }

  it.each(['u1', 't1'] as const)('are answered and ended by the caller (%s)', async (transport) => {
    const seen = answering();
    expect(await call(answerAndHangUp, { transport, calls: 20, more: ['-r', '20'] })).toBe(0);
    await holdsWithin(1_000, () => seen.ends.length === 20);
    expect(seen.ends).toEqual(Array.from({ length: 20 }, () => 'normal release'));
    expect(seen.acks()).toBe(20);
  });

  it.each(['u1', 't1'] as const)('are ended by the application (%s)', async (transport) => {
    app.invite((req, res) => {
      void app
        .createUAS(req, res, { localSdp: sdp })
        .then((dialog) => dialog.on('ack', () => void dialog.destroy()));
    });
    const waits = scenario(
      request('INVITE'),
      trying,
      ringing,
      receive(200),
      request('ACK'),
      receive('BYE'),
      respondInside('200 OK'),
    );
    expect(await call(waits, { transport, calls: 5 })).toBe(0);
  });

  it('are refused by the application with the status and headers it gives', async () => {
    app.invite((_, res) => res.send(486, { headers: { 'X-Why': 'occupied' } }));
    const refused = scenario(
      request('INVITE'),
      trying,
      receive(486, { regexp: 'occupied', header: 'X-Why:' }),
      ackRefusal(),
    );
    expect(await call(refused)).toBe(0);
  });

  it('are cancelled by the caller: 200 to the CANCEL, 487 to the INVITE, the application told', async () => {
    let cancelled = 0;
    app.invite((req, res) => {
      req.on('cancel', () => cancelled++);
      res.send(180);
    });
    const cancels = scenario(
      request('INVITE'),
      trying,
      receive(180),
      cancel(),
      receive(200),
      receive(487),
      ackRefusal('[branch-6]'),
    );
    expect(await call(cancels, { calls: 3 })).toBe(0);
    expect(cancelled).toBe(3);
  });

  it('whose ACK never comes get the 200 repeated, then BYE with a reason, and the application is told why', async () => {
    const seen = answering();
    const peer = await stage.peer();
    peer.send(rawRequest(peer, 'INVITE', { body: sdp }), stage.sipPort);
    expect(await holdsWithin(5_000, () => seen.ends.length === 1)).toBe(true);
    expect(seen.ends).toEqual(['ACK timeout']);
    const oks = peer.received.filter((text) => text.startsWith('SIP/2.0 200'));
    expect(oks.length).toBeGreaterThan(5);
    expect(new Set(oks).size).toBe(1);
    await holdsWithin(500, () => peer.received.some((text) => text.startsWith('BYE')));
    expect(peer.received.find((text) => text.startsWith('BYE'))).toContain(
      'Reason: SIP ;cause=200 ;text="ACK timeout"',
    );
  });

  it('whose first 200 is lost are repaired by its repetition', async () => {
    const seen = answering();
    const peer = await stage.peer();
    peer.send(rawRequest(peer, 'INVITE', { body: sdp }), stage.sipPort);
    await holdsWithin(
      2_000,
      () => peer.received.filter((text) => text.startsWith('SIP/2.0 200')).length === 3,
    );
    const to = /^To: (.*)$/m.exec(peer.received.at(-1) ?? '')?.[1]?.trim() ?? '';
    peer.send(rawRequest(peer, 'ACK', { to }), stage.sipPort);
    await holdsWithin(1_000, () => seen.acks() === 1);
    const count = peer.received.length;
    peer.send(rawRequest(peer, 'ACK', { to }), stage.sipPort);
    expect(await holdsWithin(600, () => peer.received.length > count)).toBe(false);
    expect(seen.acks()).toBe(1);
    peer.send(rawRequest(peer, 'BYE', { to, cseq: 2 }), stage.sipPort);
    expect(await holdsWithin(1_000, () => peer.received.some((text) => text.includes('2 BYE')))).toBe(true);
  });

  it('carry INFO both ways', async () => {
    const seen = answering();
    const bodies: string[] = [];
    app.invite(() => {});
    const infos = scenario(
      request('INVITE'),
      trying,
      ringing,
      receive(200),
      request('ACK'),
      pause(100),
      request('INFO', { cseq: 2, lines: 'Content-Type: application/dtmf-relay\n' }),
      receive(200),
      receive('INFO'),
      respondInside('200 OK'),
      request('BYE', { cseq: 3 }),
      receive(200),
    );
    const done = call(infos);
    await holdsWithin(2_000, () => seen.dialogs.length === 1);
    const dialog = seen.dialogs[0];
    dialog?.on('info', (req: Srf.SrfRequest, res: Srf.SrfResponse) => {
      bodies.push(req.get('Content-Type') ?? '');
      res.send(200);
      const headers = { 'Content-Type': 'application/dtmf-relay' };
      void dialog.request({ method: 'INFO', headers, body: 'Signal=5\r\n' });
    });
    expect(await done).toBe(0);
    expect(bodies).toEqual(['application/dtmf-relay']);
  });

  it('are re-INVITEd by the caller and by the application', async () => {
    const seen = answering();
    const reinvites = scenario(
      request('INVITE'),
      trying,
      ringing,
      receive(200),
      request('ACK'),
      pause(50),
      request('INVITE', { cseq: 2 }),
      trying,
      receive(200),
      request('ACK', { cseq: 2 }),
      receive('INVITE'),
      respondInside('200 OK', true),
      receive('ACK'),
      request('BYE', { cseq: 3 }),
      receive(200),
    );
    const done = call(reinvites);
    await holdsWithin(2_000, () => seen.acks() === 2);
    await seen.dialogs[0]?.modify(sdp);
    expect(await done).toBe(0);
  });

  it('get 481 for requests in dialogs that are not there, and 422 for session timers that are too short', async () => {
    answering();
    const peer = await stage.peer();
    const to = '<sip:bob@127.0.0.1>;tag=nobody';
    for (const method of ['BYE', 'INFO', 'INVITE', 'UPDATE'])
      peer.send(rawRequest(peer, method, { to, cseq: 9 }), stage.sipPort);
    peer.send(rawRequest(peer, 'BYE', { cseq: 10 }), stage.sipPort);
    const lines = ['Session-Expires: 30;refresher=uac', 'Supported: timer'];
    peer.send(
      rawRequest(peer, 'INVITE', { cseq: 11, callId: 'short-timer', lines, body: sdp }),
      stage.sipPort,
    );
    await holdsWithin(1_000, () => new Set(peer.received).size >= 8);
    const finals = [
      ...new Set(peer.received.map((text) => `${text.slice(8, 11)} ${/^CSeq: (.*)$/m.exec(text)?.[1]}`)),
    ];
    expect(finals).toEqual(
      expect.arrayContaining([
        '481 9 BYE',
        '481 9 INFO',
        '481 9 INVITE',
        '481 9 UPDATE',
        '481 10 BYE',
        '422 11 INVITE',
      ]),
    );
    expect(peer.received.find((text) => text.startsWith('SIP/2.0 422'))).toContain('Min-SE: 90');
  });

  it('get the session timer a caller asks for and refreshes itself', async () => {
    answering();
    const timed = scenario(
      request('INVITE', { lines: 'Session-Expires: 1800;refresher=uac\nSupported: timer\n' }),
      trying,
      ringing,
      receive(200, { regexp: '1800;refresher=uac', header: 'Session-Expires:' }),
      request('ACK'),
      request('BYE', { cseq: 2 }),
      receive(200),
    );
    expect(await call(timed)).toBe(0);
  });
});

describe('calls of the application through the embedded server to SIPp', () => {
  let stage: Stage;
  let app: Srf;

  beforeEach(async () => {
    stage = await setStage();
    app = await stage.app();
  });
  afterEach(() => stage.close());

  it.each(['u1', 't1'] as const)('are answered, acknowledged and ended (%s)', async (transport) => {
    const { uri, sipp } = await callee(
      scenario(
        receive('INVITE'),
        respond('180 Ringing'),
        respond('200 OK', { body: true, retrans: true }),
        receive('ACK'),
        receive('BYE'),
        respondInside('200 OK'),
      ),
      transport,
    );
    const provisional: number[] = [];
    const dialog = await app.createUAC(
      uri,
      { localSdp: sdp },
      { cbProvisional: (res) => provisional.push(res.status) },
    );
    expect(dialog.remote.sdp).toContain('m=audio');
    expect(provisional).toContain(180);
    await dialog.destroy();
    expect(await sipp.done).toBe(0);
  });

  it('are ended by the callee', async () => {
    const peer = await stage.peer();
    const dialog = app.createUAC(`sip:callee@127.0.0.1:${peer.port}`, { localSdp: sdp });
    const invite = await peer.next('INVITE');
    peer.send(rawResponse(peer, invite, '200 OK', sdp), stage.sipPort);
    await peer.next('ACK');
    const ended = new Promise<string>((resolve) => {
      void dialog.then((established) =>
        established.on('destroy', (_: unknown, reason: string) => resolve(reason)),
      );
    });
    const caller = headerOf(invite, 'From');
    const bye = rawRequest(peer, 'BYE', { to: caller, callId: headerOf(invite, 'Call-ID') });
    const from = `From: ${headerOf(rawResponse(peer, invite, '200 OK'), 'To')}`;
    peer.send(bye.replace(/^From: .*$/m, from), stage.sipPort);
    expect(await ended).toBe('normal release');
    expect(await peer.next('SIP/2.0 200')).toContain('1 BYE');
  });

  it('are cancelled by the application', async () => {
    const { uri, sipp } = await callee(
      scenario(
        receive('INVITE'),
        respond('180 Ringing'),
        receive('CANCEL'),
        respond('200 OK'),
        respondToInvite('487 Request Terminated'),
        receive('ACK'),
      ),
    );
    let sent: Srf.SrfRequest | undefined;
    const outcome = app.createUAC(
      uri,
      { localSdp: sdp },
      {
        cbRequest: (_, req) => {
          sent = req;
        },
        cbProvisional: (res) => res.status === 180 && sent?.cancel(),
      },
    );
    await expect(outcome).rejects.toMatchObject({ status: 487 });
    expect(await sipp.done).toBe(0);
  });

  it('come again with credentials when they are challenged', async () => {
    const { uri, sipp } = await callee(
      scenario(
        receive('INVITE'),
        respond('401 Unauthorized', {
          lines:
            'WWW-Authenticate: Digest realm="stage", nonce="47ebe028cda119c35d4877b383027d28", algorithm=MD5\n',
        }),
        receive('ACK'),
        receive('INVITE', { regexp: 'username="joe".*response="[0-9a-f]{32}"', header: 'Authorization:' }),
        respond('200 OK', { body: true, retrans: true }),
        receive('ACK'),
        receive('BYE'),
        respondInside('200 OK'),
      ),
    );
    const dialog = await app.createUAC(uri, { localSdp: sdp, auth: { username: 'joe', password: 'x' } });
    await dialog.destroy();
    expect(await sipp.done).toBe(0);
  });

  it('acknowledge a 200 again, by themselves, when it comes again', async () => {
    const peer = await stage.peer();
    const dialog = app.createUAC(`sip:callee@127.0.0.1:${peer.port}`, { localSdp: sdp });
    const ok = rawResponse(peer, await peer.next('INVITE'), '200 OK', sdp);
    peer.send(ok, stage.sipPort);
    const first = await peer.next('ACK');
    await dialog;
    peer.send(ok, stage.sipPort);
    await holdsWithin(1_000, () => peer.received.filter((text) => text.startsWith('ACK')).length === 2);
    expect(peer.received.filter((text) => text === first)).toHaveLength(2);
  });

  it('that were cancelled when the 200 crossed are acknowledged and ended with BYE, and the application is told', async () => {
    const peer = await stage.peer();
    let sent: Srf.SrfRequest | undefined;
    const outcome = app.createUAC(
      `sip:callee@127.0.0.1:${peer.port}`,
      { localSdp: sdp },
      {
        cbRequest: (_, req) => {
          sent = req;
        },
      },
    );
    const invite = await peer.next('INVITE');
    peer.send(rawResponse(peer, invite, '180 Ringing'), stage.sipPort);
    await holdsWithin(500, () => sent !== undefined);
    sent?.cancel();
    await peer.next('CANCEL');
    peer.send(rawResponse(peer, invite, '200 OK', sdp), stage.sipPort);
    await peer.next('ACK');
    expect(await peer.next('BYE')).toContain('cancel race condition');
    await outcome;
  });

  it('that nobody answers fail with 408 after 64 T1', async () => {
    const port = await freePort();
    await expect(app.createUAC(`sip:nobody@127.0.0.1:${port}`, { localSdp: sdp })).rejects.toMatchObject({
      status: 408,
    });
  });

  it('to the server itself are refused, as are bodies without a type', async () => {
    await expect(app.createUAC(`sip:me@127.0.0.1:${stage.sipPort}`, { localSdp: sdp })).rejects.toThrow(
      'can not send request to myself',
    );
    const wish = { method: 'MESSAGE', body: 'hello' };
    await expect(app.request('sip:x@127.0.0.1:9', wish)).rejects.toThrow('missing content-type');
  });

  it.each(['u1', 't1'] as const)('join a caller and a callee as B2BUA (%s)', async (transport) => {
    const { uri, sipp } = await callee(
      scenario(
        receive('INVITE'),
        respond('180 Ringing'),
        respond('200 OK', { body: true, retrans: true }),
        receive('ACK'),
        receive('BYE'),
        respondInside('200 OK'),
      ),
      transport,
    );
    app.invite((req, res) => {
      void (async () => {
        const { uas, uac } = await app.createB2BUA(req, res, uri, { localSdpB: req.body });
        uas.on('destroy', () => void uac.destroy());
        uac.on('destroy', () => void uas.destroy());
      })();
    });
    const caller = runSipp({
      scenario: answerAndHangUp,
      remotePort: stage.sipPort,
      localPort: await freePort(),
      transport,
    });
    expect(await caller.done).toBe(0);
    expect(await sipp.done).toBe(0);
  });
});

/** A refusal of the INVITE after its CANCEL came: SIPp's last_CSeq would be that of the CANCEL. */
function respondToInvite(status: string): string {
  return respond(status).replace('[last_CSeq:]', 'CSeq: 1 INVITE');
}

/** Starts SIPp as callee and gives the URI under which it is called. */
async function callee(text: string, transport: 'u1' | 't1' = 'u1') {
  const port = await freePort();
  const sipp = runSipp({ scenario: text, localPort: port, transport });
  await sleep(systemClock, 300);
  return { uri: `sip:callee@127.0.0.1:${port}${transport === 't1' ? ';transport=tcp' : ''}`, sipp };
}
