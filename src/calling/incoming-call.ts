import type Srf from 'drachtio-srf';
import type { SrfRequest, SrfResponse } from 'drachtio-srf';
import type { OpenedLeg } from '../cdr/journal-records';
import { newId } from '../kernel/ids';
import { callerIdChoiceOf } from '../caller-id/proven-numbers-store';
import { type PrivacyWish, privacyWish } from '../caller-id/privacy';
import { normaliseDialled } from '../numbers/normalise-dialled';
import { gatherFacts } from './call-facts';
import { recordedVerdict } from './caller-identity';
import type { CallingParts } from './calling-parts';
import { type Caller, callerNumber, dialledString, identifyRequest, type Identity } from './identify-caller';
import type { Invite } from './inbound-leg';
import { judgeOffer } from './judge-offer';
import { planCall } from './plan-call';
import { type RefusalReason, refusal, refusalHeaders, refusalReasonOf } from './refuse-call';
import { answerRegister } from './registrations';
import { type RunnableCall, runPlan } from './run-plan';
import { takePlaces } from './take-places';
import { HOPS_HEADER, loopGuard } from '../trunks/loop-guard';
import { routedNumber } from './two-party/destination';

/** Longest Call-ID that is kept; more is cut off. */
const MAX_CALL_ID_LENGTH = 255;

/** The service as calls see it: whether it takes new ones, and those that are going on. */
export type CallDoor = {
  /** From now on every new call is refused with 503 and Retry-After. */
  drain(): void;
  /** Ends every call that is going on. */
  endAll(result: 'draining' | 'failed'): void;
};

/** Calls that the house makes itself: they stop beginning and end with the others. */
export type OutwardCalls = {
  drain(): void;
  endAll(result: 'draining' | 'failed'): void;
};

/**
 * THE DOOR: every out-of-dialog request comes in here. Who sends it is found out first, and a stranger gets the same answer whatever he asks for. A
 * call is decided by plan-call (pure) and run by run-plan; a call of somebody we know has a record on disk before it is answered.
 */
export function openDoor(srf: Srf, parts: CallingParts, outward: readonly OutwardCalls[]): CallDoor {
  const running = new Set<RunnableCall>();
  let draining = false;

  const onInvite = async (req: SrfRequest, res: SrfResponse): Promise<void> => {
    const startedAtMs = parts.clock.nowMs();
    const cdrId = newId(startedAtMs);
    parts.overload.begun(cdrId);
    await beginCall(req, res, { startedAtMs, cdrId }).finally(() => parts.overload.handedOn(cdrId));
  };

  const beginCall = async (
    req: SrfRequest,
    res: SrfResponse,
    { startedAtMs, cdrId }: { readonly startedAtMs: number; readonly cdrId: string },
  ): Promise<void> => {
    // Set before anything is awaited: a CANCEL may come while we still look up who calls.
    const cancelled = new Promise<void>((resolve) => req.on('cancel', () => resolve()));
    const identity = await identifyRequest(parts, req);
    if (identity.kind !== 'known') return turnAway(parts, req, res, identity);
    const { caller } = identity;
    const dialled = dialledString(req);
    const wish = privacyWish({ privacy: req.get('Privacy') ?? null, from: req.get('From') ?? null });
    const record = await callerOnRecord(parts, caller, req, wish);
    const facts = await gatherFacts(
      parts.database.read,
      caller,
      {
        dialled,
        offer: judgeOffer(req.body),
        needsUnknownPrivacy: wish.unmet.length > 0,
        loop: loopGuard({
          maxForwards: req.get('Max-Forwards') ?? null,
          hops: req.get(HOPS_HEADER) ?? null,
          sameLegs: parts.liveCalls.countSame(record.fromNumber, dialled),
        }),
      },
      { draining, liveCalls: parts.liveCalls.count, maxLiveCalls: parts.settings.maxLiveCalls },
    );
    const plan = planCall(facts);
    const opened = await parts.keeper.open({
      cdrId,
      callId: cdrId,
      nodeId: parts.settings.nodeId,
      sipCallId: (req.get('Call-ID') ?? '').slice(0, MAX_CALL_ID_LENGTH),
      direction: 'inbound',
      attempt: 1,
      roomSessionId: null,
      ...record,
      dialledNumber: dialled,
      routedNumber: routedNumber(facts.destination),
      costDeckId: null,
      startedAtMs,
    });
    if (plan.kind === 'refuse') return refuseWithRecord(parts, plan.reason, opened, req, res);
    try {
      if (caller.kind === 'trunk')
        await takePlaces(parts, {
          holderId: cdrId,
          trunk: caller.trunk,
          direction: 'in',
          isEmergency: false,
          destination: facts.destination,
        });
    } catch (error) {
      return refuseWithRecord(parts, refusalReasonOf(error), opened, req, res);
    }
    const invite: Invite = { req, res, cancelled };
    const call = await runPlan(parts, srf, plan, opened, invite);
    running.add(call);
    await call.run().finally(() => running.delete(call));
  };

  /** Answers a request that needs nothing but a known sender. */
  const onRequest =
    (answer: (caller: Caller, req: SrfRequest, res: SrfResponse) => Promise<void> | void) =>
    (req: SrfRequest, res: SrfResponse) => {
      identifyRequest(parts, req)
        .then((identity) =>
          identity.kind === 'known' ? answer(identity.caller, req, res) : turnAway(parts, req, res, identity),
        )
        .catch((error: unknown) => {
          parts.log.error('a request could not be answered', { method: req.method, error });
          refuse(parts, req, res, refusalReasonOf(error));
        });
    };

  srf.invite((req, res) => {
    if (!parts.overload.admits(dialledString(req))) return refuseQuietly(res, 'overloaded');
    onInvite(req, res).catch((error: unknown) => {
      parts.log.error('a call could not be begun', { error });
      refuse(parts, req, res, refusalReasonOf(error));
    });
  });
  srf.register(onRequest((caller, req, res) => answerRegister(parts, caller, req, res)));
  srf.subscribe(onRequest((caller, req, res) => parts.subscriptions.answer(caller, req, res)));
  srf.options(onRequest((_caller, _req, res) => res.send(200)));

  return {
    drain: () => {
      draining = true;
      for (const calls of outward) calls.drain();
    },
    endAll: (result) => {
      for (const call of running) call.endNow(result);
      for (const calls of outward) calls.endAll(result);
    },
  };
}

