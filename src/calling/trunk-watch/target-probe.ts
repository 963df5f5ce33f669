import type { Clock } from '../../kernel/clock';
import type { SipAddress } from '../../trunks/outward';
import { NEW_PROBE, type Probe, type ProbeEvent, probeStep } from '../../trunks/probe';
import type { OutwardTrunk } from '../../trunks/trunk';
import { MachineTimer } from './machine-timer';
import { placeOf, type SendOutside } from './outside-request';
import { ANSWER_LIMIT_MS } from './watch-limits';

type Happening = ProbeEvent extends infer Event
  ? Event extends ProbeEvent
    ? Omit<Event, 'nowMs'>
    : never
  : never;

/** Asks one target of a trunk by OPTIONS whether it lives, as trunks/probe says. */
export class TargetProbe {
  #state: Probe = NEW_PROBE;
  #stopped = false;
  readonly #timer: MachineTimer;

  constructor(
    private readonly parts: {
      readonly clock: Clock;
      readonly send: SendOutside;
      /** False while we ourselves are cut off: then silence says nothing about others. */
      readonly isConnected: () => boolean;
      readonly onChange: (alive: boolean) => void;
    },
    private readonly trunk: OutwardTrunk,
    readonly target: SipAddress,
  ) {
    this.#timer = new MachineTimer(parts.clock, () => this.#on({ type: 'tick' }));
  }

  get state(): Probe {
    return this.#state;
  }

  start(): void {
    this.#on({ type: 'start' });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.set(null);
  }

  /** A call got no answer from it. */
  callFailed(): void {
    this.#on({ type: 'call-failed' });
  }

  #on(happening: Happening): void {
    if (this.#stopped) return;
    const { clock, onChange } = this.parts;
    const { next, commands } = probeStep(this.#state, { ...happening, nowMs: clock.nowMs() });
    this.#state = next;
    this.#timer.set(next.dueAtMs);
    for (const { kind } of commands) {
      if (kind === 'ask') void this.#ask();
      else onChange(kind === 'lived');
    }
  }

  async #ask(): Promise<void> {
    const { send, isConnected } = this.parts;
    const answer = await send(
      { method: 'OPTIONS', ...placeOf(this.trunk, this.target), headers: { Accept: 'application/sdp' } },
      ANSWER_LIMIT_MS,
    );
    if (answer.kind === 'answered') return this.#on({ type: 'answered', status: answer.status });
    // Of the last state nothing is known to have changed: it counts as answered as before, and is asked again.
    if (!isConnected()) return this.#on({ type: 'answered', status: this.#state.alive ? 200 : 503 });
    this.#on({ type: 'no-answer' });
  }
}
