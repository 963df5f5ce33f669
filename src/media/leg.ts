import type { Endpoint } from 'drachtio-fsmrf';
import type { SrfResponse } from 'drachtio-srf';
import { type Clock, sleep, within } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { isSecure } from './secure-audio';
import type { BridgeWatch, Settled } from './bridge-watch';
import { ConferenceSeat, conferenceFlags, type JoinOptions, quoted } from './conference-seat';
import { mannerOf, plainlySaid } from './audio-sdp';
import { dtmfRelayBody } from './info-digit';
import { COMMAND_LIMIT_MS, LegCommands, LegGone } from './leg-commands';
import { LegKeys } from './leg-keys';
import { LegPlayback, PLAY_LIMIT_MS } from './leg-playback';

export { LegGone } from './leg-commands';

/** Digits are waited for this much longer than they may take, before the media server counts as stuck. */
const COLLECT_GRACE_MS = 5_000;
/** Mean magnitude of a frame below which a recording hears silence (of 32,767): a quiet room on a telephone. */
const SILENCE_LEVEL = 200;

/** How often it is looked whether a bridge has come about. */
const LOOK_MS = 10;
/** How long a leg that only listens may send nothing. */
const LISTENER_LIMIT_MS = 4 * 3_600_000;
/** How many times longer than others a leg on hold may send nothing. */
const HOLD_ALLOWANCE = 10;

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

