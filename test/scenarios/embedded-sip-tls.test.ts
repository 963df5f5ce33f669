import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type Srf from 'drachtio-srf';
import { sleep, systemClock } from '../../src/kernel/clock';
import { type CertificateFiles, TestAuthority } from '../support/certificates';
import { headerOf, holdsWithin, sdp, setStage, type Stage } from './embedded-sip-stage';

jest.setTimeout(30_000);

/** One end of a TLS connection that speaks raw SIP. */
class TlsPeer {
  text = '';
  closed = false;
  private taken = 0;

  constructor(readonly socket: TLSSocket) {
    socket.on('data', (data: Buffer) => {
      this.text += data.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** The next message that starts so; the peer takes them in order. */
  async next(start: string): Promise<string> {
    const at = (): number => this.text.indexOf(start, this.taken);
    if (!(await holdsWithin(3_000, () => at() !== -1))) throw new Error(`no ${start} came`);
    await sleep(systemClock, 20);
    const from = at();
    this.taken = from + start.length;
    return this.text.slice(from);
  }

  request(
    method: string,
    callId: string,
    more: { lines?: string[]; body?: string; to?: string; cseq?: number } = {},
  ): void {
    const { lines = [], body = '', to = '<sip:bob@127.0.0.1>', cseq = 1 } = more;
    this.socket.write(
      [
        `${method} sip:bob@127.0.0.1 SIP/2.0`,
        `Via: SIP/2.0/TLS 127.0.0.1:40404;branch=z9hG4bK${callId}${method}${cseq};rport`,
        'From: <sip:alice@127.0.0.1>;tag=tls',
        `To: ${to}`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq} ${method}`,
        'Contact: <sip:alice@192.0.2.200:40404;transport=tls>',
        ...(body === '' ? [] : ['Content-Type: application/sdp']),
        ...lines,
        `Content-Length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    );
  }

  answer(request: string, status: string): void {
    const to = headerOf(request, 'To');
    this.socket.write(
      [
        `SIP/2.0 ${status}`,
        ...['Via', 'From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${headerOf(request, name)}`),
        `To: ${to.includes(';tag=') ? to : `${to};tag=tls`}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  }
}

function answered(req: Srf.SrfRequest): Promise<Srf.SrfResponse> {
  return new Promise((resolve) => {
    req.on('response', resolve);
  });
}

describe('SIP over TLS', () => {
  let folder: string;
  let house: TestAuthority;
  let strange: TestAuthority;
  let ours: CertificateFiles;
  const closing: (() => Promise<unknown> | void)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-'));
    house = new TestAuthority(folder, 'house');
    strange = new TestAuthority(folder, 'strange');
    ours = house.issue('sip.house.example', ['DNS:sip.house.example', 'IP:127.0.0.1']);
  });

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function aStage(clients: 'any' | 'certified' = 'any'): Promise<Stage & { tlsPort: number }> {
    const stage = await setStage({ tls: { port: 0, ...ours, caFile: house.caFile, clients } });
    closing.push(() => stage.close());
    return { ...stage, tlsPort: stage.server.sipPorts.tls ?? 0 };
  }

  async function aPhone(port: number, shows?: CertificateFiles, more = {}): Promise<TlsPeer> {
    const identity = shows ? { key: readFileSync(shows.keyFile), cert: readFileSync(shows.certFile) } : {};
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: readFileSync(house.caFile),
      servername: 'sip.house.example',
      ...identity,
      ...more,
    });
    const peer = new TlsPeer(socket);
    closing.push(() => void socket.destroy());
    await new Promise<void>((resolve) => {
      socket.once('secureConnect', resolve);
      socket.once('close', () => resolve());
    });
    return peer;
  }

  /** A carrier's TLS server with this certificate. */
  async function aCarrier(files: CertificateFiles): Promise<{ port: number; peers: TlsPeer[] }> {
    const peers: TlsPeer[] = [];
    const server = createServer(
      {
        key: readFileSync(files.keyFile),
        cert: readFileSync(files.certFile),
        ca: readFileSync(house.caFile),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (socket) => peers.push(new TlsPeer(socket)),
    );
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => {
      for (const { socket } of peers) socket.destroy();
      server.close();
    });
    const address = server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : 0, peers };
  }

  it('a call comes by TLS, is told so to the application, and goes on over its connection', async () => {
    const stage = await aStage();
    const app = await stage.app();
    const protocols: string[] = [];
    const dialogs: Srf.Dialog[] = [];
    app.invite((req, res) => {
      protocols.push(req.protocol);
      void app.createUAS(req, res, { localSdp: sdp }).then((dialog) => dialogs.push(dialog));
    });
    await sleep(systemClock, 50);
    const phone = await aPhone(stage.tlsPort);
    phone.request('INVITE', 'call', { body: sdp });
    const ok = await phone.next('SIP/2.0 200');
    expect(headerOf(ok, 'Contact')).toBe(`<sip:127.0.0.1:${stage.tlsPort};transport=tls>`);
    phone.request('ACK', 'call', { to: headerOf(ok, 'To') });
    expect(protocols).toEqual(['tls']);
    await holdsWithin(1_000, () => dialogs.length > 0);
    const ending = dialogs[0]?.destroy();
    const bye = await phone.next('BYE sip:alice@192.0.2.200:40404;transport=tls');
    expect(headerOf(bye, 'Via')).toContain(`SIP/2.0/TLS 127.0.0.1:${stage.tlsPort};`);
    phone.answer(bye, '200 OK');
    await ending;
  });

  it('a registered telephone is called over the connection it registered by, and not at all when that is gone', async () => {
    const stage = await aStage();
    const app = await stage.app();
    app.register((req, res) =>
      res.send(200, { headers: { Contact: req.get('Contact') ?? '', Expires: '60' } }),
    );
    await sleep(systemClock, 50);
    const phone = await aPhone(stage.tlsPort);
    phone.socket.write('\r\n\r\n');
    await holdsWithin(1_000, () => phone.text === '\r\n');
    phone.request('REGISTER', 'reg', { lines: ['Expires: 60'] });
    await phone.next('SIP/2.0 200');
    const req = await app.request('sip:alice@192.0.2.200:40404;transport=tls', { method: 'OPTIONS' });
    const final = answered(req);
    phone.answer(await phone.next('OPTIONS sip:alice'), '200 OK');
    expect((await final).status).toBe(200);
    phone.socket.destroy();
    await sleep(systemClock, 100);
    const again = await app.request('sip:alice@127.0.0.1:1;transport=tls', { method: 'OPTIONS' });
    expect((await answered(again)).status).toBe(503);
  });

  it('a server we call has to prove its name with a certificate of our authority', async () => {
    const stage = await aStage();
    const app = await stage.app();
    const good = await aCarrier(
      house.issue('carrier.example', ['DNS:carrier.example', 'DNS:localhost', 'IP:127.0.0.1']),
    );
    for (const uri of [`sips:x@127.0.0.1:${good.port}`, `sip:x@localhost:${good.port};transport=tls`]) {
      const final = answered(await app.request(uri, { method: 'OPTIONS' }));
      await holdsWithin(2_000, () => good.peers.some(({ text }) => text.includes(`OPTIONS ${uri}`)));
      const peer = good.peers.find(({ text }) => text.includes(`OPTIONS ${uri}`));
      const request = (await peer?.next('OPTIONS')) ?? '';
      expect(headerOf(request, 'Via')).toContain('SIP/2.0/TLS');
      // We show our own certificate to whom asks for it.
      expect(peer?.socket.authorized).toBe(true);
      peer?.answer(request, '200 OK');
      expect((await final).status).toBe(200);
    }
    const wrong = [
      await aCarrier(strange.issue('strange.example', ['DNS:localhost', 'IP:127.0.0.1'])),
      await aCarrier(house.issue('other.example', ['DNS:other.example'])),
    ];
    for (const { port, peers } of wrong) {
      const final = answered(await app.request(`sips:x@localhost:${port}`, { method: 'OPTIONS' }));
      expect((await final).status).toBe(503);
      expect(peers.every(({ text }) => text === '')).toBe(true);
    }
  });

  it('a client has to show a certificate of our authority when it must be certified', async () => {
    const stage = await aStage('certified');
    const app = await stage.app();
    app.options((_req, res) => res.send(200));
    await sleep(systemClock, 50);
    const known = await aPhone(stage.tlsPort, house.issue('trunk'));
    known.request('OPTIONS', 'known');
    expect(await known.next('SIP/2.0 200')).toContain('Call-ID: known');
    for (const shows of [undefined, strange.issue('trunk')]) {
      const stranger = await aPhone(stage.tlsPort, shows);
      stranger.request('OPTIONS', 'stranger');
      await holdsWithin(2_000, () => stranger.closed);
      expect([stranger.closed, stranger.text]).toEqual([true, '']);
    }
  });

  it('old versions of TLS, plain bytes and half handshakes get nowhere', async () => {
    const stage = await aStage();
    const old = await aPhone(stage.tlsPort, undefined, {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect([old.closed, old.text]).toEqual([true, '']);
    const app = await stage.app();
    app.options((_req, res) => res.send(200));
    await sleep(systemClock, 50);
    const phone = await aPhone(stage.tlsPort);
    phone.request('OPTIONS', 'alive');
    expect(await phone.next('SIP/2.0 200')).toContain('Call-ID: alive');
  });

  it('starts with no key that does not fit its certificate', async () => {
    const other = house.issue('other');
    const tls = { port: 0, keyFile: other.keyFile, certFile: ours.certFile, clients: 'any' as const };
    await expect(setStage({ tls })).rejects.toThrow(/key/i);
    await expect(setStage({ tls: { ...tls, keyFile: join(folder, 'nowhere.pem') } })).rejects.toThrow(
      /ENOENT/,
    );
  });
});
