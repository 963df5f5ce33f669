import { assertNever } from '../../kernel/app-error';
import type { Clock } from '../../kernel/clock';
import { randomId } from '../../kernel/ids';
import { firstTarget } from '../../trunks/outward';
import { challengeToAnswer } from '../../trunks/outward-digest';
import type { OutwardAuth } from '../../trunks/outward-request';
import {
  newRegistration,
  type Registration,
  type RegistrationCommand,
  type RegistrationEvent,
  type RegistrationFault,
  registrationStep,
} from '../../trunks/registration';
import type { OutwardTrunk } from '../../trunks/trunk';
import type { Challenge } from '../outward/outward-leg';
import { MachineTimer } from './machine-timer';
import type { OutsideAnswer, SendOutside } from './outside-request';
import { challengeIn, grantedSeconds, registerRequest, wholeNumber } from './register-request';
import { ANSWER_LIMIT_MS } from './watch-limits';

type Happening = RegistrationEvent extends infer Event
  ? Event extends RegistrationEvent
    ? Omit<Event, 'nowMs'>
    : never
  : never;

export type RegistrationParts = {
  readonly clock: Clock;
  readonly send: SendOutside;
  /** The password's answer to a challenge of this trunk, read anew each time: it may have been changed. Null for a challenge that gets none. */
  readonly answerChallenge: (challenge: Challenge) => Promise<string | null>;
  readonly onFault: (fault: RegistrationFault | 'expired') => void;
  readonly onRecovered: () => void;
};

/** Keeps us registered at a carrier, as trunks/registration says. */
export class TrunkRegistration {
  #state: Registration;
  #fault: RegistrationFault | 'expired' | null = null;
  #stopped = false;
  #challenge: { readonly header: string; readonly answers: string } | null = null;
  #cseq = 0;
  readonly #callId = randomId();
  readonly #timer: MachineTimer;

  constructor(
    private readonly parts: RegistrationParts,
    private readonly trunk: OutwardTrunk,
    private readonly auth: OutwardAuth,
  ) {
    this.#state = newRegistration(trunk.outward.registrationSeconds ?? 0);
    this.#timer = new MachineTimer(parts.clock, () => this.#on({ type: 'tick' }));
  }

  get state(): Registration {
    return this.#state;
  }

  /** Why we are not registered, as somebody was told; null when all is well. */
  get fault(): RegistrationFault | 'expired' | null {
    return this.#fault;
  }

  start(): void {
    this.#on({ type: 'start' });
  }

  /** Takes us out at the carrier, if it knows us; resolves when that was said. */
  async stop(): Promise<void> {
    const { commands } = registrationStep(this.#state, { type: 'stop', nowMs: this.parts.clock.nowMs() });
    this.#stopped = true;
    this.#timer.set(null);
    for (const { kind } of commands) if (kind === 'unregister') await this.#unregister();
  }

  #on(happening: Happening): void {
    if (this.#stopped) return;
    const event = { ...happening, nowMs: this.parts.clock.nowMs() } as RegistrationEvent;
    const { next, commands } = registrationStep(this.#state, event);
    this.#state = next;
    if (next.phase === 'registered') this.#fault = null;
    this.#timer.set(next.dueAtMs);
    for (const command of commands) this.#run(command);
  }

  #run(command: RegistrationCommand): void {
    switch (command.kind) {
      case 'register':
        void this.#register(command.expiresSeconds, command.withPassword);
        return;
      case 'alert':
        this.#fault = command.fault;
        return this.parts.onFault(command.fault);
      case 'lost':
        // Somebody was told before when its renewal failed; a renewal that is still under way has told nobody.
        if (this.#fault !== null) return;
        this.#fault = 'expired';
        return this.parts.onFault('expired');
      case 'recovered':
        return this.parts.onRecovered();
      case 'unregister':
        void this.#unregister();
        return;
      default:
        assertNever(command);
    }
  }

  async #register(expiresSeconds: number, withPassword: boolean): Promise<void> {
    const answer = await this.#send(expiresSeconds, withPassword ? this.#challenge : null);
    this.#on(
      answer === null ? { type: 'challenged', challenge: 'foreign' } : this.#told(answer, expiresSeconds),
    );
  }

  /** What an answer is to the machine. */
  #told(answer: OutsideAnswer, askedSeconds: number): Happening {
    if (answer.kind !== 'answered') return { type: answer.kind };
    const challenge = challengeIn(answer);
    if (challenge) {
      this.#challenge = challenge;
      const found = challengeToAnswer(this.auth, { headers: [challenge.header], by: this.#asked() });
      return { type: 'challenged', challenge: found === null ? 'foreign' : found.stale ? 'stale' : 'ours' };
    }
    if (answer.status < 300)
      return { type: 'accepted', grantedSeconds: grantedSeconds(answer, askedSeconds) };
    if (answer.status === 423)
      return { type: 'interval-too-brief', leastSeconds: wholeNumber(answer.header('Min-Expires')) ?? 0 };
    if (answer.status === 408) return { type: 'no-answer' };
    const retryAfterSeconds = wholeNumber(answer.header('Retry-After'));
    return { type: 'refused', status: answer.status, retryAfterSeconds };
  }

  async #unregister(): Promise<void> {
    const answer = await this.#send(0, null);
    const challenge = answer && challengeIn(answer);
    if (challenge) await this.#send(0, challenge);
  }

  /** Sends a REGISTER, with the answer to a challenge if there is one; null when that challenge is not ours to answer. */
  async #send(
    expiresSeconds: number,
    challenge: { readonly header: string; readonly answers: string } | null,
  ): Promise<OutsideAnswer | null> {
    this.#cseq += 1;
    const series = { callId: this.#callId, cseq: this.#cseq };
    const request = registerRequest(this.trunk, this.auth, series, expiresSeconds);
    if (!challenge) return this.parts.send(request, ANSWER_LIMIT_MS);
    const password = await this.parts.answerChallenge({
      headers: [challenge.header],
      by: this.#asked(),
      method: request.method,
      uri: request.uri,
      body: '',
      nonceCount: 1,
    });
    if (password === null) return null;
    const headers = { ...request.headers, [challenge.answers]: password };
    return this.parts.send({ ...request, headers }, ANSWER_LIMIT_MS);
  }

  /** The host that we asked. */
  #asked(): string {
    const { outward } = this.trunk;
    return (outward.proxy ?? firstTarget(outward)).host;
  }
}
