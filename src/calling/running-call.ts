import type { Dialog, SrfRequest } from 'drachtio-srf';
import type { CreditGrant } from '../billing/credit/credit-grant';
import { type CallResult, type ClosedLeg, type EndedBy, MAX_HANGUP_CAUSE_LENGTH } from '../cdr/cdr';
import type { OpenedLeg, RoomEntry } from '../cdr/journal-records';
import { type Timer, within } from '../kernel/clock';
import { type Leg, LegGone } from '../media/leg';
import { type PromptName, promptFile } from '../media/prompts';
import { type Line, lineFiles } from '../media/spoken-line';
import {
  type CallCommand,
  type CallEnd,
  type CallEvent,
  type CallState,
  onCallEvent,
  startTalking,
} from './call';
import type { CallingParts } from './calling-parts';
import { AlreadyEnded, Refused } from './call-ended';
import { beginningCall } from './live-calls';
import { type Refusal, refusal, refusalReasonOf } from './refuse-call';
import { type ReferHandler, refuseTransfer, serveRequestsInside } from './requests-inside';
import type { DialogName } from './two-party/conversation';
import { Warnings } from './warnings';

/** A far end, or a SIP server that is gone, may take this long to answer our BYE; the CDR does not wait longer. */
const BYE_LIMIT_MS = 5_000;

/** How often a charged call looks at its money: a cut is at most this late. */
const TICK_MS = 200;

/**
 * What every call has, whoever began it: leg, dialog, money, and the way to its one CDR. A story (menu-call, dial-out-call) runs top down
 * on it; whatever ends it earlier is an event for the state machine in call.ts, and the first end counts.
 */
export class RunningCall {
  /** What is spoken on this call; a list entry or the caller may choose another. */
  language: string;
  /** Time spent before the moderator or in the lobby. */
  waitedMs = 0;
  ringingAtMs: number | null = null;
  /** Final status of a far end that did not answer; null when there was none. */
  farStatus: number | null = null;
  /** What it is called when the far side ends it after an answer. */
  resultWhenLeft: Extract<CallResult, 'completed' | 'voicemail' | 'transferred'> = 'completed';
  #leg: Leg | null = null;
  #dialog: Dialog | null = null;
  #answeredAtMs: number | null = null;
  #acked = false;
  #tellAcked: () => void = () => undefined;
  readonly whenAcked = new Promise<void>((resolve) => {
    this.#tellAcked = resolve;
  });
  #entry: RoomEntry | null = null;
  #state: CallState | null = null;
  #end: CallEnd | null = null;
  #refusal: Refusal | null = null;
  #hangupCause: string | null = null;
  #isWaived = false;
  #onRefer: ReferHandler | null = null;
  #ticking: Timer | null = null;
  readonly #warnings = new Warnings(() => this.now());
  #tellEnded: () => void = () => undefined;
  /** Resolves at the call's end, whatever ends it. */
  readonly whenEnded = new Promise<void>((resolve) => {
    this.#tellEnded = resolve;
  });
  #tellOver: () => void = () => undefined;
  /** Resolves when nothing of the call is left: the last prompt is spoken, both sides are hung up, its CDR is closed. */
  readonly whenOver = new Promise<void>((resolve) => {
    this.#tellOver = resolve;
  });

  constructor(
    readonly parts: CallingParts,
    readonly opened: OpenedLeg,
    language: string,
  ) {
    this.language = language;
    parts.liveCalls.add(beginningCall(opened), () => this.endNow('removed'));
  }

  get id(): string {
    return this.opened.cdrId;
  }

  get end(): CallEnd | null {
    return this.#end;
  }

  get isAnswered(): boolean {
    return this.#answeredAtMs !== null;
  }

