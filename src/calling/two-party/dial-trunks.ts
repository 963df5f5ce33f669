import type Srf from 'drachtio-srf';
import { type E164, isE164 } from '../../kernel/phone-number';
import { onwardHeaders } from '../../trunks/loop-guard';
import type { SipAddress } from '../../trunks/outward';
import { outwardRequest } from '../../trunks/outward-request';
import type { OutwardTrunk } from '../../trunks/trunk';
import type { RoomRole } from '../../kernel/room-role';
import type { CallingParts } from '../calling-parts';
import type { RunningCall } from '../running-call';
import { LimitReached } from '../../leases/lease';
import { takePlaces } from '../take-places';
import { isNextCarrierTried, NotAnswered, TrunkFull } from '../outward/far-status';
import { openedOutward } from '../outward/opened-outward';
import { OutwardLeg, type OutwardTarget } from '../outward/outward-leg';
import { trunkAnswers } from '../outward/trunk-answers';
import { refusalReasonOf, type RefusalReason } from '../refuse-call';
import { AlreadyEnded, Refused } from '../call-ended';
import type { Destination } from './destination';
import { findRoute } from './find-route';
import type { Reached, ReachWish } from './reach-wish';
import { shownOutside } from './shown-outside';

/** A telephone outside rings this long unless its call says otherwise. */
const RING_LIMIT_MS = 90_000;
/** A carrier that says nothing at all this long is out of reach. */
const SILENCE_LIMIT_MS = 4_000;
/** Carriers that one call tries at most. */
const MAX_ATTEMPTS = 8;

export type TrunkCall = {
  readonly destination: Extract<Destination, { kind: 'telephone' | 'emergency' }>;
  /** Who pays; null for a call that nobody is charged for: one for help, or one of the house itself. */
  readonly payerAccountId: string | null;
  /** The number whose owner forwarded the call; null when it was dialled. */
  readonly forwardedFrom: string | null;
  /** How long it rings; left out, 90 seconds. */
  readonly ringLimitMs?: number;
  /** Told each leg as it is opened. */
  readonly onLeg?: (call: RunningCall) => void;
  /** Told when a trunk has been sent the call; not told when no trunk could take it. */
  readonly onSent?: () => void;
  /** Set for a call to somebody on a room's list. */
  readonly room?: RoomCall;
};

/** What is different when a room calls somebody on its list. */
export type RoomCall = {
  readonly roomId: string;
  readonly roomSessionId: string;
  readonly roomRole: RoomRole;
  /** Which try this is of calling him. */
  readonly attempt: number;
};

type Attempt = {
  readonly trunk: OutwardTrunk;
  readonly target: SipAddress;
  /** Media encrypted, or not. */
  readonly secure: boolean;
};

const NO_ROOM = { roomId: null, roomSessionId: null, roomRole: null };

/** What a carrier says that does not take the media it was offered (RFC 3261 21.4.26, 21.6.4). */
const MEDIA_REFUSED: readonly number[] = [415, 488, 606];

/** What a carrier says, or we for it, that nobody works behind: worth a question whether it lives. */
const OUT_OF_REACH: readonly number[] = [408, 503, 504];

/** Calls a number outside through one trunk after the other. Each try is a leg of its own, held and noted before it rings. */
export async function dialTrunks(
  parts: CallingParts,
  srf: Srf,
  wish: ReachWish,
  call: TrunkCall,
): Promise<Reached> {
  const { destination, payerAccountId } = call;
  const route = await findRoute(parts, { destination, payerAccountId, nowMs: parts.clock.nowMs() });
  const waiting = route.choice.order.flatMap(({ trunkId }): Attempt[] => {
    const trunk = route.trunks.get(trunkId);
    return trunk
      ? livingTargets(parts, trunk).map((target) => ({
          trunk,
          target,
          secure: trunk.outward.srtp !== 'never',
        }))
      : [];
  });
  let reason: RefusalReason = 'no-route';
  for (let number = 1; number <= MAX_ATTEMPTS; number++) {
    const attempt = waiting.shift();
    if (!attempt) break;
    const leg = await openAttempt(parts, srf, wish, call, { ...attempt, number });
    void wish.whenGone.then(() => {
      if (!leg.call.isAnswered) leg.call.endWith({ result: 'cancelled', endedBy: 'caller', prompt: null });
    });
    try {
      await ringTrunk(parts, leg, wish, call, attempt);
      void leg.finish();
      return { kind: 'answered', leg };
    } catch (error) {
      await leg.finishUnanswered(error);
      if (payerAccountId !== null)
        await parts.credit.release({ callId: leg.call.id, nowMs: parts.clock.nowMs() });
      if (error instanceof AlreadyEnded) throw error;
      if (error instanceof TrunkFull) continue;
      const status = statusOf(error);
      if (status === null) return { kind: 'refused', reason: refusalReasonOf(error) };
      if (OUT_OF_REACH.includes(status)) parts.trunkKnowledge.callFailed(attempt.trunk.id, attempt.target);
      reason = reasonOf(status);
      const isPlainTried =
        attempt.secure && attempt.trunk.outward.srtp === 'offered' && MEDIA_REFUSED.includes(status);
      if (isPlainTried) waiting.unshift({ ...attempt, secure: false });
      else if (!isNextCarrierTried(status)) break;
    }
  }
  return { kind: 'refused', reason };
}

