import { readFile, stat } from 'node:fs/promises';
import type { FrameSource } from '../media/audio-frame';
import { parseTones, SilenceSource, ToneSource } from '../media/tones';
import { readWav, SampleSource } from '../media/wav';

/** Longest file we load, bytes: more than half an hour of 16-bit audio at 16 kHz. */
const fileBytesMax = 64 * 1_024 * 1_024;
/** Decoded prompts kept in memory, samples: half an hour. */
const cachedSamplesMax = 8_000 * 1_800;
const joinedPrefix = 'file_string://';
/** mod_dptools takes as many files in one string. */
const joinedFilesMax = 128;

/** A playable thing with the number of samples it has played. */
export type OpenedAudio = {
  path: string;
  type: string | undefined;
  source: FrameSource;
  playedSamples(): number;
};

/** Counts what a source has given. */
class CountingSource implements FrameSource {
  samples = 0;

  constructor(private readonly inner: FrameSource) {}

  read(into: Int16Array): boolean {
    if (!this.inner.read(into)) return false;
    this.samples += into.length;
    return true;
  }
}

/** Files one after the other as if they were one. */
class JoinedSource implements FrameSource {
  private at = 0;

  constructor(private readonly parts: readonly FrameSource[]) {}

  read(into: Int16Array): boolean {
    for (; this.at < this.parts.length; this.at += 1) if (this.parts[this.at]?.read(into)) return true;
    return false;
  }
}

/**
 * Opens what FreeSWITCH calls a file: a WAV, `tone_stream://…`, `silence_stream://ms`, or several of them as
 * `file_string://one!other`. Decoded prompts are kept.
 */
export class AudioFiles {
  private readonly cache = new Map<string, { changedMs: number; samples: Int16Array }>();
  private cachedSamples = 0;

  /** Undefined when there is no such file or it cannot be played; `startSample` comes from `file@@offset`. */
  async open(path: string, startSample = 0): Promise<OpenedAudio | undefined> {
    if (path.startsWith(joinedPrefix)) return this.openJoined(path);
    const stream = openStream(path);
    if (stream !== undefined || path.includes('://')) return stream;
    const samples = await this.load(path);
    if (samples === undefined) return undefined;
    const source = new SampleSource(samples, startSample);
    return { path, type: undefined, source, playedSamples: () => source.position };
  }

  /** What is not there is left out; undefined when nothing is. */
  private async openJoined(path: string): Promise<OpenedAudio | undefined> {
    const names = path.slice(joinedPrefix.length).split('!', joinedFilesMax);
    const plain = names.filter((name) => !name.startsWith(joinedPrefix));
    const sources = (await Promise.all(plain.map((name) => this.open(name)))).flatMap(
      (part) => part?.source ?? [],
    );
    if (sources.length === 0) return undefined;
    const source = new CountingSource(new JoinedSource(sources));
    return { path, type: 'file_string', source, playedSamples: () => source.samples };
  }

  private async load(path: string): Promise<Int16Array | undefined> {
    try {
      const facts = await stat(path);
      if (!facts.isFile() || facts.size > fileBytesMax) return undefined;
      const cached = this.cache.get(path);
      if (cached?.changedMs === facts.mtimeMs) return cached.samples;
      const samples = readWav(await readFile(path));
      this.keep(path, facts.mtimeMs, samples);
      return samples;
    } catch {
      return undefined;
    }
  }

  private keep(path: string, changedMs: number, samples: Int16Array): void {
    this.cachedSamples += samples.length - (this.cache.get(path)?.samples.length ?? 0);
    this.cache.delete(path);
    this.cache.set(path, { changedMs, samples });
    for (const [oldest, entry] of this.cache) {
      if (this.cachedSamples <= cachedSamplesMax || oldest === path) break;
      this.cache.delete(oldest);
      this.cachedSamples -= entry.samples.length;
    }
  }
}

function openStream(path: string): OpenedAudio | undefined {
  const silence = /^silence_stream:\/\/(-?\d+)/.exec(path);
  const inner = silence ? new SilenceSource(Number(silence[1])) : openTones(path);
  if (!inner) return undefined;
  const source = new CountingSource(inner);
  return { path, type: silence ? undefined : 'tone_stream', source, playedSamples: () => source.samples };
}

function openTones(path: string): FrameSource | undefined {
  if (!path.startsWith('tone_stream://')) return undefined;
  const script = parseTones(path.slice('tone_stream://'.length));
  return script ? new ToneSource(script) : undefined;
}
