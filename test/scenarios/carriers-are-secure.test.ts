import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from '../support/certificates';
import type { DeviceCall } from '../support/device-call';
import { freePort } from '../support/mariadb-server';
import { aNumber, talk, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(60_000);

const KEY = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(40)}`;

const secureAnswer = (call: DeviceCall) => {
  call.cryptoLine = KEY;
  call.pickUp();
};

describe('a carrier over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), '123-voip-secure-'));
  const authority = new TestAuthority(folder, 'house');
  const own = authority.issue('us', ['IP:127.0.0.1']);
  const theirs = authority.issue('carrier', ['IP:127.0.0.1']);
  let stage: TwoPartyStage;
  beforeAll(async () => {
    stage = await TwoPartyStage.open(25_100, {
      SIP_TLS_PORT: String(await freePort()),
      SIP_TLS_CERT_FILE: own.certFile,
      SIP_TLS_KEY_FILE: own.keyFile,
      SIP_TLS_CA_FILE: authority.caFile,
    });
  });
  afterAll(async () => {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => stage.clear());

  /** A call to a carrier that takes media as it says; gives the profiles that it was offered, one a try. */
  async function callTo(srtp: 'required' | 'offered', takes: (call: DeviceCall, isSecure: boolean) => void) {
    const far = await stage.device({
      tls: theirs,
      answers: (call) => takes(call, call.invitation.body.includes('RTP/SAVP')),
    });
    await stage.carrierAt(far, { name: `tls ${far.port}`, outward: { transport: 'tls', srtp } });
    const ada = await stage.subscriber('5');
    const number = aNumber();
    const outcome = await ada.phone.dial(number).then(
      async (call) => {
        await talk(500);
        await call.hangUp();
        return 'answered';
      },
      (error: unknown) => String(error),
    );
    const offered = far.taken.map(({ invitation }) => /RTP\/S?AVP/.exec(invitation.body)?.[0]);
    const [, ...tries] = await stage.legsTo(number, far.taken.length + 1);
    expect((await stage.service.balance(ada.accountId)).held.amountMicros).toBe(0n);
    return { outcome, offered, tries };
  }

  it('that must encrypt and does is talked with over SRTP', async () => {
    const { outcome, offered, tries } = await callTo('required', secureAnswer);
    expect([outcome, offered]).toEqual(['answered', ['RTP/SAVP']]);
    expect(tries[0]).toMatchObject({ result: 'completed' });
  });

  it.each<[string, (call: DeviceCall) => void]>([
    ['refuses (488)', (call) => call.refuse('488 Not Acceptable Here')],
    ['answers in the clear', (call) => call.pickUp()],
  ])('that must encrypt and %s is not talked with, and nothing is charged', async (_, takes) => {
    const { outcome, offered, tries } = await callTo('required', takes);
    expect(outcome).toMatch(/503/);
    expect(offered).toEqual(['RTP/SAVP']);
    expect(tries[0]?.rating?.charge.amountMicros).toBe(0n);
  });

  it.each<[string, (call: DeviceCall) => void]>([
    ['refuses (488)', (call) => call.refuse('488 Not Acceptable Here')],
    ['answers in the clear', (call) => call.pickUp()],
  ])('that may encrypt and %s is asked once more in the clear', async (_, takes) => {
    const { outcome, offered, tries } = await callTo('offered', (call, isSecure) =>
      isSecure ? takes(call) : call.pickUp(),
    );
    expect([outcome, offered]).toEqual(['answered', ['RTP/SAVP', 'RTP/AVP']]);
    expect(tries.map(({ rating }) => (rating?.charge.amountMicros ?? 0n) > 0n)).toEqual([false, true]);
  });
});