/** What the carrier said; an answer without media that we could use is no other word than 488. Null: it was no word of the carrier's. */
function statusOf(error: unknown): number | null {
  if (error instanceof NotAnswered) return error.status;
  return error instanceof Refused && error.reason === 'no-codec' ? 488 : null;
}

/** Targets that answer; all of them when none does. */
function livingTargets(
  { trunkKnowledge }: CallingParts,
  { id, outward }: OutwardTrunk,
): readonly SipAddress[] {
  const living = outward.targets.filter((target) => trunkKnowledge.isAlive(id, target));
  return living.length === 0 ? outward.targets : living;
}

async function openAttempt(
  parts: CallingParts,
  srf: Srf,
  wish: ReachWish,
  { destination, payerAccountId, onLeg, room }: TrunkCall,
  { trunk, number }: Attempt & { readonly number: number },
): Promise<OutwardLeg> {
  const opened = openedOutward(parts, wish.callId, {
    attempt: room?.attempt ?? number,
    roomSessionId: room?.roomSessionId ?? null,
    fromNumber: wish.caller.number,
    isWithheld: wish.caller.isWithheld,
    dialledNumber: destination.number,
    routedNumber: destination.number,
    trunkId: trunk.id,
    costDeckId: trunk.outward.costDeckId,
    accountId: payerAccountId ?? wish.caller.accountId,
  });
  const leg = await OutwardLeg.open(parts, srf, { opened, language: wish.language });
  onLeg?.(leg.call);
  return leg;
}

async function ringTrunk(
  parts: CallingParts,
  leg: OutwardLeg,
  wish: ReachWish,
  trunkCall: TrunkCall,
  attempt: Attempt,
): Promise<void> {
  const { call } = leg;
  const { destination, payerAccountId, room } = trunkCall;
  await takeTrunkPlaces(parts, leg, trunkCall, attempt);
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
          roomId: room?.roomId ?? null,
          kind: kindOf(trunkCall),
          nodeId: parts.settings.nodeId,
        });
  const target = await targetOf(parts, wish, trunkCall, attempt);
  await leg.ring(target, {
    ringLimitMs: trunkCall.ringLimitMs ?? RING_LIMIT_MS,
    silenceLimitMs: SILENCE_LIMIT_MS,
    ...(trunkCall.onSent ? { onSent: trunkCall.onSent } : {}),
    onRinging: (earlyMedia) => wish.onRinging(earlyMedia ? leg : null),
  });
  if (!grant || payerAccountId === null) return;
  const chargedFromMs = call.answeredAtMs ?? call.now();
  const { roomId, roomSessionId, roomRole } = room ?? NO_ROOM;
  await call.enter({ roomId, roomSessionId, roomRole, payerAccountId, chargedFromMs });
  call.watchCredit(chargedFromMs, grant);
}

function kindOf({ room, forwardedFrom }: TrunkCall): 'room' | 'forward' | 'call' {
  if (room) return 'room';
  return forwardedFrom === null ? 'call' : 'forward';
}

/** @throws TrunkFull */
async function takeTrunkPlaces(
  parts: CallingParts,
  leg: OutwardLeg,
  { destination }: TrunkCall,
  { trunk }: Attempt,
): Promise<void> {
  const isEmergency = destination.kind === 'emergency';
  const wanted = { holderId: leg.call.id, trunk, direction: 'out', isEmergency, destination } as const;
  try {
    await takePlaces(parts, wanted);
  } catch (error) {
    throw error instanceof LimitReached ? new TrunkFull(error.message) : error;
  }
}

/** How the INVITE to a trunk is written. */
async function targetOf(
  parts: CallingParts,
  wish: ReachWish,
  { destination, payerAccountId, forwardedFrom }: TrunkCall,
  { trunk, target, secure }: Attempt,
): Promise<OutwardTarget> {
  const shown = await shownOutside(parts, { caller: wish.caller, accountId: payerAccountId });
  const request = outwardRequest(
    trunk,
    {
      called: destination.number,
      callerId: shown.number,
      anonymous: shown.anonymous,
      diversion: forwardedFrom !== null && isE164(forwardedFrom) ? forwardedFrom : null,
      identity:
        shown.number === null || shown.attestation === null
          ? null
          : parts.identity.sign({
              orig: shown.number,
              dest: destination.number,
              attestation: shown.attestation,
            }),
    },
    target,
  );
  return {
    uri: request.uri,
    proxy: request.proxy,
    headers: { ...request.headers, ...onwardHeaders(wish.onward) },
    speaks: secure ? 'srtp' : 'plain',
    answerChallenge: await trunkAnswers(parts, trunk, request.auth),
  };
}

/** What the caller is told of the last try. */
function reasonOf(status: number): RefusalReason {
  if (status === 486 || status === 600) return 'user-busy';
  if (status === 603 || status === 607 || status === 608) return 'user-declined';
  if (status === 404 || status === 410 || status === 484 || status === 604) return 'number-not-served';
  if (status === 480 || status === 487) return 'user-no-answer';
  return 'no-route';
}
