import { clipSample, samplesPerFrame, samplesPerSecond, type FrameSource } from './audio-frame';

/** Frequencies of keys, hertz (ITU-T Q.23). */
const keyFrequencies: Readonly<Record<string, readonly number[]>> = {
  '1': [697, 1209],
  '2': [697, 1336],
  '3': [697, 1477],
  A: [697, 1633],
  '4': [770, 1209],
  '5': [770, 1336],
  '6': [770, 1477],
  B: [770, 1633],
  '7': [852, 1209],
  '8': [852, 1336],
  '9': [852, 1477],
  C: [852, 1633],
  '*': [941, 1209],
  '0': [941, 1336],
  '#': [941, 1477],
  D: [941, 1633],
}; // prettier-ignore
/** Parts of one script, so that a long text cannot make us work for ever. */
const partsMax = 256;
const frequenciesMax = 6;
const defaultVolumeDb = -7;

/** A stretch of sound followed by a stretch of silence. */
export type TonePart = {
  onMs: number;
  offMs: number;
  frequencies: readonly number[];
  volumeDb: number;
  repeats: number;
};
/** A whole script; `loops` -1 plays for ever. */
export type ToneScript = { parts: readonly TonePart[]; loops: number };

/**
 * Reads FreeSWITCH's tone language as used in `tone_stream://`: `%(on,off,f1,f2)` in milliseconds and hertz, bare keys, and the
 * settings `v=` decibels, `d=` on and `w=` off milliseconds, `l=` repeats of each part, `L=` or `loops=` of the whole (-1 for ever).
 * Undefined when nothing in it can be played.
 */
export function parseTones(script: string): ToneScript | undefined {
  const parts: TonePart[] = [];
  const settings = { volumeDb: defaultVolumeDb, onMs: 250, offMs: 62, repeats: 1 };
  let loops = 1;
  for (const piece of script.split(/[;\n]/)) {
    const setting = /^\s*(v|d|w|l|L|loops|c|r)=\s*(-?\d+(?:\.\d+)?)\s*(.*)$/s.exec(piece);
    if (setting) {
      const value = Number(setting[2]);
      if (setting[1] === 'v') settings.volumeDb = Math.min(0, value);
      if (setting[1] === 'd') settings.onMs = clampMs(value);
      if (setting[1] === 'w') settings.offMs = clampMs(value);
      if (setting[1] === 'l') settings.repeats = Math.max(1, value);
      if (setting[1] === 'L' || setting[1] === 'loops') loops = value < 0 ? -1 : Math.max(1, value);
    }
    readSounds(setting ? (setting[3] as string) : piece, settings, parts);
  }
  const lengthMs = parts.reduce((sum, part) => sum + (part.onMs + part.offMs) * part.repeats, 0);
  return lengthMs > 0 ? { parts, loops } : undefined;
}

function readSounds(
  text: string,
  settings: { volumeDb: number; onMs: number; offMs: number; repeats: number },
  parts: TonePart[],
): void {
  const sounds = /%\(\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*((?:,\s*\d+(?:\.\d+)?\s*)*)\)|([0-9A-D*#])/g;
  for (const [, onMs, offMs, list, key] of text.matchAll(sounds)) {
    if (parts.length >= partsMax) return;
    const { volumeDb, repeats } = settings;
    if (key !== undefined) {
      parts.push({
        onMs: settings.onMs,
        offMs: settings.offMs,
        frequencies: keyFrequencies[key] ?? [],
        volumeDb,
        repeats,
      });
      continue;
    }
    const frequencies = (list ?? '')
      .split(',')
      .map(Number)
      .filter((hertz) => hertz > 0 && hertz < samplesPerSecond / 2);
    parts.push({
      onMs: clampMs(Number(onMs)),
      offMs: clampMs(Number(offMs)),
      frequencies: frequencies.slice(0, frequenciesMax),
      volumeDb,
      repeats,
    });
  }
}

/** A part lasts at most an hour. */
function clampMs(value: number): number {
  return Math.max(0, Math.min(value, 3_600_000));
}

/** Plays a script, sample exact: phases run on across slots. */
export class ToneSource implements FrameSource {
  private partAt = 0;
  private repeatAt = 0;
  private loopAt = 0;
  private sampleAt = 0;
  private done = false;

  constructor(private readonly script: ToneScript) {}

  read(into: Int16Array): boolean {
    if (this.done) return false;
    for (let at = 0; at < samplesPerFrame; at += 1) into[at] = this.nextSample();
    return true;
  }

  private nextSample(): number {
    if (this.done) return 0;
    const part = this.script.parts[this.partAt] as TonePart;
    const onSamples = Math.round((part.onMs * samplesPerSecond) / 1_000);
    const allSamples = onSamples + Math.round((part.offMs * samplesPerSecond) / 1_000);
    const sample = this.sampleAt < onSamples ? toneSample(part, this.sampleAt) : 0;
    this.sampleAt += 1;
    if (this.sampleAt >= allSamples) this.nextPart(part);
    return sample;
  }

  private nextPart(part: TonePart): void {
    this.sampleAt = 0;
    this.repeatAt += 1;
    if (this.repeatAt < part.repeats) return;
    this.repeatAt = 0;
    this.partAt += 1;
    if (this.partAt < this.script.parts.length) return;
    this.partAt = 0;
    this.loopAt += 1;
    this.done = this.script.loops >= 0 && this.loopAt >= this.script.loops;
  }
}

function toneSample(part: TonePart, sampleAt: number): number {
  const amplitude = 32_767 * 10 ** ((part.volumeDb - 3.14) / 20);
  let value = 0;
  for (const hertz of part.frequencies)
    value += Math.sin((2 * Math.PI * hertz * sampleAt) / samplesPerSecond);
  return clipSample(Math.round((value * amplitude) / Math.max(1, part.frequencies.length)));
}

/** Silence of a given length; a negative length never ends (`silence_stream://-1`). */
export class SilenceSource implements FrameSource {
  private leftSlots: number;

  constructor(lengthMs: number) {
    this.leftSlots = lengthMs < 0 ? Number.POSITIVE_INFINITY : Math.ceil(lengthMs / 20);
  }

  read(into: Int16Array): boolean {
    if (this.leftSlots <= 0) return false;
    this.leftSlots -= 1;
    into.fill(0);
    return true;
  }
}
