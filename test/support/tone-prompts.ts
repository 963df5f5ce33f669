import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  chooseLanguageFile,
  LANGUAGES,
  musicFile,
  PROMPTS,
  promptFile,
  promptsOf,
  toneFile,
} from '../../src/media/prompts';
import { wavHeader } from '../../src/media/wav-header';
import { toneAmplitude } from './tone-amplitude';

const SAMPLE_RATE_HZ = 8_000;
/** A prompt is this much tone and then this much silence. */
const TONE_SECONDS = 0.3;
const PAUSE_SECONDS = 0.3;
/** A word of a number lasts this long, and then the pause. */
const WORD_SECONDS = 0.1;
const AMPLITUDE = 9_000;
/** Neighbouring prompts are this far apart, which an analysis of a quarter of a second tells apart. */
const FIRST_HZ = 210;
const STEP_HZ = 25;

/** Every sound of the house, in the order of its frequencies; a prompt sounds together with its language. */
const LANGUAGE_SOUNDS = LANGUAGES.map((language) => `in-${language}`);
const SOUNDS: readonly string[] = [
  ...LANGUAGE_SOUNDS,
  'entered',
  'left',
  'ringback',
  'beep',
  'music',
  'choose-language-menu',
  ...PROMPTS,
];

/** The frequency by which a sound of the house is recognised. */
export function soundHz(name: string): number {
  return FIRST_HZ + SOUNDS.indexOf(name) * STEP_HZ;
}

/**
 * Writes prompts in which every phrase is a tone of its own, so that a test hears which one was spoken; gives the folder back. The words
 * of numbers are silence: there are more of them than tones which can be told apart.
 */
export function makeTonePrompts(folder: string): string {
  for (const language of LANGUAGES) {
    for (const name of promptsOf(language)) write(promptFile(folder, language, name), [], WORD_SECONDS);
    for (const name of PROMPTS)
      write(promptFile(folder, language, name), [name, `in-${language}`], TONE_SECONDS);
  }
  for (const sound of ['entered', 'left', 'ringback', 'beep'] as const)
    write(toneFile(folder, sound), [sound], TONE_SECONDS);
  write(chooseLanguageFile(folder), ['choose-language-menu'], TONE_SECONDS);
  write(musicFile(folder), ['music'], 5);
  return folder;
}

function write(file: string, names: readonly string[], seconds: number): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, toneWav(names.map(soundHz), seconds));
}

function toneWav(tonesHz: readonly number[], toneSeconds: number): Buffer {
  const toneSamples = toneSeconds * SAMPLE_RATE_HZ;
  const samples = Buffer.alloc(2 * Math.round(toneSamples + PAUSE_SECONDS * SAMPLE_RATE_HZ));
  for (let n = 0; n < toneSamples; n++) {
    const sines = tonesHz.map((hz) => Math.sin((2 * Math.PI * hz * n) / SAMPLE_RATE_HZ));
    samples.writeInt16LE(Math.round(AMPLITUDE * sines.reduce((sum, sine) => sum + sine, 0)), 2 * n);
  }
  return Buffer.concat([wavHeader(samples.length), samples]);
}

/** A sound that is this loud has begun, and one that is this quiet has ended. */
const BEGUN_AMPLITUDE = 3_000;
const ENDED_AMPLITUDE = 1_000;
/** So many frames of 20 ms are looked at together. */
const WINDOW_FRAMES = 12;

/** An ear that writes down which sounds of the house it hears in the order of their beginnings; several may sound at once. */
export class PromptEar {
  readonly heard: string[] = [];
  readonly #sounding = new Set<string>();
  #frames: Int16Array[] = [];

  /** Takes 20 ms of sound. */
  take(frame: Int16Array): void {
    this.#frames = [...this.#frames, Int16Array.from(frame)].slice(-WINDOW_FRAMES);
    if (this.#frames.length < WINDOW_FRAMES) return;
    const samples = Int16Array.from(this.#frames.flatMap((kept) => [...kept]));
    for (const name of SOUNDS) {
      const amplitude = toneAmplitude(samples, soundHz(name));
      if (amplitude < ENDED_AMPLITUDE) this.#sounding.delete(name);
      if (amplitude < BEGUN_AMPLITUDE || this.#sounding.has(name) || !this.#isPeak(samples, name, amplitude))
        continue;
      this.#sounding.add(name);
      this.heard.push(name);
    }
  }

  /** A loud tone is seen by its neighbours too. */
  #isPeak(samples: Int16Array, name: string, amplitude: number): boolean {
    return [-STEP_HZ, STEP_HZ].every((step) => toneAmplitude(samples, soundHz(name) + step) < amplitude);
  }
}
