import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { samplesPerFrame, samplesPerSecond } from './audio-frame';
import { wavHeader } from './wav';

/** Audio gathered before it is written: one second, so that the tick never waits for the disk. */
const chunkSamples = samplesPerSecond;
/** Chunks waiting for a slow disk; what comes beyond is lost and counted. */
const waitingChunksMax = 30;

/** Writes one stream of slots to a WAV file, 16-bit mono at 8 kHz. The header is right only after `close`. */
export class WavRecorder {
  samples = 0;
  lostSamples = 0;
  paused = false;
  private chunk = Buffer.alloc(chunkSamples * 2);
  private chunkAt = 0;
  private waiting = 0;
  private writes: Promise<unknown> = Promise.resolve();
  private failed = false;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** Creates the file and the folders above it. Rejects when the disk refuses. */
  static async create(path: string): Promise<WavRecorder> {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'w');
    await file.write(wavHeader(0));
    return new WavRecorder(path, file);
  }

  /** Takes one slot. Never throws and never waits. */
  take(frame: Int16Array): void {
    if (this.paused || this.failed) return;
    for (let at = 0; at < samplesPerFrame; at += 1) {
      this.chunk.writeInt16LE(frame[at] as number, this.chunkAt);
      this.chunkAt += 2;
    }
    this.samples += samplesPerFrame;
    if (this.chunkAt >= this.chunk.length) this.flush();
  }

  /** Writes the rest and the header. Rejects when the disk refused any of it. */
  async close(): Promise<void> {
    this.flush();
    await this.writes;
    const header = wavHeader(this.samples - this.lostSamples);
    await this.file.write(header, 0, header.length, 0);
    await this.file.close();
    if (this.failed) throw new Error(`recording ${this.path} could not be written`);
  }

  private flush(): void {
    const bytes = this.chunk.subarray(0, this.chunkAt);
    this.chunk = Buffer.alloc(chunkSamples * 2);
    this.chunkAt = 0;
    if (bytes.length === 0) return;
    if (this.waiting >= waitingChunksMax) {
      this.lostSamples += bytes.length / 2;
      return;
    }
    this.waiting += 1;
    this.writes = this.writes
      .then(() => this.file.write(bytes))
      .catch(() => {
        this.failed = true;
      })
      .finally(() => {
        this.waiting -= 1;
      });
  }
}
