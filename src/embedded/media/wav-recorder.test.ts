import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { samplesPerFrame } from './audio-frame';
import { readWav } from './wav';
import { WavRecorder } from './wav-recorder';

describe('recording to a WAV file', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recorder-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('writes every slot in order and makes missing folders', async () => {
    const path = join(folder, 'rooms', 'today', 'one.wav');
    const recorder = await WavRecorder.create(path);
    const frame = new Int16Array(samplesPerFrame);
    for (let slot = 0; slot < 170; slot += 1) recorder.take(frame.fill(slot));
    await recorder.close();
    const samples = readWav(await readFile(path));
    expect(samples).toHaveLength(170 * samplesPerFrame);
    expect(samples[169 * samplesPerFrame]).toBe(169);
  });

  it('leaves out what comes while paused', async () => {
    const path = join(folder, 'two.wav');
    const recorder = await WavRecorder.create(path);
    recorder.take(new Int16Array(samplesPerFrame));
    recorder.paused = true;
    recorder.take(new Int16Array(samplesPerFrame));
    await recorder.close();
    expect(readWav(await readFile(path))).toHaveLength(samplesPerFrame);
  });

  it('says at the start when the disk refuses', async () => {
    await expect(WavRecorder.create(folder)).rejects.toThrow('EISDIR');
  });
});