/** What the record says of who calls. */
async function callerOnRecord(
  parts: CallingParts,
  caller: Caller,
  req: SrfRequest,
  wish: PrivacyWish,
): Promise<
  Pick<OpenedLeg, 'fromNumber' | 'isWithheld' | 'callerIdentity' | 'trunkId' | 'accountId' | 'deviceId'>
> {
  const nobody = { trunkId: null, accountId: null, deviceId: null, isWithheld: wish.withheld };
  if (caller.kind === 'device')
    return {
      ...nobody,
      isWithheld: wish.withheld || (await callerIdChoiceOf(parts.database.read, caller.account.id)).withholds,
      fromNumber: caller.number,
      callerIdentity: null,
      accountId: caller.account.id,
      deviceId: caller.device.id,
    };
  if (caller.kind === 'guest') return { ...nobody, fromNumber: null, callerIdentity: null };
  const fromNumber = callerNumber(req);
  const dest = normaliseDialled(dialledString(req));
  const verdict = await parts.identity.judge(req, { orig: fromNumber, dest });
  return { ...nobody, fromNumber, callerIdentity: recordedVerdict(verdict), trunkId: caller.trunk.id };
}

/** A stranger is asked who he is, or not listened to; his tries are logged without what he tried. */
export function turnAway(
  parts: Pick<CallingParts, 'log'>,
  req: SrfRequest,
  res: SrfResponse,
  identity: Exclude<Identity, { kind: 'known' }>,
): void {
  if (identity.kind === 'blocked') return refuse(parts, req, res, 'unknown-caller');
  if (res.finalResponseSent) return;
  // Two challenges may not share a line (RFC 3261 7.3.1), and srf sends one line a name: the second begins within the first's value.
  const challenges = identity.headers.join('\r\nWWW-Authenticate: ');
  res.send(401, 'Unauthorized', { headers: { 'WWW-Authenticate': challenges } });
}

/** Without a log line of its own: who counts the refusals tells of them all. */
function refuseQuietly(res: SrfResponse, reason: RefusalReason): void {
  const found = refusal(reason);
  res.send(found.sipStatus, found.sipReason, { headers: refusalHeaders(found) });
}

function refuse(
  parts: Pick<CallingParts, 'log'>,
  req: SrfRequest,
  res: SrfResponse,
  reason: RefusalReason,
): void {
  if (res.finalResponseSent) return;
  parts.log.info('request refused', { method: req.method, reason, address: req.source_address });
  refuseQuietly(res, reason);
}

/** A refused call of somebody we know leaves a CDR: carriers and owners ask why. */
async function refuseWithRecord(
  parts: CallingParts,
  reason: RefusalReason,
  opened: OpenedLeg,
  req: SrfRequest,
  res: SrfResponse,
): Promise<void> {
  const found = refusal(reason);
  refuse(parts, req, res, reason);
  await parts.keeper.close({
    ...opened,
    roomId: null,
    roomRole: null,
    payerAccountId: null,
    ringingAtMs: null,
    answeredAtMs: null,
    waitedMs: 0,
    chargedFromMs: null,
    endedAtMs: parts.clock.nowMs(),
    result: found.result,
    endedBy: 'house',
    sipStatus: found.sipStatus,
    hangupCause: null,
    quality: null,
  });
}
