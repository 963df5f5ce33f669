import type { Endpoint } from 'drachtio-fsmrf';
import { type Clock, within } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { ConferenceSeat, conferenceFlags, type JoinOptions } from './conference-seat';
import { dtmfRelayBody } from './info-digit';
import { COMMAND_LIMIT_MS, LegCommands, LegGone } from './leg-commands';
import { LegPlayback, PLAY_LIMIT_MS } from './leg-playback';

export { LegGone } from './leg-commands';

/** Digits are waited for this much longer than they may take, before the media server counts as stuck. */
const COLLECT_GRACE_MS = 5_000;
/** Mean magnitude of a frame below which a recording hears silence (of 32,767): a quiet room on a telephone. */
const SILENCE_LEVEL = 200;

/** An end without a cause waits this long for the other connection to tell it. */
const LATE_CAUSE_MS = 200;

/** Which digits are waited for, and for how long. */
export type DigitRequest = {
  readonly file: string;
  readonly maxDigits: number;
  /** From the end of the prompt to the first digit. */
  readonly firstDigitMs: number;
  readonly nextDigitMs: number;
};

/** What ends a short recording, whichever comes first. */
export type RecordRequest = {
  readonly maxSeconds: number;
  /** So many seconds of silence. */
  readonly silenceSeconds: number;
  readonly terminator: '#';
};

/**
 * One channel on the media server. Every command ends: with its result, with LegGone when the channel dies meanwhile, or with TimedOut
 * when the media server does not answer.
 */
export class Leg {
  readonly #commands: LegCommands;
  readonly #playback: LegPlayback;
  #goneCause: string | null = null;
  #seat: ConferenceSeat | null = null;
  #onDigit: ((digit: string) => void) | null = null;
  /** Applications under way that take the keys for themselves. */
  #collecting = 0;

