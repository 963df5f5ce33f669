import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RoomStage } from '../support/room-stage';
import { eventually } from '../support/service';
import { amplitudeInWav } from '../support/wav-tone';

type Recording = { id: string; state: string; seconds: number; sha256: string | null };

/** A tone that no prompt has. */
const VOICE_HZ = 3_650;

describe('a room that is recorded and broadcast', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(32_400);
  });
  afterAll(async () => {
    await stage.close();
  });

  const recordingsOf = async (roomId: string) =>
    (await stage.get<{ recordings: Recording[] }>(`/recordings?room=${roomId}`)).recordings;

  it('is so after everybody has heard it, late joiners too, whose consent is noted; what is stored is encrypted, and the hash stands in each CDR', async () => {
    const room = await stage.room();
    const anna = await stage.enter(room, 'moderator', '+3222500001');
    await anna.press('*91');
    await anna.hears('recording-started');
    const ben = await stage.enter(room, 'participant', '+3222500002');
    await ben.hears('recording-notice');
    await anna.hears('entered', 2);
    ben.call.sendTone(VOICE_HZ);
    await eventually(10_000, () => anna.call.hearing.toneAmplitude(VOICE_HZ, 3) > 2_000);
    await anna.press('*91');
    await anna.hears('recording-stopped');
    await eventually(10_000, async () => (await recordingsOf(room.roomId))[0]?.state === 'done');
    const [recording] = await recordingsOf(room.roomId);
    const whole = await stage.get<{ consents: { cdrId: string; how: string }[] }>(
      `/recordings/${recording?.id}`,
    );
    expect(whole.consents.map(({ how }) => how)).toEqual(['announced-at-start', 'announced-on-entry']);

    const wav = await stage.download(`/recordings/${recording?.id}/audio.wav`);
    expect(amplitudeInWav(wav, VOICE_HZ)).toBeGreaterThan(1_000);
    const folder = stage.service.recordingsFolder;
    for (const file of readdirSync(folder)) {
      const stored = readFileSync(join(folder, file));
      expect(stored.includes(wav.subarray(8_058, 8_118))).toBe(false);
    }
    await ben.call.hangUp();
    await anna.call.hangUp();
    const cdrs = await stage.service.ratedCdrs(2);
    for (const { cdrId } of cdrs)
      expect((await stage.get<{ recordings: Recording[] }>(`/cdrs/${cdrId}`)).recordings).toEqual([
        { id: recording?.id, sha256: recording?.sha256 },
      ]);
  });

  it('is heard over HTTP by anybody if it is public and its owner says so, and by nobody else', async () => {
    const secret = await stage.room();
    const open = await stage.room({ isPublic: true, isBroadcast: true });
    const anna = await stage.enter(secret, 'moderator', '+3222500003');
    const cleo = await stage.enter(open, 'participant', '+3222500004');
    await cleo.hears('entered');
    cleo.call.sendTone(VOICE_HZ);
    const url = (roomId: string) =>
      `http://127.0.0.1:${stage.service.httpPort}/api/v1/live/rooms/${roomId}/audio`;
    expect((await fetch(url(secret.roomId))).status).toBe(404);
    const answer = await fetch(url(open.roomId));
    expect(answer.headers.get('content-type')).toBe('audio/wav');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const heard: Uint8Array[] = [];
    while (heard.reduce((sum, { length }) => sum + length, 0) < 50_000)
      heard.push((await reader.read()).value ?? new Uint8Array());
    expect(amplitudeInWav(Buffer.concat(heard), VOICE_HZ)).toBeGreaterThan(1_500);
    expect((await stage.live(open)).broadcastListeners).toBe(1);
    await reader.cancel();
    await eventually(10_000, async () => (await stage.live(open)).broadcastListeners === 0);
    await cleo.call.hangUp();
    await anna.call.hangUp();
  });
});
