import type { PromptName } from '../media/prompts';

/** A warning that waited longer for somebody to speak it would name a wrong time. */
const LATE_MS = 3_000;

/** What a caller is told before his call ends. A warning may come before anybody can speak it: it waits a little. */
export class Warnings {
  #speak: ((prompt: PromptName) => void) | null = null;
  #unspoken: { readonly prompt: PromptName; readonly atMs: number } | null = null;

  constructor(private readonly nowMs: () => number) {}

  tell(prompt: PromptName): void {
    if (this.#speak) this.#speak(prompt);
    else this.#unspoken = { prompt, atMs: this.nowMs() };
  }

  /** Who speaks them from now on. */
  spokenBy(speak: (prompt: PromptName) => void): void {
    const waiting = this.#unspoken;
    this.#speak = speak;
    this.#unspoken = null;
    if (waiting && this.nowMs() - waiting.atMs <= LATE_MS) speak(waiting.prompt);
  }
}
