import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certify } from '../../../test/support/signing-certificates';
import { FakeClock } from '../../../test/support/fake-clock';
import { systemClock } from '../../kernel/clock';
import { certificateFetcher } from './fetch-certificate';

const webRoot = certify({ subject: 'Web root', isAuthority: true });
const web = certify({ subject: 'localhost', issuer: webRoot, hosts: ['localhost'] });

const fetcher = (clock = new FakeClock()) =>
  certificateFetcher({ clock, allowsLoopback: true, webAuthorities: webRoot.pem });

describe('certificates of signers', () => {
  let server: Server;
  let base: string;
  let asked: string[] = [];
  beforeAll(async () => {
    server = createServer({ key: web.keyPem, cert: web.pem }, (req, res) => {
      asked.push(req.url ?? '');
      if (req.url === '/large') res.end('x'.repeat(70_000));
      else if (req.url === '/moved') res.writeHead(302, { Location: '/ok' }).end();
      else if (req.url === '/none') res.writeHead(404).end();
      else if (req.url === '/broken') res.socket?.destroy();
      else if (req.url !== '/silent') res.end(`the file ${req.url}`);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    base = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = [];
  });

  it('are fetched once for all who ask at once, and kept for an hour', async () => {
    const clock = new FakeClock();
    const fetch = fetcher(clock);
    const all = await Promise.all(Array.from({ length: 10 }, () => fetch(`${base}/ok`)));
    expect(new Set(all)).toEqual(new Set(['the file /ok']));
    await clock.advance(3_599_000);
    await fetch(`${base}/ok`);
    expect(asked).toEqual(['/ok']);
    await clock.advance(1_000);
    await fetch(`${base}/ok`);
    expect(asked).toEqual(['/ok', '/ok']);
  });

  it('that are not to be had are asked for again after a minute', async () => {
    const clock = new FakeClock();
    const fetch = fetcher(clock);
    expect(await fetch(`${base}/none`)).toBeNull();
    await clock.advance(59_000);
    await fetch(`${base}/none`);
    expect(asked).toHaveLength(1);
    await clock.advance(1_000);
    await fetch(`${base}/none`);
    expect(asked).toHaveLength(2);
  });

  it.each(['/large', '/moved', '/broken'])('are not taken from %s', async (path) => {
    expect(await fetcher()(`${base}${path}`)).toBeNull();
    expect(asked).toEqual([path]);
  });

  it('are waited for two seconds, no longer', async () => {
    const clock = new FakeClock();
    const pending = fetcher(clock)(`${base}/silent`);
    await clock.advance(2_000);
    expect(await pending).toBeNull();
  });

  it.each([
    'http://localhost/ok',
    'file:///etc/passwd',
    'https://user:password@localhost/ok',
    'nonsense',
    '',
    'https://10.0.0.1/ok',
    'https://169.254.169.254/latest',
    'https://[fe80::1]/ok',
    'https://[::ffff:10.0.0.1]/ok',
    'https://192.168.1.1/ok',
  ])('are not asked for at "%s"', async (url) => {
    expect(await fetcher()(url)).toBeNull();
    expect(asked).toEqual([]);
  });

  it('are not asked for on this machine, by address or by name, unless that is allowed', async () => {
    const fetch = certificateFetcher({ clock: systemClock, webAuthorities: webRoot.pem });
    expect(await fetch(`${base}/ok`)).toBeNull();
    expect(await fetch(`${base.replace('localhost', '127.0.0.1')}/ok`)).toBeNull();
    expect(asked).toEqual([]);
  });

  it('are taken from nobody whose own certificate is not believed', async () => {
    const fetch = certificateFetcher({ clock: systemClock, allowsLoopback: true });
    expect(await fetch(`${base}/ok`)).toBeNull();
  });
});
