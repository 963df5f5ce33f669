import { samplesPerFrame, samplesPerSecond } from '../embedded/media/audio-frame';

/** How much of what was heard is kept. */
const KEPT_SECONDS = 4;
/** A frame louder than this is speech or a tone; the house's silence is exact. */
const LOUD = 300;
/** So many quiet frames in a row are an end and not a breath. */
const QUIET_FRAMES = 25;
/** So many loud frames in a row are somebody speaking and not a click. */
const SPOKEN_FRAMES = 5;

/** What a phone's ear got: the last seconds as samples, and who waits to hear something. */
export class Hearing {
  readonly #samples = new Int16Array(KEPT_SECONDS * samplesPerSecond);
  #heard = 0;
  #loudInARow = 0;
  #quietInARow = 0;
  #waitingForSpeech: (() => void)[] = [];
  #waitingForQuiet: (() => void)[] = [];

  /** Takes one frame of 20 ms. */
  take(frame: Int16Array): void {
    const at = this.#heard % this.#samples.length;
    this.#samples.set(frame, at);
    this.#heard += samplesPerFrame;
    const loud = rms(frame) > LOUD;
    this.#loudInARow = loud ? this.#loudInARow + 1 : 0;
    this.#quietInARow = loud ? 0 : this.#quietInARow + 1;
    if (this.#loudInARow >= SPOKEN_FRAMES) for (const tell of this.#waitingForSpeech.splice(0)) tell();
    if (this.#quietInARow >= QUIET_FRAMES) for (const tell of this.#waitingForQuiet.splice(0)) tell();
  }

  /** Resolves when somebody speaks, beginning from now. */
  whenSpoken(): Promise<void> {
    this.#loudInARow = 0;
    return new Promise((resolve) => this.#waitingForSpeech.push(resolve));
  }

  /** Resolves when nobody has spoken for half a second, counted from now. */
  whenQuiet(): Promise<void> {
    this.#quietInARow = 0;
    return new Promise((resolve) => this.#waitingForQuiet.push(resolve));
  }

  /**
   * How strong a tone of this frequency was in the last `seconds`: the amplitude of its sine, 0 to 32767 (Goertzel's algorithm).
   * 0 when less than that was heard.
   */
  toneAmplitude(frequencyHz: number, seconds: number): number {
    const count = Math.min(seconds, KEPT_SECONDS) * samplesPerSecond;
    if (this.#heard < count) return 0;
    const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / samplesPerSecond);
    let before = 0;
    let beforeThat = 0;
    for (let n = 0; n < count; n++) {
      const sample = this.#samples[(this.#heard - count + n) % this.#samples.length] ?? 0;
      const now = sample + coefficient * before - beforeThat;
      beforeThat = before;
      before = now;
    }
    const power = before * before + beforeThat * beforeThat - coefficient * before * beforeThat;
    return (2 * Math.sqrt(Math.max(power, 0))) / count;
  }
}

function rms(frame: Int16Array): number {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  return Math.sqrt(sum / frame.length);
}
