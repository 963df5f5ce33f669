import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeTables } from '../../src/embedded/media/g711';
import type { Leg } from '../../src/media/leg';
import { LegGone } from '../../src/media/leg';
import type { HungUpLeg } from '../../src/kernel/hung-up-leg';
import { absent, hearing, pause, present, RtpPhone, strengthOf, until } from './embedded-media-bed';
import { aCallerOn, type Stage, startStage } from './embedded-media-stage';

type Caller = { phone: RtpPhone; leg: Leg };

jest.setTimeout(60_000);

describe('the media half of rooms', () => {
  let stage: Stage;
  let folder: string;
  const callers: Caller[] = [];
  const talked: { legId: string; talking: boolean }[] = [];
  const hungUp: HungUpLeg[] = [];

  beforeAll(async () => {
    stage = await startStage();
    stage.media.onTalking((legId, talking) => talked.push({ legId, talking }));
    stage.media.onHungUp((facts) => hungUp.push(facts));
    folder = await mkdtemp(join(tmpdir(), 'rooms-'));
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

  async function aCaller(headers?: Record<string, string>): Promise<Caller> {
    const caller = await aCallerOn(stage, headers);
    callers.push(caller);
    return caller;
  }

  const talkingOf = ({ leg }: Caller): boolean[] =>
    talked.filter(({ legId }) => legId === leg.id).map(({ talking }) => talking);
  const endOf = ({ id }: { id: string }): HungUpLeg | undefined => hungUp.find(({ legId }) => legId === id);

  async function aMember(room: string, hertz: number, options = {}): Promise<Caller> {
    const caller = await aCaller();
    caller.phone.tone(hertz);
    await caller.leg.join(room, options);
    return caller;
  }

  it('a coach is heard by the moderator alone, and by all when he no longer coaches', async () => {
    const room = 'coached';
    const moderator = await aMember(room, 437, { moderator: true });
    const speaker = await aMember(room, 1_153);
    const coach = await aMember(room, 2_081);
    await coach.leg.unheardBy([speaker.leg]);
    const phones = [moderator.phone, speaker.phone, coach.phone];
    expect(await hearing(phones, [437, 1_153, 2_081])).toEqual([
      ['no', 'yes', 'yes'],
      ['yes', 'no', 'no'],
      ['yes', 'yes', 'no'],
    ]);
    await coach.leg.unheardBy([speaker.leg]);
    await coach.leg.unheardBy([]);
    expect(await hearing([speaker.phone], [437, 2_081])).toEqual([['yes', 'yes']]);
  });

  it('a coach stays unheard by somebody who left and came again, and by more who join', async () => {
    const room = 'coached-again';
    const moderator = await aMember(room, 437, { moderator: true });
    const speaker = await aMember(room, 0);
    const coach = await aMember(room, 2_081);
    await coach.leg.unheardBy([speaker.leg]);
    await speaker.leg.leaveConference();
    await coach.leg.unheardBy([speaker.leg]);
    await pause(200);
    await speaker.leg.join(room, { deaf: true });
    const late = await aMember(room, 0, { deaf: true });
    await coach.leg.unheardBy([speaker.leg, late.leg]);
    await Promise.all([speaker.leg.setHearing(true), late.leg.setHearing(true)]);
    expect(await hearing([moderator.phone, speaker.phone, late.phone], [437, 2_081])).toEqual([
      ['no', 'yes'],
      ['yes', 'no'],
      ['yes', 'no'],
    ]);
  });

  it('a voice and an ear are taken and given back', async () => {
    const room = 'moderated';
    const [one, other] = [await aMember(room, 437), await aMember(room, 1_153, { muted: true })];
    expect(await hearing([one.phone], [1_153])).toEqual([['no']]);
    await other.leg.setVoice(true);
    await other.leg.setHearing(false);
    expect(await hearing([one.phone, other.phone], [437, 1_153])).toEqual([
      ['no', 'yes'],
      ['no', 'no'],
    ]);
    await other.leg.setHearing(true);
    await one.leg.setVoice(false);
    await other.leg.setVoice(false);
    await other.leg.setVoice(true);
    expect(await hearing([one.phone, other.phone], [437, 1_153])).toEqual([
      ['no', 'yes'],
      ['no', 'no'],
    ]);
  });

  it('music plays on until it is stopped, also when a prompt or a question comes between', async () => {
    const { phone, leg } = await aCaller();
    leg.startMusic('tone_stream://%(250,0,620)');
    await leg.play(['tone_stream://%(300,0,1500)']);
    expect(await hearing([phone], [620, 1_500])).toEqual([['yes', 'no']]);
    await leg.collect({
      file: 'tone_stream://%(100,0,1500)',
      maxDigits: 1,
      firstDigitMs: 200,
      nextDigitMs: 200,
    });
    expect(await hearing([phone], [620])).toEqual([['yes']]);
    await leg.stopMusic();
    expect(await hearing([phone], [620])).toEqual([['no']]);
    await leg.stopMusic();
    leg.startMusic('tone_stream://%(250,0,850)');
    expect(await hearing([phone], [620, 850])).toEqual([['no', 'yes']]);
    leg.startMusic('tone_stream://%(250,0,620)');
    await leg.join('after-music');
    expect(await hearing([phone], [620, 850])).toEqual([['no', 'no']]);
  });

  it('music of a caller who hangs up ends quietly', async () => {
    const { leg } = await aCaller();
    leg.startMusic('tone_stream://%(250,0,620)');
    await pause(100);
    await leg.hangUp();
    await leg.stopMusic();
    await expect(leg.play(['tone_stream://%(100,0,620)'])).rejects.toThrow(LegGone);
  });

  it('a list of prompts is broken off as a whole, and the music goes on', async () => {
    const { phone, leg } = await aCaller();
    leg.startMusic('tone_stream://%(250,0,620)');
    await leg.interrupt();
    const playing = leg.play(['tone_stream://%(4000,0,1500)', 'tone_stream://%(4000,0,2000)']);
    await pause(400);
    await leg.interrupt();
    await playing;
    expect(await hearing([phone], [620, 1_500, 2_000])).toEqual([['yes', 'no', 'no']]);
  });

  it('keys are told in and out of a conference, but not while they are collected', async () => {
    const { phone, leg } = await aCaller();
    const keys: string[] = [];
    const question = {
      file: 'silence_stream://50',
      maxDigits: 4,
      firstDigitMs: 3_000,
      nextDigitMs: 2_000,
    };
    leg.onDigit((key) => keys.push(key));
    await pause(150);
    await phone.press('1');
    leg.startMusic('tone_stream://%(250,0,620)');
    await pause(150);
    await phone.press('2');
    const typed = leg.collect(question);
    await pause(200);
    await phone.press('4711');
    expect(await typed).toBe('4711');
    await leg.join('keys');
    await phone.press('*3');
    await until(() => keys.length >= 4);
    expect(keys.join('')).toBe('12*3');
  });

  it('keys passed on from SIP INFO are told like those in RTP', async () => {
    const { leg } = await aCaller();
    const keys: string[] = [];
    leg.onDigit((key) => keys.push(key));
    await leg.join('info-keys');
    await leg.passDigit('application/dtmf-relay', 'Signal=#\r\nDuration=160\r\n');
    await leg.passDigit('application/dtmf', '7');
    await until(() => keys.length >= 2);
    expect(keys.join('')).toBe('#7');
  });

  it('keys of a muted member are told', async () => {
    const { phone, leg } = await aCaller();
    const keys: string[] = [];
    leg.onDigit((key) => keys.push(key));
    await leg.join('raised-hands', { muted: true });
    await phone.press('5');
    await until(() => keys.length === 1);
    await leg.setVoice(true);
    await leg.setVoice(false);
    await phone.press('6');
    await until(() => keys.length === 2);
    expect(keys).toEqual(['5', '6']);
  });

  it('files for one member come one after the other and to nobody else; files for all to all', async () => {
    const room = 'announcements';
    const [one, other] = [await aMember(room, 0), await aMember(room, 0)];
    await one.leg.playInConference(['tone_stream://%(600,0,620)', 'tone_stream://%(4000,0,1500)']);
    await pause(500);
    expect(await hearing([one.phone, other.phone], [620, 1_500])).toEqual([
      ['no', 'yes'],
      ['no', 'no'],
    ]);
    await stage.media.playToConference(room, ['tone_stream://%(3000,0,850)']);
    expect(await hearing([one.phone, other.phone], [850])).toEqual([['yes'], ['yes']]);
    await expect(stage.media.playToConference(room, ['/nowhere/at-all.wav'])).rejects.toThrow('not found');
    await expect(stage.media.playToConference('nobody-here', ['/x.wav'])).rejects.toThrow('refused');
  });

  it('a name is recorded until a key or silence, and played back', async () => {
    const { phone, leg } = await aCaller();
    const file = join(folder, 'a name.wav'.replace(' ', '-'));
    phone.tone(800);
    const recording = leg.recordShort(file, { maxSeconds: 10, silenceSeconds: 2, terminator: '#' });
    await pause(1_000);
    await phone.press('#');
    const { seconds } = await recording;
    expect(seconds).toBeGreaterThan(0.8);
    expect(seconds).toBeLessThan(2);
    phone.tone(0);
    phone.forget();
    await leg.play([file]);
    expect(strengthOf(phone.heard.slice(2_000, 6_000), 800)).toBeGreaterThan(present);
    const silent = await leg.recordShort(file, { maxSeconds: 10, silenceSeconds: 1, terminator: '#' });
    expect(silent.seconds).toBeGreaterThan(0.8);
    expect(silent.seconds).toBeLessThan(2);
  });

  it('who talks is told once, and falls silent when he is muted or leaves', async () => {
    const room = 'talking';
    const one = await aMember(room, 0);
    const other = await aMember(room, 0);
    one.phone.tone(700);
    await until(() => talkingOf(one).length === 1);
    one.phone.tone(0);
    await until(() => talkingOf(one).length === 2);
    other.phone.tone(700);
    await until(() => talkingOf(other).length === 1);
    await other.leg.setVoice(false);
    await until(() => talkingOf(other).length === 2);
    one.phone.tone(700);
    await until(() => talkingOf(one).length === 3);
    await one.leg.hangUp();
    await until(() => talkingOf(one).length === 4);
    expect(talkingOf(one)).toEqual([true, false, true, false]);
    expect(talkingOf(other)).toEqual([true, false]);
  });

  it('a tap hears exactly what is said in the conference, at the speed of time', async () => {
    const room = 'tapped';
    const one = await aMember(room, 437);
    const other = await aMember(room, 1_153);
    const coach = await aMember(room, 2_081);
    const tap = await stage.media.tapConference(room);
    await coach.leg.unheardBy([one.leg, other.leg]);
    await pause(300);
    const heard: number[] = [];
    let frames = 0;
    const startedMs = performance.now();
    tap.onAudio((frame) => {
      frames += 1;
      expect(frame.length).toBe(160);
      for (const byte of frame) heard.push(decodeTables.PCMU[byte] as number);
    });
    await pause(6_000);
    const passedMs = performance.now() - startedMs;
    expect(Math.abs(frames * 20 - passedMs)).toBeLessThan(150);
    for (const hertz of [437, 1_153, 2_081]) expect(strengthOf(heard, hertz)).toBeGreaterThan(present);
    expect(strengthOf(heard, 1_700)).toBeLessThan(absent);
    expect(await hearing([one.phone], [437, 1_153, 2_081])).toEqual([['no', 'yes', 'no']]);
    let gone = false;
    tap.onGone(() => {
      gone = true;
    });
    await tap.close();
    const framesAtClose = frames;
    await pause(200);
    expect({ gone, frames }).toEqual({ gone: false, frames: framesAtClose });
  });

  it('somebody we call gets an offer, and hears and is heard when he answers', async () => {
    const leg = await stage.media.createOutboundLeg({ 'X-Call': 'cdr-7' });
    expect(leg.localSdp).toMatch(/^m=audio \d+ RTP\/AVP 0 8 101\r$/m);
    expect(leg.localSdp.match(/^m=/gm)).toHaveLength(1);
    const phone = await RtpPhone.open();
    callers.push({ phone, leg });
    const keys: string[] = [];
    leg.onDigit((key) => keys.push(key));
    await pause(4_500);
    phone.follow(leg.localSdp);
    await leg.acceptAnswer(phone.offer());
    await leg.acceptAnswer(phone.offer());
    phone.forget();
    await leg.play(['tone_stream://%(500,0,620)']);
    expect(strengthOf(phone.heard.slice(800, 3_200), 620)).toBeGreaterThan(present);
    const typed = leg.collect({
      file: 'silence_stream://50',
      maxDigits: 1,
      firstDigitMs: 3_000,
      nextDigitMs: 1_000,
    });
    await pause(200);
    await phone.press('1');
    expect(await typed).toBe('1');
    const other = await aMember('called', 1_153);
    phone.tone(437);
    await leg.join('called');
    expect(await hearing([phone, other.phone], [437, 1_153])).toEqual([
      ['no', 'yes'],
      ['yes', 'no'],
    ]);
    await phone.press('9');
    await until(() => keys.includes('9'));
    expect(keys).toEqual(['9']);
  });

  it('somebody called who sends nothing after his answer is noticed', async () => {
    const leg = await stage.media.createOutboundLeg({});
    const phone = await RtpPhone.open();
    callers.push({ phone, leg });
    let cause = '';
    leg.onGone((why) => {
      cause = why;
    });
    await leg.acceptAnswer(phone.offer());
    await until(() => cause !== '', 30_000);
    expect(cause).toBe('MEDIA_TIMEOUT');
  });

  it('every leg of ours that ended is told with its times, its call and its purpose', async () => {
    const { leg } = await aCaller({ 'X-Call': 'cdr-1' });
    await leg.join('reconciled');
    const tap = await stage.media.tapConference('reconciled');
    await pause(1_000);
    await tap.close();
    await leg.hangUp();
    await until(() => endOf(leg) !== undefined && endOf({ id: tap.legId }) !== undefined);
    const facts = endOf(leg) as HungUpLeg;
    expect(facts).toMatchObject({ cdrId: 'cdr-1', purpose: null, hangupCause: 'NORMAL_CLEARING' });
    expect(endOf({ id: tap.legId })).toMatchObject({ cdrId: null, purpose: 'tap' });
    const { startedAtMs, answeredAtMs, endedAtMs, billMs } = facts;
    expect(answeredAtMs).toBeGreaterThanOrEqual(startedAtMs);
    expect(endedAtMs - (answeredAtMs ?? 0)).toBeGreaterThan(900);
    expect(Math.abs(endedAtMs - (answeredAtMs ?? 0) - billMs)).toBeLessThan(20);
    expect(Math.abs(endedAtMs - Date.now())).toBeLessThan(5_000);
  });
});
