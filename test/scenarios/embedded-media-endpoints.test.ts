import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWav } from '../../src/embedded/media/wav';
import {
  aCaller,
  type Bed,
  pause,
  RtpPhone,
  SipCaller,
  startBed,
  strengthOf,
  until,
} from './embedded-media-bed';

/** Until the media server has taken the question: what is typed on a channel on which nothing runs is dropped. */
const questionMs = 100;

jest.setTimeout(60_000);

describe('drachtio-fsmrf, unmodified, on the embedded media server', () => {
  let bed: Bed;
  let folder: string;

  beforeAll(async () => {
    bed = await startBed();
    folder = await mkdtemp(join(tmpdir(), 'media-'));
    const tone = Int16Array.from({ length: 4_000 }, (_, at) =>
      Math.round(8_000 * Math.sin((2 * Math.PI * 650 * at) / 8_000)),
    );
    await writeFile(join(folder, 'tone.wav'), writeWav(tone));
  });

  afterAll(async () => {
    await bed.close();
    await rm(folder, { recursive: true });
  });

  it('learns the address of the profile and the sessions from the server', () => {
    expect(bed.mediaServer.connected()).toBe(true);
    expect(bed.mediaServer.maxSessions).toBe(1_000);
  });

  it('creates an endpoint for an offer and one without, and destroys both', async () => {
    const { phone, endpoint } = await aCaller(bed);
    const bare = await bed.mediaServer.createEndpoint();
    expect(endpoint.connected && bare.connected).toBe(true);
    expect(endpoint.local.sdp).toMatch(/^m=audio 31\d{3} RTP\/AVP 0 101/m);
    await Promise.all([endpoint.destroy(), bare.destroy()]);
    expect(await openChannels(bed)).toBe(0);
    phone.close();
  });

  it('plays files one after another, and the caller hears them', async () => {
    const { phone, endpoint } = await aCaller(bed);
    const result = await endpoint.play([join(folder, 'tone.wav'), join(folder, 'tone.wav')]);
    expect(result.playbackMilliseconds).toBe('500');
    expect(strengthOf(phone.heard.slice(800, 7_200), 650)).toBeGreaterThan(0.15);
    await endpoint.destroy();
    phone.close();
  });

  it('rejects a file that is not there', async () => {
    const { phone, endpoint } = await aCaller(bed);
    await expect(endpoint.play(join(folder, 'nowhere.wav'))).rejects.toThrow('File Not Found');
    await endpoint.destroy();
    phone.close();
  });

  it('collects keys sent in RTP, the first of which stops the prompt', async () => {
    const { phone, endpoint } = await aCaller(bed);
    const collected = endpoint.playCollect({
      file: 'tone_stream://%(8000,0,440)',
      min: 1,
      max: 8,
      terminators: '#',
      timeout: 5_000,
    });
    await pause(200);
    await phone.press('4711#');
    expect(await collected).toMatchObject({ digits: '4711', terminatorUsed: '#' });
    await endpoint.destroy();
    phone.close();
  });

  it('ends collecting at the longest length, and after the time for the next key', async () => {
    const { phone, endpoint } = await aCaller(bed);
    const four = endpoint.playCollect({ file: 'silence_stream://50', min: 1, max: 2, timeout: 5_000 });
    await pause(questionMs);
    await phone.press('98');
    expect((await four).digits).toBe('98');
    const one = endpoint.playCollect({
      file: 'silence_stream://50',
      min: 1,
      max: 5,
      timeout: 5_000,
      digitTimeout: 300,
    });
    await pause(questionMs);
    await phone.press('3');
    expect((await one).digits).toBe('3');
    await endpoint.destroy();
    phone.close();
  });

  it('gives what the pattern does not match apart', async () => {
    const { phone, endpoint } = await aCaller(bed);
    const collected = endpoint.playCollect({
      file: 'silence_stream://50',
      min: 1,
      max: 2,
      regexp: '^1',
      timeout: 2_000,
    });
    await pause(questionMs);
    await phone.press('55');
    expect(await collected).toMatchObject({ digits: null, invalidDigits: '55' });
    await endpoint.destroy();
    phone.close();
  });

  it('bridges two callers so that each hears the other, and takes them apart again', async () => {
    const [one, other] = [await aCaller(bed), await aCaller(bed)];
    await one.endpoint.bridge(other.endpoint);
    one.phone.tone(500);
    other.phone.tone(900);
    await pause(200);
    one.phone.forget();
    other.phone.forget();
    await pause(500);
    expect(strengthOf(one.phone.heard, 900)).toBeGreaterThan(0.1);
    expect(strengthOf(one.phone.heard, 500)).toBeLessThan(0.005);
    expect(strengthOf(other.phone.heard, 500)).toBeGreaterThan(0.1);
    await one.endpoint.unbridge();
    await pause(100);
    other.phone.forget();
    await pause(300);
    expect(strengthOf(other.phone.heard, 500)).toBeLessThan(0.001);
    await Promise.all([one.endpoint.destroy(), other.endpoint.destroy()]);
    one.phone.close();
    other.phone.close();
  });

  it('answers a caller, and the caller hanging up leaves nothing behind', async () => {
    const phone = await RtpPhone.open();
    const caller = new SipCaller(bed.sipPort, phone.offer());
    let ended = false;
    bed.srf.invite((req, res) => {
      void bed.mediaServer.connectCaller(req, res).then(({ endpoint, dialog }) => {
        dialog.on('destroy', () => {
          ended = true;
          void endpoint.destroy();
        });
        return endpoint.play('tone_stream://%(4000,0,700)');
      });
    });
    phone.follow(await caller.call());
    await pause(400);
    expect(strengthOf(phone.heard.slice(-2_400), 700)).toBeGreaterThan(0.1);
    caller.hangUp();
    await until(() => ended);
    await pause(100);
    expect(await openChannels(bed)).toBe(0);
    caller.close();
    phone.close();
  });

  it('hangs a caller up from our side', async () => {
    const { phone, endpoint } = await aCaller(bed);
    let reason: string | undefined;
    endpoint.on('destroy', (facts: { reason: string }) => {
      reason = facts.reason;
    });
    let bye = false;
    endpoint.dialog.on('destroy', () => {
      bye = true;
    });
    await endpoint.api('uuid_kill', [endpoint.uuid, 'CALL_REJECTED']);
    await until(() => bye && reason !== undefined);
    expect(reason).toBe('CALL_REJECTED');
    phone.close();
  });

  it('ends the call at an application it does not know, and says so loudly', async () => {
    const { phone, endpoint } = await aCaller(bed);
    let reason: string | undefined;
    endpoint.on('destroy', (facts: { reason: string }) => {
      reason = facts.reason;
    });
    void endpoint.execute('voicemail', 'check default 127.0.0.1');
    await until(() => reason !== undefined);
    expect(reason).toBe('DESTINATION_OUT_OF_ORDER');
    expect(bed.complaints).toContain('unknown dialplan application');
    phone.close();
  });

  it('runs a second play inside the first and then goes on with it', async () => {
    const { phone, endpoint } = await aCaller(bed);
    const order: string[] = [];
    const outer = endpoint.play('tone_stream://%(600,0,440)').then(() => order.push('outer'));
    await pause(150);
    const inner = endpoint.play('tone_stream://%(200,0,880)').then(() => order.push('inner'));
    await Promise.all([outer, inner]);
    expect(order).toEqual(['inner', 'outer']);
    await endpoint.destroy();
    phone.close();
  });

  it('sends keys to the far end and mutes what it says', async () => {
    const { phone, endpoint } = await aCaller(bed);
    await endpoint.execute('send_dtmf', '12@100');
    await endpoint.execute('set_mute', 'read true');
    const variables = await endpoint.getChannelVariables(true);
    expect(variables['variable_rtp_audio_in_packet_count']).toBeGreaterThan(0);
    await endpoint.destroy();
    phone.close();
  });

  it('records what the caller says', async () => {
    const { phone, endpoint } = await aCaller(bed);
    phone.tone(800);
    await endpoint.execute('record', `${join(folder, 'said.wav')} 1`);
    await endpoint.play(join(folder, 'said.wav'));
    expect(strengthOf(phone.heard.slice(-4_000), 800)).toBeGreaterThan(0.1);
    await endpoint.destroy();
    phone.close();
  });
});

async function openChannels(bed: Bed): Promise<number> {
  const body = await new Promise<string>((resolve) => bed.mediaServer.api('show channels as json', resolve));
  return (JSON.parse(body) as { row_count: number }).row_count;
}
