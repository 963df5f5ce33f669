import { connect } from 'node:net';
import Srf from 'drachtio-srf';
import { sleep, systemClock } from '../../src/kernel/clock';
import { startDrachtioServer } from '../../src/embedded/drachtio-server/start-drachtio-server';
import { silentLog } from '../../src/kernel/log';
import {
  freePort,
  headerOf,
  holdsWithin,
  type RawPeer,
  rawRequest,
  rawResponse,
  runSipp,
  sdp,
  secret,
  setStage,
  type Stage,
} from './embedded-sip-stage';

/** Talks the admin protocol by hand: gives what the server wrote. */
async function rawAdmin(
  port: number,
  ...messages: string[]
): Promise<{ text: () => string; closed: () => boolean; end: () => void }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let closed = false;
  socket.on('data', (data) => {
    text += data.toString();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  for (const message of messages) socket.write(message);
  await sleep(systemClock, 60);
  return { text: () => text, closed: () => closed, end: () => socket.destroy() };
}

function framed(message: string): string {
  return `${Buffer.byteLength(message)}#${message}`;
}

function finals(peer: RawPeer): string[] {
  return peer.received
    .filter((text) => !text.startsWith('SIP/2.0 1'))
    .map((text) => `${text.slice(8, 11)} ${headerOf(text, 'CSeq')}`);
}

describe('the admin port of the embedded SIP server', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(() => stage.close());

  it('refuses a wrong secret and everything before authentication, and closes', async () => {
    const wrong = await rawAdmin(stage.server.adminPort, framed('1|authenticate|guess|'));
    expect(wrong.text()).toMatch(/^\d+#[0-9a-f-]{36}\|response\|1\|NO\|incorrect secret$/);
    expect(wrong.closed()).toBe(true);
    const early = await rawAdmin(stage.server.adminPort, framed('1|route|invite'));
    expect(early.text()).toContain('|response|1|NO|not authenticated');
    expect(early.closed()).toBe(true);
  });

  it('tells its addresses and version, answers pings and routes verbs as often as asked', async () => {
    const sip = `127.0.0.1:${stage.sipPort}`;
    const hello = framed(`1|authenticate|${secret}|`);
    const admin = await rawAdmin(
      stage.server.adminPort,
      hello,
      framed('2|ping'),
      framed('3|route|invite'),
      framed('4|route|invite'),
      framed('5|route|dance'),
    );
    expect(admin.text()).toContain(`|response|1|OK|udp/${sip},tcp/${sip}|v0.9.10|udp/${sip},tcp/${sip}`);
    expect(admin.text()).toContain('|response|2|OK|pong');
    expect(admin.text()).toContain('|response|3|OK');
    expect(admin.text()).toContain('|response|4|OK');
    expect(admin.text()).toContain('|response|5|NO|Route request includes unsupported verb');
    admin.end();
  });

  it('answers proxy requests, unknown verbs and unknown transactions with refusals and lives on', async () => {
    const hello = framed(`1|authenticate|${secret}|`);
    const messages = [
      '2|proxy|x||||serial|||sip:a@b\r\nINVITE sip:a@b SIP/2.0\r\n',
      '3|dance',
      '4|sip|no-such||\r\nSIP/2.0 200 OK\r\n\r\n',
    ];
    const admin = await rawAdmin(stage.server.adminPort, hello, ...messages.map(framed));
    expect(admin.text()).toContain('|response|2|NOK|');
    expect(admin.text()).toContain('|response|3|NO|Unknown message type');
    expect(admin.text()).toContain('|response|4|NOK|Response not sent due to unknown transaction');
    expect(admin.closed()).toBe(false);
    admin.end();
  });

  it('closes a connection that does not speak its framing', async () => {
    const noise = await rawAdmin(stage.server.adminPort, 'GET / HTTP/1.1\r\n\r\n');
    expect(noise.closed()).toBe(true);
  });

  it('lets nothing an application writes into a header become a header or message of its own', async () => {
    const peer = await stage.peer();
    const app = await stage.app();
    const headers = { Subject: 'quiet', 'X-Name': '"a" {b} ; c <d>' };
    void app.request(`sip:x@127.0.0.1:${peer.port}`, { method: 'OPTIONS', headers });
    const text = await peer.next('OPTIONS');
    expect(headerOf(text, 'X-Name')).toBe('"a" {b} ; c <d>');
    expect(text.endsWith('Content-Length: 0\r\n\r\n')).toBe(true);
  });
});

describe('applications at the embedded SIP server', () => {
  let stage: Stage;
  let peer: RawPeer;

  beforeEach(async () => {
    stage = await setStage();
    peer = await stage.peer();
  });
  afterEach(() => stage.close());

  it('are missing: new calls get 503 at once', async () => {
    peer.send(rawRequest(peer, 'INVITE', { body: sdp }), stage.sipPort);
    expect(await peer.next('SIP/2.0')).toMatch(/^SIP\/2\.0 503[\s\S]*Retry-After: /);
  });

  it('share new requests in turn', async () => {
    const served: string[] = [];
    for (const name of ['first', 'second']) {
      const app = await stage.app();
      app.options((_, res) => {
        served.push(name);
        res.send(200);
      });
    }
    await sleep(systemClock, 50);
    for (let cseq = 1; cseq <= 4; cseq++) peer.send(rawRequest(peer, 'OPTIONS', { cseq }), stage.sipPort);
    await holdsWithin(1_000, () => finals(peer).length === 4);
    expect(served.toSorted()).toEqual(['first', 'first', 'second', 'second']);
  });

  it('that die lose their calls (481) and their waiting callers are told (503)', async () => {
    const app = await stage.app();
    let answered = false;
    app.invite((req, res) => {
      if (req.get('X-Wait') !== undefined) return;
      void app.createUAS(req, res, { localSdp: sdp }).finally(() => {
        answered = true;
      });
    });
    peer.send(rawRequest(peer, 'INVITE', { body: sdp, callId: 'up', branch: 'z9hG4bKup' }), stage.sipPort);
    const to = headerOf(await peer.next('SIP/2.0 200'), 'To');
    peer.send(rawRequest(peer, 'ACK', { to, callId: 'up' }), stage.sipPort);
    peer.send(
      rawRequest(peer, 'INVITE', {
        body: sdp,
        callId: 'waiting',
        branch: 'z9hG4bKwait',
        lines: ['X-Wait: 1'],
      }),
      stage.sipPort,
    );
    await holdsWithin(1_000, () => answered);
    await sleep(systemClock, 50);
    app.disconnect();
    expect(headerOf(await peer.next('SIP/2.0 503'), 'Call-ID')).toBe('waiting');
    peer.send(rawRequest(peer, 'BYE', { to, callId: 'up', cseq: 2 }), stage.sipPort);
    expect(await peer.next('SIP/2.0 481')).toContain('2 BYE');
  });

  it('that are slow are not flooded: beyond the limit callers get 503 early', async () => {
    const narrow = await setStage({ limits: { maxUnheardRequests: 3 } });
    try {
      const app = await narrow.app();
      app.invite(() => {});
      await sleep(systemClock, 50);
      for (let call = 1; call <= 5; call++) {
        peer.send(
          rawRequest(peer, 'INVITE', { body: sdp, callId: `flood-${call}`, branch: `z9hG4bKflood${call}` }),
          narrow.sipPort,
        );
      }
      await holdsWithin(1_000, () => finals(peer).length >= 2);
      expect(peer.received.filter((text) => text.startsWith('SIP/2.0 503'))).toHaveLength(2);
    } finally {
      await narrow.close();
    }
  });

  it('get call records only when they ask for them', async () => {
    const app = await stage.app();
    const records: string[] = [];
    app.on('cdr:attempt', (source: string) => records.push(`attempt ${source}`));
    app.on('cdr:start', (source: string, _: string, role: string) => records.push(`start ${source} ${role}`));
    app.on('cdr:stop', (source: string, _: string, reason: string) =>
      records.push(`stop ${source} ${reason}`),
    );
    app.invite((req, res) => void app.createUAS(req, res, { localSdp: sdp }));
    const caller = runSipp({
      scenario: 'uac',
      remotePort: stage.sipPort,
      localPort: await freePort(),
      more: ['-d', '10'],
    });
    expect(await caller.done).toBe(0);
    await holdsWithin(500, () => records.length === 3);
    expect(records).toEqual(['attempt network', 'start application uas', 'stop network normal-release']);
  });

  it('send requests outside dialogs and get all answers', async () => {
    const app = await stage.app();
    const req = await app.request(`sip:x@127.0.0.1:${peer.port}`, { method: 'OPTIONS' });
    const answer = new Promise<number>((resolve) => {
      req.on('response', (res: Srf.SrfResponse) => resolve(res.status));
    });
    peer.send(rawResponse(peer, await peer.next('OPTIONS'), '404 Not Found'), stage.sipPort);
    expect(await answer).toBe(404);
  });

  it('can answer registrations', async () => {
    const app = await stage.app();
    app.register((_, res) =>
      res.send(401, { headers: { 'WWW-Authenticate': 'Digest realm="stage", nonce="n"' } }),
    );
    await sleep(systemClock, 30);
    peer.send(rawRequest(peer, 'REGISTER'), stage.sipPort);
    expect(headerOf(await peer.next('SIP/2.0 401'), 'WWW-Authenticate')).toBe(
      'Digest realm="stage", nonce="n"',
    );
  });

  it('are connected again after the server went and came back', async () => {
    const port = stage.server.adminPort;
    const app = await stage.app();
    app.options((_, res) => res.send(200));
    await stage.server.close();
    const again = await startDrachtioServer({
      adminHost: '127.0.0.1',
      adminPort: port,
      secret,
      sipHost: '127.0.0.1',
      sipPort: 0,
      transports: ['udp'],
      clock: systemClock,
      log: silentLog,
    });
    try {
      const sipPort = again.sipPorts.udp ?? 0;
      const reached = (): boolean => peer.received.some((text) => text.startsWith('SIP/2.0 200'));
      for (let cseq = 1; cseq < 30 && !reached(); cseq++) {
        peer.send(rawRequest(peer, 'OPTIONS', { cseq }), sipPort);
        await sleep(systemClock, 100);
      }
      expect(reached()).toBe(true);
    } finally {
      app.disconnect();
      await again.close();
    }
  });
});

describe('starting the embedded SIP server', () => {
  it('is refused with the published secret away from loopback', async () => {
    const options = {
      adminPort: 0,
      sipHost: '127.0.0.1',
      sipPort: 0,
      transports: ['udp'],
      clock: systemClock,
      log: silentLog,
    } as const;
    await expect(startDrachtioServer({ ...options, adminHost: '0.0.0.0', secret: 'cymru' })).rejects.toThrow(
      'published',
    );
    await expect(startDrachtioServer({ ...options, adminHost: '127.0.0.1', secret: '' })).rejects.toThrow(
      'must not be empty',
    );
  });
});