/** The media server did not do to two legs, or to one, what was asked; `reply` is what it said. */
export class LegRefused extends Error {
  constructor(
    readonly verb: string,
    readonly reply: string,
  ) {
    super(`${verb} was refused: ${reply}`);
    this.name = 'LegRefused';
  }
}

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
  readonly #keys: LegKeys;
  /** The media server's own time-out for silent legs, 0 for none. */
  #mediaTimeoutMs: number | null = null;
  #silenceLimitMs: number | null = null;
  /** The leg this one is bridged with. */
  #partner: Leg | null = null;

  constructor(
    private readonly endpoint: Endpoint,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly bridges: BridgeWatch,
  ) {
    this.#commands = new LegCommands(endpoint, clock);
    this.#playback = new LegPlayback(this.#commands, log);
    this.#keys = new LegKeys(this.#commands, log);
    endpoint.once('destroy', () => this.#part());
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
   * Tells every key (0-9, *, #, A-D) pressed from now on while nothing collects digits, in a conference, a bridge or neither, by RTP or
   * INFO. A second call replaces the handler. Before the first one the media server tells keys to nobody, since they may be a PIN.
   */
  onDigit(handler: (digit: string) => void): void {
    this.#keys.onDigit(handler);
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
    return this.#keys.taking(async () => {
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
    return this.#keys.taking(async () => {
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

  /**
   * Takes a new offer of the caller's and gives our answer: a new address, a hold, its end. A held leg says nothing and may be silent ten
   * times as long before it counts as lost, one that only listens for ever. @throws LegGone, TimedOut
   */
  async reoffer(sdp: string): Promise<string> {
    await this.#allowSilence(sdp);
    await this.#commands.do('re-INVITE', COMMAND_LIMIT_MS, () => this.endpoint.modify(plainlySaid(sdp)));
    return this.endpoint.local.sdp;
  }

  /** How long this leg may say nothing before it counts as lost, in ms; null while no offer has said otherwise than the media server. */
  get silenceLimitMs(): number | null {
    return this.#silenceLimitMs;
  }

  /** Whether what goes over this leg is encrypted (SRTP). */
  get secure(): boolean {
    return isSecure(this.endpoint.local.sdp);
  }

  /** Lets the media server make an offer and takes this SDP for the answer. @throws LegGone, TimedOut, LegRefused */
  protected async answerItsOffer(sdp: string): Promise<void> {
    await this.#allowSilence(sdp);
    await this.#commands.set('media_audio_mode', '');
    const answered = new Promise<void>((resolve) => {
      this.endpoint.dialog.once('modify', (_offer: unknown, res: SrfResponse) => {
        res.send(200, { body: sdp, headers: { 'Content-Type': 'application/sdp' } });
        resolve();
      });
    });
    await this.#ask('uuid_media_reneg', [this.id]);
    await this.#commands.do('re-INVITE', COMMAND_LIMIT_MS, () => answered);
  }

  /**
   * FreeSWITCH 1.10.12 sets its time-out for held legs and forgets it again while it reads the same SDP, but takes what this variable says.
   */
  async #allowSilence(sdp: string): Promise<void> {
    this.#mediaTimeoutMs ??= Number(await this.#commands.api('uuid_getvar', [this.id, 'media_timeout'])) || 0;
    const limits = {
      speaks: this.#mediaTimeoutMs,
      holds: this.#mediaTimeoutMs * HOLD_ALLOWANCE,
      listens: LISTENER_LIMIT_MS,
    };
    if (this.#mediaTimeoutMs <= 0) return;
    this.#silenceLimitMs = limits[mannerOf(sdp)];
    await this.#commands.set('media_timeout_audio', String(this.#silenceLimitMs));
  }

  /** Enters a conference, after ending the music; resolves when the others can hear us. @throws LegGone */
  async join(conference: string, options: JoinOptions = {}): Promise<void> {
    await this.stopMusic();
    const joining = () => this.endpoint.join(conference, { flags: conferenceFlags(options) });
    const { memberId } = await this.#commands.do('conference', COMMAND_LIMIT_MS, joining);
    this.#seat = new ConferenceSeat(conference, memberId, this.#commands.api);
  }

  /**
   * Lets two legs hear each other, after taking both out of whatever they are in; what was played or asked ends. Keys of one reach the
   * other, and `onDigit` tells them too. When one ends the other is on its own and can be used again. What is played with `play` or as
   * music is heard by that leg alone, and neither hears the other meanwhile; `playOver` lets them go on talking.
   * @throws LegGone of either, LegRefused, TimedOut
   */
  async bridge(other: Leg): Promise<void> {
    await Promise.all([this.#stepOut(), other.#stepOut()]);
    await this.#until('joined', () =>
      other.#until('joined', () => this.#ask('uuid_bridge', [this.id, other.id])),
    );
    this.#partner = other;
    other.#partner = this;
    await other.#exchangesMedia();
    await Promise.all([this.#keys.passOn(true), other.#keys.passOn(true)]);
  }

  /**
   * Takes a bridge apart: this leg and the one it talked with hear nobody and can be used again. Does nothing without a bridge.
   * @throws LegGone
   */
  async unbridge(): Promise<void> {
    const other = this.#partner;
    if (!other) return;
    this.#part();
    await Promise.all([this.stopMusic(), other.stopMusic()]);
    const parting = () => this.#ask('uuid_transfer', [this.id, '-both', 'park', 'inline']);
    await this.#until('parked', () => other.#until('parked', parting).catch(unlessGone));
  }

  /**
   * Plays files, one after the other, to this leg alone over what it hears; the conversation goes on. Resolves when they are begun.
   * The same files cannot be played over themselves. @throws LegGone, LegRefused
   */
  async playOver(files: readonly string[]): Promise<void> {
    const list = files.length === 1 ? files[0] : `file_string://${files.join('!')}`;
    await this.#ask('uuid_displace', [this.id, 'start', quoted(list ?? ''), '0', 'mux']);
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
    this.#part();
    this.#commands.end(this.#goneCause);
    try {
      await within(this.clock, COMMAND_LIMIT_MS, 'hangup', this.endpoint.destroy());
    } catch (error) {
      this.log.warn('a leg did not confirm its end', { leg: this.id, error });
    }
  }

  /** Out of a conference, a bridge and music, so that a new bridge ends nothing that would go on by itself. */
  async #stepOut(): Promise<void> {
    await this.stopMusic();
    await this.leaveConference();
    await this.unbridge();
  }

  /** Runs `command` and waits until it has come true for this leg. @throws LegGone, TimedOut */
  #until(state: Settled, command: () => Promise<void>): Promise<void> {
    return this.#commands.do(state, COMMAND_LIMIT_MS, () => this.bridges.after(this.id, state, command));
  }

  /** FreeSWITCH tells of a bridge before both halves of it run, and a leg that is taken out of it in between is ended. */
  async #exchangesMedia(): Promise<void> {
    const exchanging = /^Channel-State: CS_EXCHANGE_MEDIA$/m;
    for (let looks = 0; looks < COMMAND_LIMIT_MS / LOOK_MS; looks += 1) {
      if (exchanging.test(await this.#commands.api('uuid_dump', [this.id]))) return;
      await this.#commands.do('uuid_bridge', COMMAND_LIMIT_MS, () => sleep(this.clock, LOOK_MS));
    }
    throw new LegRefused('uuid_bridge', 'the legs do not exchange media');
  }

  /** Neither this leg nor its partner has a partner any more. */
  #part(): void {
    const other = this.#partner;
    if (!other) return;
    this.#partner = null;
    other.#partner = null;
    this.#keys.passOnNoLonger();
    other.#keys.passOnNoLonger();
  }

  /** Runs an api command that says +OK. @throws LegGone, LegRefused */
  async #ask(verb: string, words: readonly string[]): Promise<void> {
    const reply = await this.#commands.api(verb, words);
    if (!reply.startsWith('+OK')) throw new LegRefused(verb, reply.trim());
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof LegGone)) throw error;
}
