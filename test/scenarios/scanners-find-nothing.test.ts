import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listAlerts } from '../../src/alerts/alerts-store';
import { changeTrunk } from '../../src/trunks/trunks-store';
import { freePort } from '../support/mariadb-server';
import { SipDevice } from '../support/sip-device';
import { type Subscriber, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(120_000);

/** Telephones of ours are here; the tools, which can send from nowhere else, at 127.0.0.1, and the trunk at neither. */
const OWNERS = '127.0.0.20';
const TOOL_LIMIT_MS = 25_000;

describe('programs that look for telephones and passwords (sipvicious)', () => {
  let stage: TwoPartyStage;
  let ada: Subscriber;
  let ben: Subscriber;
  const folder = mkdtempSync(join(tmpdir(), '123-voip-scan-'));
  beforeAll(async () => {
    stage = await TwoPartyStage.open(25_300);
    const [row] = await stage.service.database.read.all("SELECT id FROM trunks WHERE name = 'This machine'");
    await changeTrunk(stage.service.database, String(row?.id), { addresses: ['127.0.0.30/32'] });
    const at = { host: OWNERS };
    [ada, ben] = [await stage.subscriber('0', 0, at), await stage.subscriber('0', 0, at)];
  });
  afterAll(async () => {
    await stage.clear();
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the program wrote; one that is not answered any more waits for ever and is ended. */
  function run(program: string, ...words: string[]): Promise<string> {
    const target = program === 'svmap' ? '127.0.0.1' : `udp://127.0.0.1:${stage.service.sipPort}`;
    const how = { timeout: TOOL_LIMIT_MS, cwd: folder, env: { ...process.env, HOME: folder } };
    return freePort().then(
      (port) =>
        new Promise((resolve) => {
          execFile(program, ['-P', String(port), '-t', '0.005', ...words, target], how, (_error, out, err) =>
            resolve(out + err),
          );
        }),
    );
  }

  const alertsAbout = async (address: string) =>
    (await listAlerts(stage.service.database.read, { after: null, limit: 100, numbers: 'full' })).alerts
      .filter(({ details }) => details?.address === address)
      .map(({ kind }) => kind);

  async function expectOwnersServed(): Promise<void> {
    expect(await ada.phone.register()).toBe(200);
    const call = await ada.phone.dial(ben.number);
    await call.hangUp();
  }

  it.each(['REGISTER', 'INVITE', 'OPTIONS'])('find no extension among hundreds by %s', async (method) => {
    const words = join(folder, `names-${method}`);
    const names = Array.from({ length: 200 }, (_, n) => String(100 + n));
    writeFileSync(words, [...names, ada.phone.wish.username, ben.number, ''].join('\n'));
    const said = await run('svwar', '-m', method, '--force', '-d', words);
    for (const name of [ada.phone.wish.username ?? '?', ben.number]) expect(said).not.toContain(`| ${name}`);
    expect(said).not.toMatch(/^\| \d+ /m);
    await expectOwnersServed();
  });

  it('hear the same for every name, and after some dozens nothing but that nobody listens, which is told of', async () => {
    const from = '127.0.0.17';
    const statuses: (number | null)[] = [];
    for (let n = 0; n < 60; n++) {
      const username = n % 2 === 0 ? (ada.phone.wish.username ?? '') : `a${String(n).padStart(9, '0')}`;
      const scanner = await SipDevice.open({ sipPort: stage.service.sipPort, host: from, username });
      const own = `<sip:${username}@127.0.0.1>`;
      const dialog = { from: `${own};tag=t${n}`, to: own, callId: `scan-${n}`, cseq: 1 };
      statuses.push((await scanner.ask('REGISTER', 'sip:127.0.0.1', dialog)).status);
      scanner.close();
    }
    const blockedAt = statuses.indexOf(403);
    expect(blockedAt).toBeGreaterThan(10);
    expect(new Set(statuses.slice(0, blockedAt))).toEqual(new Set([401]));
    expect(new Set(statuses.slice(blockedAt))).toEqual(new Set([403]));
    expect(await alertsAbout(from)).toContain('sip-scan-blocked');
    await expectOwnersServed();
  });

  it('see that a SIP service is there, and not whose', async () => {
    const said = await run('svmap', '-p', String(stage.service.sipPort));
    expect(said).not.toMatch(/drachtio|sofia|freeswitch|123-voip/i);
    await expectOwnersServed();
  });

  it('find no password, not even the right one at the end of a list, and the owner is served meanwhile', async () => {
    const words = join(folder, 'passwords');
    const wrong = Array.from({ length: 20 }, (_, n) => `password-${n}`);
    writeFileSync(words, [...wrong, ada.phone.wish.password, ''].join('\n'));
    expect(await run('svcrack', '-u', ada.phone.wish.username ?? '', '-d', words)).not.toContain(
      ada.phone.wish.password,
    );
    // svcrack stumbles over SHA-256, so somebody else tries the same list with MD5.
    const from = '127.0.0.15';
    const { username = '', password: right = '' } = ada.phone.wish;
    const tried: number[] = [];
    for (const password of [...wrong, right]) {
      const thief = await SipDevice.open({ sipPort: stage.service.sipPort, host: from, username, password });
      tried.push(await thief.register());
      thief.close();
    }
    expect(tried).not.toContain(200);
    expect(tried.at(-1)).toBe(403);
    expect(await alertsAbout(from)).toContain('sip-guesses-blocked');
    await expectOwnersServed();
  });

  it('who overhear a REGISTER or an INVITE gain nothing by sending it again', async () => {
    const call = await ben.phone.dial(ada.number);
    await call.hangUp();
    await ben.phone.register();
    const before = ada.phone.taken.length;
    for (const method of ['REGISTER', 'INVITE']) {
      const thief = await SipDevice.open({ sipPort: stage.service.sipPort, host: '127.0.0.16' });
      const overheard = ben.phone.sent.get(method) ?? '';
      expect(overheard).toContain('Authorization: Digest');
      const again = overheard
        .replace(/Via: SIP\/2\.0\/UDP \S+?;/, `Via: SIP/2.0/UDP 127.0.0.16:${thief.port};`)
        .replace(/branch=\S+/, `branch=z9hG4bK${method}again`)
        .replace(/^Call-ID: .*$/m, `Call-ID: ${method}-again`);
      expect((await thief.sendAgain(again)).status).toBe(401);
      thief.close();
    }
    expect(ada.phone.taken).toHaveLength(before);
    await expectOwnersServed();
  });
});
