import { sleep } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { COMMAND_LIMIT_MS, type LegCommands, LegGone } from './leg-commands';

/** The longest any prompt may take before the media server counts as stuck. */
export const PLAY_LIMIT_MS = 60_000;
/** The longest one round of waiting music may take. */
const MUSIC_LIMIT_MS = 3_600_000;
/** A file that is over sooner is not played again and again: it would keep the media server busy for nothing. */
const SHORTEST_MUSIC_MS = 100;
/** How often it is looked whether a playback has stopped, and after how many looks it is told again: it may have been between two files. */
const LOOK_MS = 10;
const LOOKS_PER_BREAK = 15;
const LOOKS = COMMAND_LIMIT_MS / LOOK_MS;

/** Music under way; `stopped` once somebody wants it to end. */
type Music = { stopped: boolean };

/** A playback did not stop when it was told to. */
export class StillPlaying extends Error {
  constructor() {
    super('a playback does not stop');
    this.name = 'StillPlaying';
  }
}

/**
 * What one channel plays outside conferences. Playbacks nest: a prompt played during the music interrupts it, and the music goes on
 * afterwards, as FreeSWITCH does it.
 */
export class LegPlayback {
  /** Playbacks asked for and not over. */
  #under = 0;
  /** Files begun and not ended; more than one when they are nested. */
  #sounding = 0;
  #music: Music | null = null;

  constructor(
    private readonly commands: LegCommands,
    private readonly log: Log,
  ) {
    const { endpoint } = commands;
    endpoint.on('playback-start', () => {
      this.#sounding += 1;
    });
    endpoint.on('playback-stop', () => {
      this.#sounding = Math.max(0, this.#sounding - 1);
    });
  }

  /** Plays files one after the other; gives the length of the last one. @throws LegGone, TimedOut */
  async play(files: readonly string[], limitMs: number = PLAY_LIMIT_MS): Promise<{ lastMs: number }> {
    this.#under += 1;
    try {
      const { endpoint } = this.commands;
      const played = await this.commands.do('playback', limitMs, () => endpoint.play([...files]));
      return { lastMs: Number(played.playbackMilliseconds ?? 0) };
    } finally {
      this.#under -= 1;
    }
  }

  /** Ends whatever sounds, except the music. @throws LegGone, StillPlaying */
  interrupt(): Promise<void> {
    return this.#breakUntil(() => this.#under <= (this.#music ? 1 : 0));
  }

  /** Plays the file again and again until stopMusic. A second start does nothing. */
  startMusic(file: string): void {
    if (this.#music) return;
    const music: Music = { stopped: false };
    this.#music = music;
    void this.#playOn(file, music)
      .catch((error: unknown) => this.#complain(file, error))
      .finally(() => {
        this.#music = null;
      });
  }

  /** Ends the music and what is played over it; resolves when it is quiet, also when the channel has ended. @throws StillPlaying */
  async stopMusic(): Promise<void> {
    const music = this.#music;
    if (!music) return;
    music.stopped = true;
    try {
      await this.#breakUntil(() => this.#music !== music);
    } catch (error) {
      if (!(error instanceof LegGone)) throw error;
    }
  }

  /** Rounds are asked for one by one: FreeSWITCH's `endless_playback` cannot be broken, it begins again. */
  async #playOn(file: string, music: Music): Promise<void> {
    while (!music.stopped) {
      const { lastMs } = await this.play([file], MUSIC_LIMIT_MS);
      if (lastMs < SHORTEST_MUSIC_MS && !music.stopped) throw new Error('it is over at once');
    }
  }

  #complain(file: string, error: unknown): void {
    if (error instanceof LegGone) return;
    this.log.warn('music ended by itself', { leg: this.commands.endpoint.uuid, file, error });
  }

  /**
   * Breaks only when all that was asked for has begun: on a channel where it has not, a break is forgotten and takes commands with it
   * that wait to be run.
   */
  async #breakUntil(done: () => boolean): Promise<void> {
    const { api, endpoint, clock } = this.commands;
    let nextBreakAt = 0;
    for (let looks = 0; !done(); looks += 1) {
      if (looks >= LOOKS) throw new StillPlaying();
      if (looks >= nextBreakAt && this.#under > 0 && this.#sounding >= this.#under) {
        nextBreakAt = looks + LOOKS_PER_BREAK;
        await api('uuid_break', [endpoint.uuid, 'all']);
      }
      await this.commands.do('uuid_break', COMMAND_LIMIT_MS, () => sleep(clock, LOOK_MS));
    }
  }
}
