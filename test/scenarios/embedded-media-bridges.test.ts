import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Leg } from '../../src/media/leg';
import { LegGone } from '../../src/media/leg-commands';
import type { OutboundLeg } from '../../src/media/outbound-leg';
import { hearing, pause, RtpPhone, until } from './embedded-media-bed';
import { aCallerOn, rtpTimeoutMs, type Stage, startStage } from './embedded-media-stage';

type Caller = { phone: RtpPhone; leg: Leg };

jest.setTimeout(60_000);

describe('two legs that talk with each other', () => {
  let stage: Stage;
  let folder: string;
  const callers: Caller[] = [];

  beforeAll(async () => {
    stage = await startStage();
    folder = await mkdtemp(join(tmpdir(), 'bridges-'));
  });

  afterEach(async () => {
    for (const { phone, leg } of callers.splice(0)) {
      await leg.hangUp();
      phone.close();
    }
  });

  afterAll(async () => {
    await stage.close();
    await rm(folder, { recursive: true });
  });

  async function aCaller(hertz = 0): Promise<Caller> {
    const caller = await aCallerOn(stage);
    caller.phone.tone(hertz);
    callers.push(caller);
    return caller;
  }

  /** Somebody we call, whose telephone has answered. */
  async function aCallee(hertz: number): Promise<{ phone: RtpPhone; leg: OutboundLeg }> {
    const phone = await RtpPhone.open();
    const leg = await stage.media.createOutboundLeg({});
    callers.push({ phone, leg });
    phone.follow(leg.localSdp);
    phone.tone(hertz);
    return { phone, leg };
  }

  it('hear each other until the bridge is taken apart, and can be used and bridged again afterwards', async () => {
    const [one, other] = [await aCaller(437), await aCaller(1_153)];
    await one.leg.bridge(other.leg);
    expect(await hearing([one.phone, other.phone], [437, 1_153])).toEqual([
      ['no', 'yes'],
      ['yes', 'no'],
    ]);
    await one.leg.unbridge();
    expect(await hearing([one.phone, other.phone], [437, 1_153])).toEqual([
      ['no', 'no'],
      ['no', 'no'],
    ]);
    await Promise.all([
      one.leg.play(['tone_stream://%(300,0,620)']),
      other.leg.play(['tone_stream://%(300,0,620)']),
    ]);
    const asked = one.leg.collect({
      file: 'silence_stream://100',
      maxDigits: 2,
      firstDigitMs: 4_000,
      nextDigitMs: 2_000,
    });
    await pause(400);
    await one.phone.press('42');
    expect(await asked).toBe('42');
    const third = await aCaller(2_081);
    await other.leg.bridge(third.leg);
    expect(await hearing([one.phone, other.phone, third.phone], [437, 1_153, 2_081])).toEqual([
      ['no', 'no', 'no'],
      ['no', 'no', 'yes'],
      ['no', 'yes', 'no'],
    ]);
  });

  it('are bridged and taken apart at once many times over, and answer to the last command', async () => {
    const [one, other] = [await aCaller(437), await aCaller(1_153)];
    for (let round = 0; round < 5; round += 1) {
      await one.leg.bridge(other.leg);
      await other.leg.unbridge();
    }
    await one.leg.play(['tone_stream://%(200,0,620)']);
    await one.leg.bridge(other.leg);
    await one.leg.bridge(other.leg);
    expect(await hearing([one.phone, other.phone], [437, 1_153])).toEqual([
      ['no', 'yes'],
      ['yes', 'no'],
    ]);
  });

  it('a leg is taken out of music, a question and a conference to be bridged', async () => {
    const [one, other, third] = [await aCaller(437), await aCaller(1_153), await aCaller(2_081)];
    one.leg.startMusic('tone_stream://%(250,0,620)');
    await other.leg.join('before-the-bridge');
    await third.leg.join('before-the-bridge');
    await one.leg.bridge(other.leg);
    expect(await hearing([one.phone, other.phone, third.phone], [437, 620, 1_153, 2_081])).toEqual([
      ['no', 'no', 'yes', 'no'],
      ['yes', 'no', 'no', 'no'],
      ['no', 'no', 'no', 'no'],
    ]);
    const asked = third.leg.collect({
      file: 'silence_stream://100',
      maxDigits: 4,
      firstDigitMs: 9_000,
      nextDigitMs: 9_000,
    });
    await pause(300);
    await one.leg.unbridge();
    await third.leg.bridge(one.leg);
    expect(await asked).toBe('');
    expect(await hearing([third.phone], [437])).toEqual([['yes']]);
  });

  it('the end of one leaves the other on the line', async () => {
    const [one, other] = [await aCaller(437), await aCaller(1_153)];
    const gone: string[] = [];
    other.leg.onGone((cause) => gone.push(cause));
    await one.leg.bridge(other.leg);
    await one.leg.hangUp();
    await other.leg.play(['tone_stream://%(200,0,620)']);
    await pause(300);
    expect(gone).toEqual([]);
    const third = await aCaller(2_081);
    await third.leg.bridge(other.leg);
    expect(await hearing([other.phone], [437, 2_081])).toEqual([['no', 'yes']]);
    await expect(other.leg.bridge(one.leg)).rejects.toThrow(LegGone);
  });

  it('keys are told and reach the other side, by RTP and by INFO', async () => {
    const [one, other] = [await aCaller(), await aCaller()];
    const told: string[] = [];
    one.leg.onDigit((key) => told.push(key));
    await one.leg.bridge(other.leg);
    await pause(500);
    await one.phone.press('5#');
    await until(() => told.join('') === '5#');
    await until(() => other.phone.keys.join('') === '5#');
    await other.phone.press('7');
    await until(() => one.phone.keys.join('') === '7');
    expect(told.join('')).toBe('5#');
    const third = await aCaller();
    third.leg.onDigit((key) => told.push(`third ${key}`));
    await one.leg.unbridge();
    await third.leg.bridge(other.leg);
    await pause(300);
    await third.leg.passDigit('application/dtmf-relay', 'Signal=9\r\nDuration=160\r\n');
    await until(() => other.phone.keys.join('') === '5#9');
    await until(() => told.includes('third 9'));
  });

  it('a prompt is heard by one alone over the conversation, also when the other side is silent', async () => {
    const [one, other] = [await aCaller(437), await aCaller(1_153)];
    await one.leg.bridge(other.leg);
    await pause(300);
    await one.leg.playOver(['tone_stream://%(600,0,620)', 'tone_stream://%(2000,0,850)']);
    await pause(300);
    expect(await hearing([one.phone, other.phone], [437, 850, 1_153])).toEqual([
      ['no', 'yes', 'yes'],
      ['yes', 'no', 'no'],
    ]);
    await pause(2_000);
    expect(await hearing([one.phone], [620, 850, 1_153])).toEqual([['no', 'no', 'yes']]);
    other.phone.fallSilent();
    await pause(300);
    await one.leg.playOver(['tone_stream://%(2000,0,850)']);
    expect(await hearing([one.phone], [850])).toEqual([['yes']]);
  });

  it('a held leg is silent for the other, who hears music until it is retrieved', async () => {
    const [one, other] = [await aCaller(437), await aCaller(1_153)];
    await one.leg.bridge(other.leg);
    for (const direction of ['sendonly', 'inactive']) {
      expect(await one.leg.reoffer(one.phone.offer(direction))).toMatch(
        direction === 'sendonly' ? /a=recvonly/ : /a=inactive/,
      );
      other.leg.startMusic('tone_stream://%(9000,0,620)');
      expect(await hearing([other.phone], [437, 620])).toEqual([['no', 'yes']]);
      await one.leg.reoffer(one.phone.offer());
      await other.leg.stopMusic();
      expect(await hearing([one.phone, other.phone], [437, 620, 1_153])).toEqual([
        ['no', 'no', 'yes'],
        ['yes', 'no', 'no'],
      ]);
    }
    await one.leg.reoffer(one.phone.offer('sendonly'));
    other.leg.startMusic('tone_stream://%(9000,0,620)');
    const third = await aCaller(2_081);
    await third.leg.bridge(other.leg);
    expect(await hearing([other.phone, third.phone], [437, 620, 1_153, 2_081])).toEqual([
      ['no', 'no', 'no', 'yes'],
      ['no', 'no', 'yes', 'no'],
    ]);
    await one.leg.reoffer(one.phone.offer());
    await one.leg.bridge(other.leg);
    const old = one.phone.offer().replace(/^c=.*$/m, 'c=IN IP4 0.0.0.0');
    await one.leg.reoffer(old);
    expect(await hearing([other.phone], [437])).toEqual([['no']]);
    await one.leg.reoffer(one.phone.offer());
    expect(await hearing([other.phone], [437])).toEqual([['yes']]);
  });

  it('a leg that holds or only listens may be silent, and counts as lost again when it no longer does', async () => {
    const silent = await Promise.all([aCaller(), aCaller(), aCaller()]);
    const [holding, listening, retrieved] = silent;
    const gone: string[] = [];
    for (const { leg, phone } of silent) {
      leg.onGone((cause) => gone.push(`${silent.findIndex((one) => one.leg === leg)} ${cause}`));
      phone.fallSilent();
    }
    await holding?.leg.reoffer(holding.phone.offer('sendonly'));
    await listening?.leg.reoffer(listening.phone.offer('recvonly'));
    await retrieved?.leg.reoffer(retrieved.phone.offer('recvonly'));
    await pause(rtpTimeoutMs + 2_000);
    expect(gone).toEqual([]);
    await retrieved?.leg.reoffer(retrieved.phone.offer());
    await until(() => gone.length > 0, rtpTimeoutMs + 5_000);
    expect(gone).toEqual(['2 MEDIA_TIMEOUT']);
  });

  it('a telephone that only listens from the beginning is kept, and missed when it has begun to speak and stops', async () => {
    const phone = await RtpPhone.open();
    const leg = await stage.media.createLeg(phone.offer('recvonly'), {});
    callers.push({ phone, leg });
    const gone: string[] = [];
    leg.onGone((cause) => gone.push(cause));
    await pause(rtpTimeoutMs + 2_000);
    expect(gone).toEqual([]);
    phone.follow(leg.localSdp);
    await leg.reoffer(phone.offer());
    await pause(1_000);
    phone.fallSilent();
    await until(() => gone.length > 0, rtpTimeoutMs + 5_000);
    expect(gone).toEqual(['MEDIA_TIMEOUT']);
  });

  it('early media: a caller hears the far end before it has answered', async () => {
    const caller = await aCaller(437);
    const callee = await aCallee(1_153);
    caller.leg.startMusic('tone_stream://%(250,0,620)');
    await pause(300);
    await callee.leg.acceptAnswer(callee.phone.offer());
    await caller.leg.bridge(callee.leg);
    expect(await hearing([caller.phone, callee.phone], [437, 620, 1_153])).toEqual([
      ['no', 'no', 'yes'],
      ['yes', 'no', 'no'],
    ]);
    const moved = await RtpPhone.open();
    moved.follow(callee.leg.localSdp);
    moved.tone(2_081);
    callee.phone.fallSilent();
    await callee.leg.acceptAnswer(moved.offer());
    expect(await hearing([caller.phone, moved], [437, 1_153, 2_081])).toEqual([
      ['no', 'no', 'yes'],
      ['yes', 'no', 'no'],
    ]);
    await caller.leg.hangUp();
    const quality = await stage.media.qualityOf(caller.leg.id);
    // FreeSWITCH knows flaws, not losses: a packet that comes a moment late may count.
    expect(quality?.packetsLost).toBeLessThan(0.05 * (quality?.packetsReceived ?? 0));
    expect(quality?.mos).toBeGreaterThan(4);
    expect(quality?.packetsReceived).toBeGreaterThan(80);
    moved.close();
  });

  it('a voicemail of a leg that was never in a conference is recorded to the key or the limit', async () => {
    const { phone, leg } = await aCaller(437);
    const file = join(folder, 'voicemail.wav');
    const recording = leg.recordShort(file, { maxSeconds: 180, silenceSeconds: 5, terminator: '#' });
    await pause(2_000);
    await phone.press('#');
    const { seconds } = await recording;
    expect(seconds).toBeGreaterThan(1.7);
    expect(seconds).toBeLessThan(3.5);
    expect((await readFile(file)).length).toBeGreaterThan(44 + 1.7 * 16_000);
  });
});
