import { setCallerIdChoice } from '../../src/caller-id/proven-numbers-store';
import { createApiKey } from '../../src/http/api-keys';
import { systemClock } from '../../src/kernel/clock';
import type { Role } from '../../src/http/roles';
import { aNumber, talk, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(60_000);

describe('a telephone that asks for privacy (Privacy: id)', () => {
  let stage: TwoPartyStage;
  beforeAll(async () => {
    stage = await TwoPartyStage.open(24_700);
  });
  afterAll(() => stage.close());
  afterEach(() => stage.clear());

  /** The INVITE that a carrier gets of a call with these headers. */
  async function asCarrierSees(headers: readonly string[], trunk: { isTrustedPeer?: boolean } = {}) {
    const far = await stage.device();
    await stage.carrierAt(far, { name: `carrier ${far.port}`, ...trunk });
    const ada = await stage.subscriber('5');
    const number = aNumber();
    const call = await ada.phone.dial(number, { headers });
    await talk(100);
    await call.hangUp();
    const invitation = far.taken[0]?.invitation;
    if (!invitation) throw new Error('the carrier was not called');
    return { ada, number, invitation };
  }

  it('is told to an untrusted carrier as nobody: no number stands anywhere in what it gets', async () => {
    const { ada, invitation } = await asCarrierSees(['Privacy: id']);
    expect(invitation.header('From')).toMatch(/^"Anonymous" <sip:anonymous@anonymous\.invalid>/);
    expect(invitation.header('Privacy')).toBe('id');
    for (const name of ['P-Asserted-Identity', 'Remote-Party-ID', 'Identity', 'Diversion'])
      expect(invitation.header(name)).toBe('');
    expect(invitation.text).not.toContain(ada.number);
    expect(invitation.text).not.toContain(stage.service.seed.accessNumber);
    expect(invitation.text).not.toContain(ada.phone.wish.username ?? '?');
  });

  it('is asserted to a trusted one, with the request to keep it', async () => {
    const { invitation } = await asCarrierSees(['Privacy: id'], { isTrustedPeer: true });
    expect(invitation.header('From')).toMatch(/^"Anonymous" <sip:anonymous@anonymous\.invalid>/);
    expect(invitation.header('P-Asserted-Identity')).toContain(stage.service.seed.accessNumber);
    expect(invitation.header('Privacy')).toBe('id');
  });

  it('that does not is shown to both', async () => {
    const { invitation } = await asCarrierSees([]);
    expect(invitation.header('From')).toContain(stage.service.seed.accessNumber);
    expect(invitation.header('Privacy')).toBe('');
  });

  it('is not put through without it: a service that nobody knows, asked for as critical, is refused', async () => {
    const ada = await stage.subscriber('5');
    const number = aNumber();
    const call = ada.phone.dial(number, { headers: ['Privacy: id;frobnicate;critical'] });
    await expect(call).rejects.toThrow(/500/);
    expect(await stage.legsTo(number, 1)).toMatchObject([{ result: 'failed', sipStatus: 500 }]);
  });

  it('is nobody to the telephone that it calls, too', async () => {
    const [ada, ben] = [await stage.subscriber('0'), await stage.subscriber('0')];
    const call = await ada.phone.dial(ben.number, { headers: ['Privacy: id'] });
    await call.hangUp();
    expect(ben.phone.taken[0]?.invitation.text).not.toContain(ada.number);
    expect(ben.phone.taken[0]?.invitation.text).not.toContain(ada.phone.wish.username ?? '?');
  });

  it('need not ask each time: what its account wishes for all calls holds among ourselves, too', async () => {
    const [ada, ben] = [await stage.subscriber('0'), await stage.subscriber('0')];
    await setCallerIdChoice(stage.service.database, ada.accountId, { number: null, withholds: true });
    await (await ada.phone.dial(ben.number)).hangUp();
    expect(ben.phone.taken[0]?.invitation.text).not.toContain(ada.number);
    const [own] = await stage.legsTo(ben.number, 2);
    expect(own).toMatchObject({ isWithheld: true, accountId: ada.accountId });
  });

  it('is nobody in records, live calls and exports, but for those whose role shows withheld numbers', async () => {
    const [ada, ben] = [await stage.subscriber('0'), await stage.subscriber('0')];
    const read = async (role: Role, path: string) => {
      const { secret } = await createApiKey(stage.service.database, {
        label: role,
        role,
        accountId: null,
        scopes: [],
        expiresAtMs: null,
        nowMs: systemClock.nowMs(),
      });
      const url = `http://127.0.0.1:${stage.service.httpPort}/api/v1${path}`;
      const answer = await fetch(url, { headers: { Authorization: `Bearer ${secret}` } });
      expect(answer.status).toBe(200);
      return answer.text();
    };
    const call = await ada.phone.dial(ben.number, { headers: ['Privacy: id'] });
    expect(await read('network', '/live/calls')).not.toContain(ada.number);
    expect(await read('admin', '/live/calls')).toContain(ada.number);
    await call.hangUp();
    await stage.legsTo(ben.number, 2);
    for (const path of ['/cdrs?limit=2', '/cdrs.csv']) {
      expect(await read('network', path)).toContain(ben.number);
      expect(await read('network', path)).not.toContain(ada.number);
      expect(await read('admin', path)).toContain(ada.number);
    }
    const found = JSON.parse(await read('network', `/cdrs?number=${ada.number}`)) as { cdrs: unknown[] };
    expect(found.cdrs).toEqual([]);
  });
});
