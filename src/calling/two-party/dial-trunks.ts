import type Srf from 'drachtio-srf';
import type { E164 } from '../../kernel/phone-number';
import { type OutboundTrunk, outboundTrunk } from '../../trunks/trunks-store';
import type { CallingParts } from '../calling-parts';
import { isNextCarrierTried, NotAnswered } from '../outward/far-status';
import { OutwardLeg, type OutwardTarget } from '../outward/outward-leg';
import { refusalReasonOf, type RefusalReason } from '../refuse-call';
import { AlreadyEnded } from '../running-call';
import type { Destination } from './destination';
import { openedOutward, type Reached, type ReachWish } from './reach';

/** A telephone outside rings this long. */
const RING_LIMIT_MS = 90_000;
/** A carrier that says nothing at all this long is out of reach. */
const SILENCE_LIMIT_MS = 4_000;

export type TrunkCall = {
  readonly destination: Extract<Destination, { kind: 'telephone' | 'emergency' }>;
  /** Who pays; null for a call for help, which costs nothing. */
  readonly payerAccountId: string | null;
  /** The number whose owner forwarded the call; null when it was dialled. */
  readonly forwardedFrom: string | null;
};

/** Calls a number outside through one trunk after the other. Each try is a leg of its own, held and noted before it rings. */
export async function dialTrunks(
  parts: CallingParts,
  srf: Srf,
  wish: ReachWish,
  call: TrunkCall,
): Promise<Reached> {
  const trunk = await outboundTrunk(parts.database.read);
  const trunks: readonly OutboundTrunk[] = trunk ? [trunk] : [];
  let reason: RefusalReason = 'no-route';
  for (const [n, one] of trunks.entries()) {
    const { destination, payerAccountId } = call;
    const opened = openedOutward(parts, wish.callId, {
      attempt: n + 1,
      fromNumber: wish.caller.number,
      isWithheld: wish.caller.isWithheld,
      dialledNumber: destination.number,
      routedNumber: destination.number,
      trunkId: one.id,
      accountId: payerAccountId ?? wish.caller.accountId,
    });
    const leg = await OutwardLeg.open(parts, srf, { opened, language: wish.language });
    void wish.whenGone.then(() => {
      if (!leg.call.isAnswered) leg.call.endWith({ result: 'cancelled', endedBy: 'caller', prompt: null });
    });
    try {
      await ringTrunk(parts, leg, one, wish, call);
      void leg.finish();
      return { kind: 'answered', leg };
    } catch (error) {
      await leg.finishUnanswered(error);
      if (payerAccountId !== null)
        await parts.credit.release({ callId: leg.call.id, nowMs: parts.clock.nowMs() });
      if (error instanceof AlreadyEnded) throw error;
      if (!(error instanceof NotAnswered)) return { kind: 'refused', reason: refusalReasonOf(error) };
      reason = reasonOf(error.status);
      if (!isNextCarrierTried(error.status)) break;
    }
  }
  return { kind: 'refused', reason };
}

async function ringTrunk(
  parts: CallingParts,
  leg: OutwardLeg,
  trunk: OutboundTrunk,
  wish: ReachWish,
  { destination, payerAccountId }: TrunkCall,
): Promise<void> {
  const { call } = leg;
  const grant =
    payerAccountId === null
      ? null
      : await parts.credit.reserve({
          callId: call.id,
          payerAccountId,
          number: destination.number as E164,
          startedAtMs: call.opened.startedAtMs,
          nowMs: call.now(),
          direction: 'outbound',
          roomId: null,
          kind: 'call',
          nodeId: parts.settings.nodeId,
        });
  const target: OutwardTarget = {
    uri: `sip:${destination.number}@${trunk.outboundHost}:${trunk.outboundPort}`,
    proxy: null,
    headers: {},
    secure: 'never',
    answerChallenge: () => null,
  };
  await leg.ring(target, {
    ringLimitMs: RING_LIMIT_MS,
    silenceLimitMs: SILENCE_LIMIT_MS,
    onRinging: (earlyMedia) => wish.onRinging(earlyMedia ? leg : null),
  });
  if (!grant || payerAccountId === null) return;
  const chargedFromMs = call.answeredAtMs ?? call.now();
  await call.enter({ roomId: null, roomSessionId: null, roomRole: null, payerAccountId, chargedFromMs });
  call.watchCredit(chargedFromMs, grant, () => undefined);
}

/** What the caller is told of the last try. */
function reasonOf(status: number): RefusalReason {
  if (status === 486 || status === 600) return 'user-busy';
  if (status === 603 || status === 607) return 'user-declined';
  if (status === 404 || status === 484 || status === 604) return 'number-not-served';
  if (status === 408 || status === 480) return 'user-no-answer';
  return 'no-route';
}