  /** The leg, while the call goes on. @throws AlreadyEnded */
  get leg(): Leg {
    this.stopIfEnded();
    if (!this.#leg) throw new AlreadyEnded();
    return this.#leg;
  }

  /** To be called wherever a story comes back from waiting. @throws AlreadyEnded */
  stopIfEnded(): void {
    if (this.#end) throw new AlreadyEnded();
  }

  useLeg(leg: Leg): void {
    this.#leg = leg;
    leg.onGone((cause) => this.#onLegGone(cause));
  }

  /** The far side is connected. `acked` is false for a caller who has not confirmed our answer yet: until he does nothing is charged. */
  async answered(dialog: Dialog, leg: Leg, { acked }: { acked: boolean }): Promise<void> {
    const atMs = this.now();
    this.#dialog = dialog;
    this.#answeredAtMs = atMs;
    const onAck = () => {
      this.#acked = true;
      this.#tellAcked();
    };
    if (acked) onAck();
    else dialog.on('ack', onAck);
    dialog.on('destroy', (bye?: SrfRequest) => this.#onDialogGone(bye?.source, bye?.get('Reason')));
    serveRequestsInside(dialog, leg, {
      warn: (event, error) => this.warn(event, error),
      refer: (req, res) => (this.#onRefer ? this.#onRefer(req, res) : refuseTransfer(res)),
    });
    // A BYE that came in the same breath as the answer was told before anybody listened.
    if (!dialog.connected) this.#onDialogGone('network', undefined);
    await this.parts.keeper.answered(this.id, atMs);
  }

  get answeredAtMs(): number | null {
    return this.#answeredAtMs;
  }

  /** Notes durably which room the leg is in and who pays from when on; a later entry replaces this one. @throws JournalUnavailable */
  async enter(entry: RoomEntry): Promise<void> {
    await this.parts.keeper.entered(this.id, entry);
    this.#entry = entry;
    this.parts.liveCalls.update(this.id, { roomId: entry.roomId, roomRole: entry.roomRole });
  }

  /** Watches the money from `chargedFromMs` on; what is said before it ends is spoken by `warnBy`. */
  watchCredit(chargedFromMs: number, grant: CreditGrant): void {
    this.#state = startTalking({ chargedFromMs, ...grant });
    this.parts.liveCalls.update(this.id, { enteredAtMs: chargedFromMs, paidSeconds: grant.paidSeconds });
    this.#ticking = this.parts.clock.every(TICK_MS, () => this.#apply({ type: 'tick', nowMs: this.now() }));
    this.#apply({ type: 'tick', nowMs: this.now() });
  }

  /** Who pays for this leg; null while nobody does. */
  get payerAccountId(): string | null {
    return this.#entry?.payerAccountId ?? null;
  }

  /** Whether the leg is being charged. */
  get isCharged(): boolean {
    return this.#state !== null;
  }

  /** Since when it is; null before. */
  get chargedFromMs(): number | null {
    return this.#entry?.chargedFromMs ?? null;
  }

  /** Nothing is charged for this leg after all: who it was for was never connected. */
  waiveCharge(): void {
    this.#isWaived = true;
  }

  /** Who decides about a REFER inside this call; without anybody it is refused. A second call replaces the handler. */
  onRefer(handler: ReferHandler): void {
    this.#onRefer = handler;
  }

  /** Whether this is the dialog that the far side names so. */
  hasDialog({ sipCallId, ourTag, theirTag }: DialogName): boolean {
    const sip = this.#dialog?.sip;
    return sip?.callId === sipCallId && sip.localTag === ourTag && sip.remoteTag === theirTag;
  }

  /** A request of ours inside the call; null when it is not answered, or there is nobody to ask. */
  async requestInside(request: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
  }): Promise<number | null> {
    if (!this.#dialog?.connected) return null;
    try {
      const asked = this.#dialog.request(request);
      return (await within(this.parts.clock, BYE_LIMIT_MS, `the answer to ${request.method}`, asked)).status;
    } catch (error) {
      this.warn('a request inside a call was not answered', error);
      return null;
    }
  }

  /** Notes why the network says that this leg ended. */
  noteCause(cause: string): void {
    this.#hangupCause = cause.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_HANGUP_CAUSE_LENGTH);
  }

  /** Whom warnings are spoken to from now on; one that has just come is spoken now. */
  warnBy(warn: (prompt: PromptName) => void): void {
    this.#warnings.spokenBy(warn);
  }

  /** Ends the call from our side: an operator's wish, or the service closing. */
  endNow(result: 'removed' | 'draining' | 'failed'): void {
    const prompts = { removed: 'removed-from-room', draining: 'service-closing', failed: null } as const;
    this.endWith({ result, endedBy: result === 'failed' ? 'network' : 'house', prompt: prompts[result] });
  }

  /** The one way to end: the first end counts, and before the room it ends the story at its next step. */
  endWith(wish: Omit<CallEnd, 'endedAtMs'> & { endedAtMs?: number }): void {
    const end = { endedAtMs: this.now(), ...wish };
    if (this.#state) {
      this.#apply({ type: 'ended', end });
      return;
    }
    if (this.#end) return;
    this.#end = end;
    this.#tellEnded();
    // Whatever the story is waiting for on the leg ends now.
    if (end.prompt === null) void this.#leg?.hangUp();
    else this.#leg?.interrupt().catch((error: unknown) => this.warn('a prompt was not interrupted', error));
  }

  /** Ends the call for what its story threw; `AlreadyEnded` is no news. */
  endByError(error: unknown): void {
    if (this.#end) return;
    if (error instanceof LegGone) {
      this.#onLegGone(error.cause);
      return;
    }
    const reason = error instanceof Refused ? error.reason : refusalReasonOf(error);
    if (reason === 'technical-fault') this.warn('a call failed', error);
    const { result, prompt } = refusal(reason);
    this.#refusal = refusal(reason);
    this.endWith({ result, endedBy: 'house', prompt });
  }

  /** Closes everything the call had, then its CDR. `closeUnanswered` ends an INVITE that has no final answer yet. Never throws. */
  async finish(closeUnanswered: (why: Refusal | null) => void): Promise<void> {
    const end = this.#end ?? {
      result: 'failed',
      endedBy: 'house',
      endedAtMs: this.now(),
      prompt: null,
    };
    this.#ticking?.cancel();
    await this.parts.keeper.ending(this.#closedLeg(end, null));
    await this.#sayLast(end.prompt).catch((error: unknown) =>
      this.warn('the last prompt was not spoken', error),
    );
    await Promise.all([this.#leg?.hangUp(), this.#hangUpFarSide(closeUnanswered)]);
    const quality = this.#leg ? await this.parts.media.qualityOf(this.#leg.id) : null;
    await this.parts.keeper.close(this.#closedLeg(end, quality));
    this.parts.liveCalls.delete(this.id);
    this.#tellOver();
    this.parts.log.info('call ended', { cdrId: this.id, result: end.result, endedBy: end.endedBy });
  }

  /** Waits, but not for a far end that has hung up. */
  async keepBack(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    let timer: Timer | undefined;
    const over = new Promise<void>((resolve) => {
      timer = this.parts.clock.after(delayMs, resolve);
    });
    await Promise.race([over, this.whenEnded]);
    timer?.cancel();
  }

  /** The file of a prompt in this call's language. */
  file(prompt: PromptName): string {
    return promptFile(this.parts.settings.promptsDir, this.language, prompt);
  }

  /** The files of a line in this call's language. */
  files(line: Line): string[] {
    return lineFiles(this.parts.settings.promptsDir, this.language, line);
  }

  now(): number {
    return this.parts.clock.nowMs();
  }

  warn(event: string, error: unknown): void {
    this.parts.log.warn(event, { cdrId: this.id, error });
  }

  /** Gives an event to the state machine and does what it answers. */
  #apply(event: CallEvent): void {
    if (!this.#state) return;
    const { next, commands } = onCallEvent(this.#state, event, this.parts.settings.creditAheadSeconds);
    this.#state = next;
    for (const command of commands) this.#do(command);
  }

  #do(command: CallCommand): void {
    switch (command.type) {
      case 'extend-credit':
        void this.#extendCredit(command.untilSeconds);
        break;
      case 'warn':
        this.#warnings.tell(command.prompt);
        break;
      case 'finish':
        this.#ticking?.cancel();
        this.#end ??= command.end;
        this.#tellEnded();
        break;
    }
  }

  async #extendCredit(untilSeconds: number): Promise<void> {
    try {
      const grant = await this.parts.credit.extend({ callId: this.id, untilSeconds, nowMs: this.now() });
      this.#apply({ type: 'credit-granted', ...grant, nowMs: this.now() });
      this.parts.liveCalls.update(this.id, { paidSeconds: grant.paidSeconds });
    } catch (error) {
      this.warn('credit cannot be reached; the call goes on to the end of what is paid', error);
      this.#apply({ type: 'credit-unreachable', nowMs: this.now() });
    }
  }

  /**
   * The BYE came from the far side, or the SIP server sent it: nobody acknowledged our answer, or nobody refreshed the session. `reason` is
   * its header (RFC 3326), if it has one.
   */
  #onDialogGone(byeFrom: SrfRequest['source'] | undefined, reason: string | undefined): void {
    if (!this.#end && reason) this.noteCause(reason);
    const result = this.#acked || byeFrom === 'network' ? this.resultWhenLeft : 'no-ack';
    const endedBy = byeFrom === 'network' ? this.#farSide() : 'network';
    this.endWith({ result, endedBy, prompt: null });
  }

  #farSide(): EndedBy {
    return this.opened.direction === 'outbound' ? 'callee' : 'caller';
  }

  /** The media server noticed silence as long after the last packet as this leg may be silent, and that is the last proof of life. */
  #onLegGone(cause: string): void {
    if (!this.#end) this.noteCause(cause);
    const limitMs = this.#leg?.silenceLimitMs ?? this.parts.settings.rtpTimeoutMs;
    const silentMs = cause === 'MEDIA_TIMEOUT' ? limitMs : 0;
    this.parts.log.info('media leg ended', { cdrId: this.id, cause });
    const endedAtMs = this.now() - silentMs;
    this.endWith({ result: 'media-lost', endedBy: 'network', endedAtMs, prompt: null });
  }

  async #sayLast(prompt: PromptName | null): Promise<void> {
    if (prompt === null || !this.#leg || !this.#dialog?.connected) return;
    await this.#leg.leaveConference();
    await this.#leg.unbridge();
    await this.#leg.play(this.files([prompt]));
  }

  async #hangUpFarSide(closeUnanswered: (why: Refusal | null) => void): Promise<void> {
    try {
      if (this.#dialog?.connected)
        await within(this.parts.clock, BYE_LIMIT_MS, 'the far side’s answer to BYE', this.#dialog.destroy());
      else if (!this.#dialog) closeUnanswered(this.#refusal);
    } catch (error) {
      this.warn('the far side did not confirm the end', error);
    }
  }

  #closedLeg(end: CallEnd, quality: ClosedLeg['quality']): ClosedLeg {
    const chargedFromMs = this.#acked && !this.#isWaived ? (this.#entry?.chargedFromMs ?? null) : null;
    return {
      ...this.opened,
      roomId: this.#entry?.roomId ?? null,
      roomSessionId: this.#entry?.roomSessionId ?? this.opened.roomSessionId,
      roomRole: this.#entry?.roomRole ?? null,
      payerAccountId: this.#entry?.payerAccountId ?? null,
      ringingAtMs: this.ringingAtMs,
      answeredAtMs: this.#answeredAtMs,
      waitedMs: this.waitedMs,
      chargedFromMs,
      endedAtMs: Math.max(end.endedAtMs, chargedFromMs ?? this.opened.startedAtMs),
      result: end.result,
      endedBy: end.endedBy,
      sipStatus: this.#sipStatus(end),
      hangupCause: this.#hangupCause,
      quality,
    };
  }

  #sipStatus(end: CallEnd): number {
    if (this.isAnswered) return 200;
    const refused = this.farStatus ?? this.#refusal?.sipStatus;
    // Neither answered nor refused: taken back by whoever began it.
    const isTakenBack = end.result === 'cancelled' || this.opened.direction === 'outbound';
    return refused ?? (isTakenBack ? 487 : 500);
  }
}
