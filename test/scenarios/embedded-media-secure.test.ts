import type { Leg } from '../../src/media/leg';
import type { OutboundLeg } from '../../src/media/outbound-leg';
import { AnswerNotSecure } from '../../src/media/secure-audio';
import { pause, RtpPhone, strengthOf, until } from './embedded-media-bed';
import { aCallerOn, rtpTimeoutMs, type Stage, startStage } from './embedded-media-stage';

const suites = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const;

jest.setTimeout(60_000);

async function hears(phone: RtpPhone, hertz: number): Promise<boolean> {
  await pause(300);
  phone.forget();
  await pause(600);
  return strengthOf(phone.heard, hertz) > 0.08;
}

describe('encrypted legs', () => {
  let stage: Stage;
  const callers: { phone: RtpPhone; leg: Leg }[] = [];

  beforeAll(async () => {
    stage = await startStage();
  });

  afterEach(async () => {
    for (const { phone, leg } of callers.splice(0)) {
      await leg.hangUp();
      phone.close();
    }
  });

  afterAll(() => stage.close());

  async function aSecureCaller(
    suite: (typeof suites)[number],
    hertz: number,
  ): Promise<{ phone: RtpPhone; leg: Leg }> {
    const phone = await RtpPhone.open();
    phone.encrypt(suite);
    const leg = await stage.media.createLeg(phone.offer(), {});
    callers.push({ phone, leg });
    phone.follow(leg.localSdp);
    phone.tone(hertz);
    return { phone, leg };
  }

  /** Somebody we call with an offer of SRTP, who answers it. */
  async function aSecureCallee(hertz: number): Promise<{ phone: RtpPhone; leg: OutboundLeg }> {
    const phone = await RtpPhone.open();
    const leg = await stage.media.createOutboundLeg({}, 'srtp');
    callers.push({ phone, leg });
    expect(leg.localSdp).toMatch(
      /^m=audio \d+ RTP\/SAVP 0 8 101\r\n(.*\r\n)*a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:\S{40}\r\n/m,
    );
    phone.encrypt('AES_CM_128_HMAC_SHA1_80');
    phone.follow(leg.localSdp);
    phone.tone(hertz);
    return { phone, leg };
  }

  it.each(suites)('a caller with %s talks with one without', async (suite) => {
    const secure = await aSecureCaller(suite, 437);
    const plain = await aCallerOn(stage);
    callers.push(plain);
    plain.phone.tone(1_153);
    expect([secure.leg.secure, plain.leg.secure]).toEqual([true, false]);
    expect(secure.leg.localSdp).toContain(`a=crypto:1 ${suite} inline:`);
    const told: string[] = [];
    secure.leg.onDigit((key) => told.push(key));
    await secure.leg.bridge(plain.leg);
    expect([await hears(secure.phone, 1_153), await hears(plain.phone, 437)]).toEqual([true, true]);
    await secure.phone.press('4');
    await until(() => told.join('') === '4');
    await plain.phone.press('6');
    await until(() => secure.phone.keys.join('') === '6');
    await secure.leg.reoffer(secure.phone.offer('sendonly'));
    secure.phone.follow(await secure.leg.reoffer(secure.phone.offer()));
    expect([await hears(secure.phone, 1_153), await hears(plain.phone, 437)]).toEqual([true, true]);
  });

  it('a caller is told the new key when he brings a new one', async () => {
    const { phone, leg } = await aSecureCaller(suites[0], 437);
    const before = leg.localSdp;
    phone.encrypt(suites[0]);
    const after = await leg.reoffer(phone.offer());
    expect(/inline:\S+/.exec(after)?.[0]).not.toBe(/inline:\S+/.exec(before)?.[0]);
    phone.follow(after);
    const asked = leg.collect({
      file: 'silence_stream://100',
      maxDigits: 1,
      firstDigitMs: 5_000,
      nextDigitMs: 1_000,
    });
    await pause(300);
    await phone.press('8');
    expect(await asked).toBe('8');
    leg.startMusic('tone_stream://%(9000,0,620)');
    expect(await hears(phone, 620)).toBe(true);
  });

  it('the called one rings as long as it likes, answers, and may answer again with another key and address', async () => {
    const caller = await aSecureCaller(suites[1], 437);
    const callee = await aSecureCallee(1_153);
    const gone: string[] = [];
    callee.leg.onGone((cause) => gone.push(cause));
    await pause(rtpTimeoutMs + 1_500);
    await callee.leg.acceptAnswer(callee.phone.offer());
    await caller.leg.bridge(callee.leg);
    expect([await hears(caller.phone, 1_153), await hears(callee.phone, 437)]).toEqual([true, true]);
    const held = await callee.leg.reoffer(callee.phone.offer('sendonly'));
    expect(held).toMatch(/a=recvonly/);
    callee.phone.follow(await callee.leg.reoffer(callee.phone.offer()));
    expect([await hears(caller.phone, 1_153), await hears(callee.phone, 437)]).toEqual([true, true]);
    const branch = await RtpPhone.open();
    branch.encrypt(suites[0]);
    branch.follow(callee.leg.localSdp);
    branch.tone(2_081);
    callee.phone.fallSilent();
    await callee.leg.acceptAnswer(branch.offer());
    expect([await hears(caller.phone, 2_081), await hears(branch, 437)]).toEqual([true, true]);
    expect(callee.leg.secure).toBe(true);
    expect(gone).toEqual([]);
    branch.fallSilent();
    await until(() => gone.length > 0, rtpTimeoutMs + 5_000);
    expect(gone).toEqual(['MEDIA_TIMEOUT']);
    branch.close();
  });

  it('an answer without a key is refused, and nobody hears anything of it', async () => {
    const { leg } = await aSecureCallee(1_153);
    const plain = await RtpPhone.open();
    await expect(leg.acceptAnswer(plain.offer())).rejects.toThrow(AnswerNotSecure);
    plain.follow(leg.localSdp);
    leg.startMusic('tone_stream://%(9000,0,620)');
    expect(await hears(plain, 620)).toBe(false);
    plain.close();
  });

  it('a wish for SRTP in a plain offer is passed over', async () => {
    const { phone, leg } = { phone: await RtpPhone.open(), leg: await aWishfulLeg() };
    callers.push({ phone, leg });
    expect(leg.secure).toBe(false);
    expect(leg.localSdp).toContain('RTP/AVP');
    expect(leg.localSdp).not.toContain('a=crypto');
  });

  async function aWishfulLeg(): Promise<Leg> {
    const phone = await RtpPhone.open();
    phone.encrypt(suites[0]);
    const leg = await stage.media.createLeg(phone.offer().replace('RTP/SAVP', 'RTP/AVP'), {});
    callers.push({ phone, leg });
    return leg;
  }
});
