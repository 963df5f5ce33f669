import type { Endpoint } from 'drachtio-fsmrf';
import { type Clock, within } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { dtmfRelayBody } from './info-digit';

/** The media server ended this leg, or was lost; `cause` is FreeSWITCH's hang-up cause. */
export class LegGone extends Error {
  constructor(override readonly cause: string) {
    super(`the leg is gone: ${cause}`);
    this.name = 'LegGone';
  }
}

/** The longest any prompt may take before the media server counts as stuck. */
const PLAY_LIMIT_MS = 60_000;
/** The longest a command that plays nothing may take. */
const COMMAND_LIMIT_MS = 5_000;
/** Digits are waited for this much longer than they may take, before the media server counts as stuck. */
const COLLECT_GRACE_MS = 5_000;

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

/**
 * One caller's channel on the media server. Every command ends: with its result, with LegGone when the channel dies meanwhile, or
 * with TimedOut when the media server does not answer.
 */
export class Leg {
  readonly #gone: Promise<never>;
  #rejectGone: (error: LegGone) => void = () => undefined;
  #goneCause: string | null = null;
  #member: { readonly conference: string; readonly id: number } | null = null;

  constructor(
    private readonly endpoint: Endpoint,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.#gone = new Promise((_, reject) => {
      this.#rejectGone = reject;
    });
    this.#gone.catch(() => undefined);
    endpoint.once('destroy', (facts?: { reason?: string }) => {
      this.#rejectGone(new LegGone(facts?.reason ?? 'CONNECTION_LOST'));
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

  /** Plays files one after the other. @throws LegGone */
  async play(files: readonly string[]): Promise<void> {
    await this.#do('playback', PLAY_LIMIT_MS, this.endpoint.play([...files]));
  }

  /**
   * Plays the file and gives the digits typed before '#', '' for none. Typing interrupts the prompt. The digits are removed from the
   * channel at once, because its variables are shown to everybody who looks at the media server.
   * @throws LegGone
   */
  async collect(request: DigitRequest): Promise<string> {
    const longestMs =
      PLAY_LIMIT_MS + request.firstDigitMs + request.maxDigits * request.nextDigitMs + COLLECT_GRACE_MS;
    const collecting = this.endpoint.playCollect({
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
    const { digits } = await this.#do('play_and_get_digits', longestMs, collecting);
    await this.#do('unset', COMMAND_LIMIT_MS, this.endpoint.execute('set', 'typed='));
    return digits ?? '';
  }

  /** Hands a digit that arrived as SIP INFO to the media server, which treats it like one heard in RTP; other INFO is not for it. */
  async passDigit(contentType: string, received: string): Promise<void> {
    const body = dtmfRelayBody(contentType, received);
    if (body === null) return;
    const headers = { 'Content-Type': 'application/dtmf-relay' };
    await this.#do('INFO', COMMAND_LIMIT_MS, this.endpoint.dialog.request({ method: 'INFO', headers, body }));
  }

  /** Takes a new offer of the caller's and gives our answer. */
  async reoffer(sdp: string): Promise<string> {
    await this.#do('re-INVITE', COMMAND_LIMIT_MS, this.endpoint.modify(sdp));
    return this.endpoint.local.sdp;
  }

  /** Enters a conference; resolves when the others can hear us. @throws LegGone */
  async join(conference: string, flags: Readonly<Record<string, boolean>>): Promise<void> {
    const joining = this.endpoint.join(conference, { flags: { ...flags } });
    const { memberId } = await this.#do('conference', COMMAND_LIMIT_MS, joining);
    this.#member = { conference, id: memberId };
  }

  /** Plays a file to this member alone while the conference goes on; resolves when it has begun. */
  async playInConference(file: string): Promise<void> {
    if (!this.#member) return;
    const { conference, id } = this.#member;
    await this.#inConference('play', [conference, 'play', file, String(id)]);
  }

  /** Leaves the conference and stays on the line. */
  async leaveConference(): Promise<void> {
    if (!this.#member) return;
    const { conference, id } = this.#member;
    this.#member = null;
    await this.#inConference('kick', [conference, 'kick', String(id)]);
  }

  /** Ends the channel and whatever command is under way; does nothing when it has ended. Never throws. */
  async hangUp(): Promise<void> {
    if (this.#goneCause !== null) return;
    this.#goneCause = 'NORMAL_CLEARING';
    this.#rejectGone(new LegGone(this.#goneCause));
    try {
      await within(this.clock, COMMAND_LIMIT_MS, 'hangup', this.endpoint.destroy());
    } catch (error) {
      this.log.warn('a leg did not confirm its end', { leg: this.id, error });
    }
  }

  /** A refusal comes as an ordinary reply. */
  async #inConference(step: string, words: readonly string[]): Promise<void> {
    const reply = await this.#do(
      `conference ${step}`,
      COMMAND_LIMIT_MS,
      this.endpoint.api('conference', words),
    );
    const text = reply.getBody();
    if (text.startsWith('-ERR')) throw new Error(`conference ${step} was refused: ${text.trim()}`);
  }

  #do<T>(step: string, limitMs: number, work: Promise<T>): Promise<T> {
    return within(this.clock, limitMs, step, Promise.race([work, this.#gone]));
  }
}