  constructor(
    private readonly endpoint: Endpoint,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.#commands = new LegCommands(endpoint, clock);
    this.#playback = new LegPlayback(this.#commands, log);
    endpoint.on('dtmf', ({ dtmf }: { dtmf?: string }) => {
      if (this.#collecting === 0 && dtmf) this.#onDigit?.(dtmf);
    });
  }

  /** The channel's id on the media server. */
  get id(): string {
    return this.endpoint.uuid;
  }

  /** Our half of the media description, for the caller's 200. */
  get localSdp(): string {
    return this.endpoint.local.sdp;
  }

  /**
   * Calls `handler` once when the channel ends by itself (not by hangUp), with FreeSWITCH's cause. The BYE and the event of a hang-up
   * come on two connections, in either order, and either may miss the cause.
   */
  onGone(handler: (cause: string) => void): void {
    const gone = (cause: string) => {
      if (this.#goneCause === null) {
        this.#goneCause = cause;
        handler(cause);
      }
    };
    this.endpoint.once('destroy', (facts?: { reason?: string }) => {
      if (facts?.reason) gone(facts.reason);
      else this.clock.after(LATE_CAUSE_MS, () => gone('CONNECTION_LOST'));
    });
    this.endpoint.dialog.once('destroy', (bye?: { get?(header: string): string | undefined }) => {
      const reason = /text="([^"]+)"/.exec(bye?.get?.('Reason') ?? '')?.[1];
      if (reason) gone(reason);
      else this.clock.after(LATE_CAUSE_MS, () => gone('NORMAL_CLEARING'));
    });
  }

  /**
   * Tells every key (0-9, *, #, A-D) pressed from now on while nothing collects digits, in a conference or not, by RTP or INFO. A second
   * call replaces the handler. Before the first one the media server tells keys to nobody, since they may be a PIN.
   */
  onDigit(handler: (digit: string) => void): void {
    this.#onDigit = handler;
    if (this.#collecting > 0) return;
    this.#showKeys(true).catch((error: unknown) => {
      if (!(error instanceof LegGone)) this.log.warn('keys are not told', { leg: this.id, error });
    });
  }

  /** Plays files one after the other. @throws LegGone */
  async play(files: readonly string[]): Promise<void> {
    await this.#playback.play(files);
  }

  /** Breaks the playback under way, so that `play` returns; the music goes on. Does nothing when none is. @throws LegGone */
  async interrupt(): Promise<void> {
    await this.#playback.interrupt();
  }

  /**
   * Plays the file again and again, outside conferences, until stopMusic. What is played or asked meanwhile is heard instead, and the
   * music goes on after it. A second start does nothing.
   */
  startMusic(file: string): void {
    this.#playback.startMusic(file);
  }

  /** Ends the music and what is played over it; resolves when it is quiet, also when the channel has ended. */
  async stopMusic(): Promise<void> {
    await this.#playback.stopMusic();
  }

  /**
   * Plays the file and gives the digits typed before '#', '' for none. Typing interrupts the prompt. The digits are removed from the
   * channel at once, because its variables are shown to everybody who looks at the media server.
   * @throws LegGone
   */
  async collect(request: DigitRequest): Promise<string> {
    const longestMs =
      PLAY_LIMIT_MS + request.firstDigitMs + request.maxDigits * request.nextDigitMs + COLLECT_GRACE_MS;
    return this.#takingKeys(async () => {
      const collecting = () =>
        this.endpoint.playCollect({
          file: request.file,
          min: 1,
          max: request.maxDigits,
          tries: 1,
          timeout: request.firstDigitMs,
          digitTimeout: request.nextDigitMs,
          terminators: '#',
          regexp: '\\d+',
          varName: 'typed',
        });
      const { digits } = await this.#commands.do('play_and_get_digits', longestMs, collecting);
      await this.#commands.set('typed', '');
      return digits ?? '';
    });
  }

  /**
   * Records what the caller says into `file`, a WAV as the media server sees it; gives its length. The folder must exist.
   * @throws LegGone
   */
  async recordShort(file: string, request: RecordRequest): Promise<{ seconds: number }> {
    const { maxSeconds, silenceSeconds, terminator } = request;
    return this.#takingKeys(async () => {
      await this.#commands.set('playback_terminators', terminator);
      const words = [file, maxSeconds, SILENCE_LEVEL, silenceSeconds].join(' ');
      const limitMs = maxSeconds * 1_000 + COLLECT_GRACE_MS;
      const ended = await this.#commands.do('record', limitMs, () => this.endpoint.execute('record', words));
      await this.#commands.set('playback_terminators', 'none');
      return { seconds: Number(ended.getHeader('variable_record_ms') ?? 0) / 1_000 };
    });
  }

  /** Hands a digit that arrived as SIP INFO to the media server, which treats it like one heard in RTP; other INFO is not for it. */
  async passDigit(contentType: string, received: string): Promise<void> {
    const body = dtmfRelayBody(contentType, received);
    if (body === null) return;
    const headers = { 'Content-Type': 'application/dtmf-relay' };
    await this.#commands.do('INFO', COMMAND_LIMIT_MS, () =>
      this.endpoint.dialog.request({ method: 'INFO', headers, body }),
    );
  }

  /** Takes a new offer of the caller's and gives our answer. */
  async reoffer(sdp: string): Promise<string> {
    await this.#commands.do('re-INVITE', COMMAND_LIMIT_MS, () => this.endpoint.modify(sdp));
    return this.endpoint.local.sdp;
  }

  /** Enters a conference, after ending the music; resolves when the others can hear us. @throws LegGone */
  async join(conference: string, options: JoinOptions = {}): Promise<void> {
    await this.stopMusic();
    const joining = () => this.endpoint.join(conference, { flags: conferenceFlags(options) });
    const { memberId } = await this.#commands.do('conference', COMMAND_LIMIT_MS, joining);
    this.#seat = new ConferenceSeat(conference, memberId, this.#commands.api);
  }

  /** Whether the others in the conference hear this leg. @throws LegGone, ConferenceRefused */
  async setVoice(speaks: boolean): Promise<void> {
    await this.#seat?.setVoice(speaks);
  }

  /** Whether this leg hears the others in the conference. @throws LegGone, ConferenceRefused */
  async setHearing(hears: boolean): Promise<void> {
    await this.#seat?.setHearing(hears);
  }

  /**
   * Lets exactly these legs not hear this one: a coach is unheard by everybody but the moderators. Those not named hear it again. To be
   * called whenever members change; costs nothing when nothing did. Who joins `deaf` and is let hear afterwards misses the moment in
   * between. @throws LegGone
   */
  async unheardBy(others: readonly Leg[]): Promise<void> {
    const seat = this.#seat;
    if (!seat) return;
    const ids = new Set<number>();
    for (const other of others)
      if (other.#seat?.conference === seat.conference) ids.add(other.#seat.memberId);
    await seat.unheardBy(ids);
  }

  /** Plays files to this member alone while the conference goes on, in order; resolves when they are queued. */
  async playInConference(files: readonly string[]): Promise<void> {
    await this.#seat?.play(files);
  }

  /** Leaves the conference and stays on the line. */
  async leaveConference(): Promise<void> {
    const seat = this.#seat;
    this.#seat = null;
    await seat?.leave();
  }

  /** Ends the channel and whatever command is under way; does nothing when it has ended. Never throws. */
  async hangUp(): Promise<void> {
    if (this.#goneCause !== null) return;
    this.#goneCause = 'NORMAL_CLEARING';
    this.#commands.end(this.#goneCause);
    try {
      await within(this.clock, COMMAND_LIMIT_MS, 'hangup', this.endpoint.destroy());
    } catch (error) {
      this.log.warn('a leg did not confirm its end', { leg: this.id, error });
    }
  }

  /** Keys are for the application that runs now, and shown to nobody else. */
  async #takingKeys<T>(run: () => Promise<T>): Promise<T> {
    this.#collecting += 1;
    try {
      if (this.#onDigit) await this.#showKeys(false);
      return await run();
    } finally {
      this.#collecting -= 1;
      if (this.#onDigit && this.#collecting === 0) await this.#showKeys(true);
    }
  }

  /** With `sensitive_dtmf` FreeSWITCH tells keys in no event and no log. */
  #showKeys(shown: boolean): Promise<void> {
    return this.#commands.set('sensitive_dtmf', shown ? 'false' : 'true');
  }
}
