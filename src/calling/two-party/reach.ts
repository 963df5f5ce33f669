import type Srf from 'drachtio-srf';
import { readHandling } from '../../phones/call-handling';
import { bindingsOf, type DeviceBinding, dropBinding } from '../../phones/registrations-store';
import type { CallingParts } from '../calling-parts';
import { readAccount } from '../../accounts/accounts-store';
import { bindingTarget } from './binding-target';
import type { Reached, ReachWish } from './reach-wish';
import { NotAnswered, resultOfStatus } from '../outward/far-status';
import { openedOutward } from '../outward/opened-outward';
import { OutwardLeg } from '../outward/outward-leg';
import { AlreadyEnded } from '../call-ended';
import type { RunningCall } from '../running-call';
import { afterPhones, outcomeOfAll, type PhonesOutcome } from './after-phones';
import { type Destination, findDestination } from './destination';
import { dialTrunks } from './dial-trunks';

/** Forwarded this often within one call at most; a circle of forwarders ends there. */
export const MAX_FORWARDS = 5;

/** RFC 5626 5.3: the flow to the telephone is gone. */
const FLOW_FAILED = 430;

/**
 * Brings a call to somebody who answers: the telephones of an account all at once, then where its owner forwards it, or trunks one after the other. Each
 * try is a leg with a CDR of its own; what it costs is held before it rings.
 */
export class Reach {
  #forwards = 0;
  readonly #forwarders = new Set<string>();
  #isGone = false;

  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly wish: ReachWish,
  ) {
    void wish.whenGone.then(() => {
      this.#isGone = true;
    });
  }

  /** Never throws but for faults of the house. @throws AlreadyEnded when nobody waits any more; JournalUnavailable */
  async reach(destination: Destination): Promise<Reached> {
    this.#stopIfGone();
    switch (destination.kind) {
      case 'user':
        return this.#reachUser(destination);
      case 'telephone':
        return this.#reachTelephone(destination, this.wish.payerAccountId, null);
      case 'emergency':
        return this.#reachTelephone(destination, null, null);
      default:
        return { kind: 'refused', reason: 'number-not-served' };
    }
  }

  async #reachUser(destination: Extract<Destination, { kind: 'user' }>): Promise<Reached> {
    const { accountId } = destination;
    const { database, clock } = this.parts;
    const handling = await readHandling(database.read, accountId);
    const bindings = handling.doNotDisturb ? [] : await bindingsOf(database.read, accountId, clock.nowMs());
    const rung = handling.doNotDisturb
      ? 'do-not-disturb'
      : await this.#ringPhones(destination, bindings, handling.ringSeconds * 1_000);
    if (rung instanceof OutwardLeg) return { kind: 'answered', leg: rung };
    this.#stopIfGone();
    const next = afterPhones(rung, handling);
    switch (next.kind) {
      case 'refuse':
        return { kind: 'refused', reason: next.reason };
      case 'voicemail':
        return { kind: 'voicemail', accountId };
      case 'forward':
        return this.#forward(next.to, destination);
    }
  }

  /** The forwarded leg is the forwarder's: he pays it, and his name is in the Diversion (RFC 5806). */
  async #forward(to: string, from: Extract<Destination, { kind: 'user' }>): Promise<Reached> {
    this.#forwards += 1;
    if (this.#forwards > MAX_FORWARDS || this.#forwarders.has(from.accountId))
      return { kind: 'refused', reason: 'loop' };
    this.#forwarders.add(from.accountId);
    const sql = this.parts.database.read;
    const { country } = await readAccount(sql, from.accountId);
    const destination = await findDestination(sql, { dialled: to, country });
    if (destination.kind === 'user') return this.#reachUser(destination);
    if (destination.kind !== 'telephone') return { kind: 'refused', reason: 'number-not-served' };
    return this.#reachTelephone(destination, from.accountId, from.number);
  }

  async #reachTelephone(
    destination: Extract<Destination, { kind: 'telephone' | 'emergency' }>,
    payerAccountId: string | null,
    forwardedFrom: string | null,
  ): Promise<Reached> {
    return dialTrunks(this.parts, this.srf, this.wish, { destination, payerAccountId, forwardedFrom });
  }

  /** Rings all at once; the first that answers has the call, and the others stop. */
  async #ringPhones(
    destination: Extract<Destination, { kind: 'user' }>,
    bindings: readonly DeviceBinding[],
    ringLimitMs: number,
  ): Promise<OutwardLeg | PhonesOutcome> {
    if (bindings.length === 0) return 'unreachable';
    const legs = await Promise.all(bindings.map((binding) => this.#openLeg(destination, binding)));
    const stop = (result: 'cancelled' | 'answered-elsewhere' | 'declined') => {
      for (const { call } of legs)
        if (!call.isAnswered)
          call.endWith({ result, endedBy: result === 'cancelled' ? 'caller' : 'callee', prompt: null });
    };
    void this.wish.whenGone.then(() => stop('cancelled'));
    let winner: OutwardLeg | null = null;
    const results = await Promise.all(
      legs.map(async (leg, n) => {
        const binding = bindings[n];
        if (!binding) return 'unreachable';
        try {
          await leg.ring(bindingTarget(binding, this.wish.caller, destination.number), {
            ringLimitMs,
            silenceLimitMs: null,
            onRinging: () => this.wish.onRinging(null),
          });
          winner ??= leg;
          if (winner !== leg)
            leg.call.endWith({ result: 'answered-elsewhere', endedBy: 'house', prompt: null });
          else stop('answered-elsewhere');
          void leg.finish();
          return 'no-answer';
        } catch (error) {
          await leg.finishUnanswered(error);
          if (error instanceof NotAnswered && error.status >= 600) stop('declined');
          if (error instanceof NotAnswered && error.status === FLOW_FAILED)
            await dropBinding(this.parts.database, binding.deviceId, binding.binding);
          return outcomeOf(error, leg.call);
        }
      }),
    );
    this.#stopIfGone(winner);
    return winner ?? outcomeOfAll(results);
  }

  #openLeg(destination: Extract<Destination, { kind: 'user' }>, binding: DeviceBinding): Promise<OutwardLeg> {
    const { caller } = this.wish;
    const opened = openedOutward(this.parts, this.wish.callId, {
      fromNumber: caller.number,
      isWithheld: caller.isWithheld,
      dialledNumber: destination.number,
      routedNumber: destination.number,
      accountId: destination.accountId,
      deviceId: binding.deviceId,
    });
    return OutwardLeg.open(this.parts, this.srf, { opened, language: this.wish.language });
  }

  /** @throws AlreadyEnded; who answered at the same moment is hung up on */
  #stopIfGone(answered: OutwardLeg | null = null): void {
    if (!this.#isGone) return;
    answered?.call.endWith({ result: 'cancelled', endedBy: 'caller', prompt: null });
    throw new AlreadyEnded();
  }
}

/** A telephone that never rang is not there, whatever its silence is called. */
function outcomeOf(error: unknown, { ringingAtMs }: RunningCall): PhonesOutcome {
  if (!(error instanceof NotAnswered)) return 'unreachable';
  const result = resultOfStatus(error.status);
  if (result === 'busy' || result === 'declined') return result;
  return result === 'no-answer' && ringingAtMs !== null ? 'no-answer' : 'unreachable';
}
