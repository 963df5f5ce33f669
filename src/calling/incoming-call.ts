import type Srf from 'drachtio-srf';
import type { SrfRequest, SrfResponse } from 'drachtio-srf';
import { newId } from '../kernel/ids';
import { trunkByAddress } from '../trunks/trunks-store';
import { gatherFacts } from './call-facts';
import type { CallingParts } from './calling-parts';
import { callerNumber, dialledString } from './identify-caller';
import { judgeOffer } from './judge-offer';
import { MenuCall } from './menu-call';
import { type CallPlan, planCall } from './plan-call';
import { type RefusalReason, refusal, refusalHeaders, refusalReasonOf } from './refuse-call';

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
 * THE DOOR: every out-of-dialog request comes in here. A call is identified, decided by plan-call (pure) and run; a call of a known
 * trunk has a record on disk before it is answered.
 */
export function openDoor(srf: Srf, parts: CallingParts, outward: OutwardCalls): CallDoor {
  const running = new Set<MenuCall>();
  let draining = false;

  const onInvite = async (req: SrfRequest, res: SrfResponse): Promise<void> => {
    const startedAtMs = parts.clock.nowMs();
    // Set before anything is awaited: a CANCEL may come while we still look up who calls.
    const cancelled = new Promise<void>((resolve) => req.on('cancel', () => resolve()));
    const dialled = dialledString(req);
    const { facts, routed } = await gatherFacts(
      parts.database.read,
      { address: req.source_address, dialled, offer: judgeOffer(req.body) },
      { draining, liveCalls: parts.liveCalls.count, maxLiveCalls: parts.settings.maxLiveCalls },
    );
    const plan = planCall(facts);
    if (!plan.trunk) return refuse(parts, req, res, 'unknown-caller');

    const cdrId = newId(startedAtMs);
    const opened = await parts.keeper.open({
      cdrId,
      callId: cdrId,
      nodeId: parts.settings.nodeId,
      sipCallId: (req.get('Call-ID') ?? '').slice(0, MAX_CALL_ID_LENGTH),
      direction: 'inbound',
      attempt: 1,
      roomSessionId: null,
      fromNumber: callerNumber(req),
      isWithheld: false,
      callerIdentity: null,
      dialledNumber: dialled,
      routedNumber: routed,
      trunkId: plan.trunk.id,
      costDeckId: null,
      accountId: null,
      deviceId: null,
      startedAtMs,
    });
    if (plan.kind === 'refuse') return refuseWithRecord(parts, plan, opened, req, res);
    const call = new MenuCall(parts, srf, plan, opened, { req, res, cancelled });
    running.add(call);
    await call.run().finally(() => running.delete(call));
  };

  srf.invite((req, res) => {
    onInvite(req, res).catch((error: unknown) => {
      parts.log.error('a call could not be begun', { error });
      refuse(parts, req, res, refusalReasonOf(error));
    });
  });
  srf.options((req, res) => {
    trunkByAddress(parts.database.read, req.source_address).then(
      (trunk) => (trunk ? res.send(200) : refuse(parts, req, res, 'unknown-caller')),
      (error: unknown) => refuse(parts, req, res, refusalReasonOf(error)),
    );
  });

  return {
    drain: () => {
      draining = true;
      outward.drain();
    },
    endAll: (result) => {
      for (const call of running) call.endNow(result);
      outward.endAll(result);
    },
  };
}

function refuse(parts: CallingParts, req: SrfRequest, res: SrfResponse, reason: RefusalReason): void {
  if (res.finalResponseSent) return;
  const found = refusal(reason);
  parts.log.info('request refused', { method: req.method, reason, address: req.source_address });
  res.send(found.sipStatus, found.sipReason, { headers: refusalHeaders(found) });
}

/** A refused call of a known trunk leaves a CDR: carriers and owners ask why. */
async function refuseWithRecord(
  parts: CallingParts,
  plan: Extract<CallPlan, { kind: 'refuse' }>,
  opened: Awaited<ReturnType<CallingParts['keeper']['open']>>,
  req: SrfRequest,
  res: SrfResponse,
): Promise<void> {
  const found = refusal(plan.reason);
  refuse(parts, req, res, plan.reason);
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
