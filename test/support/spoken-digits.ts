import { writeFileSync } from 'node:fs';
import { promptFile } from '../../src/media/prompts';
import { numberPrompts } from '../../src/media/spoken-numbers';
import { wavHeader } from '../../src/media/wav-header';
import { toneAmplitude } from './tone-amplitude';

const SAMPLE_RATE_HZ = 8_000;
/** Above all prompts, far enough apart to be told in a tenth of a second. */
const FIRST_HZ = 3_150;
const STEP_HZ = 60;
const TONE_SAMPLES = 1_600;
const PAUSE_SAMPLES = 1_600;
const WINDOW_SAMPLES = 800;
const LOUD = 4_000;
const AMPLITUDE = 9_000;

/** Gives the words of the ten digits a tone each in a folder of prompts. */
export function makeDigitTones(folder: string, language: string): void {
  for (let digit = 0; digit < 10; digit++) {
    const samples = Buffer.alloc(2 * (TONE_SAMPLES + PAUSE_SAMPLES));
    for (let n = 0; n < TONE_SAMPLES; n++)
      samples.writeInt16LE(
        Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hzOf(digit) * n) / SAMPLE_RATE_HZ)),
        2 * n,
      );
    const [word] = numberPrompts(language, digit);
    if (word)
      writeFileSync(promptFile(folder, language, word), Buffer.concat([wavHeader(samples.length), samples]));
  }
}

/** An ear that writes down the digits it hears, one after the other. */
export class DigitEar {
  heard = '';
  #samples: number[] = [];
  #sounding = -1;

  take(frame: Int16Array): void {
    this.#samples = [...this.#samples, ...frame].slice(-WINDOW_SAMPLES);
    if (this.#samples.length < WINDOW_SAMPLES) return;
    const window = Int16Array.from(this.#samples);
    const loudness = Array.from({ length: 10 }, (_, digit) => toneAmplitude(window, hzOf(digit)));
    const strongest = Math.max(...loudness);
    const digit = strongest > LOUD ? loudness.indexOf(strongest) : -1;
    if (digit >= 0 && digit !== this.#sounding) this.heard += String(digit);
    this.#sounding = digit;
  }
}

function hzOf(digit: number): number {
  return FIRST_HZ + digit * STEP_HZ;
}
