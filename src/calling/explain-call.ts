import { findAccount } from '../accounts/accounts-store';
import { wouldReserve } from '../billing/credit/would-reserve';
import { AppError } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import { money, showMoney } from '../kernel/money';
import type { E164 } from '../kernel/phone-number';
import { parseVoipNumber } from '../kernel/voip-number';
import { findVoipNumber } from '../numbers/voip-numbers-store';
import { type CallHandling, readHandling } from '../phones/call-handling';
import type { DeckPrice, LeftOutReason } from '../trunks/choose-trunks';
import { FIRST_PASS } from '../trunks/loop-guard';
import { talkCostMicros } from '../trunks/trunk-cost';
import { trunkByAddress } from '../trunks/trunks-store';
import { gatherFacts } from './call-facts';
import type { Caller } from './identify-caller';
import { type CallPlan, planCall } from './plan-call';
import { refusal, type RefusalReason, refusalReasonOf } from './refuse-call';
import { routedNumber } from './two-party/destination';
import { inboundPayment } from './two-party/pay-inbound';
import { findRoute, type Route, type RouteParts } from './two-party/find-route';
import { shownOutside } from './two-party/shown-outside';

/** The call that is asked about. */
export type AskedAbout = {
  /** A 123-voip number of ours: the call comes from one of its account's telephones. Anything else comes from `source`. */
  readonly from: string;
  readonly to: string;
  /** The network address of the caller, for calls that come from a trunk. */
  readonly source: string;
  /** When the call would be made: decides prices, in ms since 1970 UTC. */
  readonly atMs: number;
};

/** One trunk that would be asked, and why it stands where it stands. */
export type ExplainedTrunk = {
  readonly trunk: string;
  readonly by: 'cost' | 'quality' | 'emergency-order';
  /** What three minutes cost there, and what is left of the first increment; null where it cannot be said. */
  readonly threeMinutes: string | null;
  readonly firstMargin: string | null;
  readonly answeredShare: number | null;
  readonly isDead: boolean;
};

/** What would happen to a call, in words for people and programs. */
export type CallExplanation = {
  readonly caller: string;
  readonly understoodAs: string | null;
  readonly destination: string;
  readonly decision: CallPlan['kind'];
  /** Why it is refused; null when it is not. */
  readonly reason: RefusalReason | null;
  /** What the caller's side would be answered. */
  readonly sipStatus: number;
  readonly payer: string;
  /** What the payer is charged; null when nobody is. */
  readonly price: { readonly perMinute: string; readonly firstHold: string } | null;
  /** The number that is shown outside; null when the call stays in the house. */
  readonly shownNumber: string | null;
  readonly trunks: readonly ExplainedTrunk[];
  readonly leftOut: readonly { readonly trunk: string; readonly reason: LeftOutReason }[];
  /** What the called account wants done with a call that nobody answers; null when no account is rung. */
  readonly handling: CallHandling | null;
};

/**
 * Decides a call as the door would, on an idle house, without making it: the same look-ups, the same pure decisions, the same admission of who pays,
 * taken back at once.
 */
export async function explainCall(parts: RouteParts, asked: AskedAbout): Promise<CallExplanation> {
  const sql = parts.database.read;
  const caller = await callerOf(parts, asked);
  if (!caller) return unknownCaller(asked);
  const facts = await gatherFacts(
    sql,
    caller,
    { dialled: asked.to, offer: 'usable', loop: { kind: 'pass', ...FIRST_PASS }, needsUnknownPrivacy: false },
    { draining: false, liveCalls: 0, maxLiveCalls: 1 },
  );
  const plan = planCall(facts);
  const { destination } = facts;
  const goesOut = destination.kind === 'telephone' || destination.kind === 'emergency';
  const payerAccountId =
    caller.kind === 'device' && destination.kind === 'telephone' ? caller.account.id : null;
  const route =
    plan.kind === 'connect' && goesOut
      ? await findRoute(parts, { destination, payerAccountId, nowMs: asked.atMs })
      : null;
  const reason = refusalOf(plan, route) ?? (await refusedCredit(parts, plan, payerAccountId, asked));
  const shown = { number: caller.kind === 'device' ? caller.number : asked.from, isWithheld: false };
  const accountId = caller.kind === 'device' ? caller.account.id : null;
  return {
    caller: nameOf(caller, asked),
    understoodAs: routedNumber(destination),
    destination: destination.kind,
    decision: reason === null ? plan.kind : 'refuse',
    reason,
    sipStatus: reason === null ? 200 : refusal(reason).sipStatus,
    payer: payerOf(plan, reason, payerAccountId),
    price: priceOf(route?.sale ?? null),
    shownNumber: route
      ? (await shownOutside(parts, { caller: { ...shown, accountId }, accountId })).number
      : null,
    ...(route ? explainedRoute(route) : { trunks: [], leftOut: [] }),
    handling: destination.kind === 'user' ? await readHandling(sql, destination.accountId) : null,
  };
}

async function callerOf(
  { database }: RouteParts,
  { from, source }: AskedAbout,
): Promise<ExplainedCaller | null> {
  const sql = database.read;
  const own = parseVoipNumber(from);
  const accountId = own && (await findVoipNumber(sql, own))?.accountId;
  const account = accountId ? await findAccount(sql, accountId) : null;
  if (account) {
    const device = { id: 'any', accountId: account.id, name: 'any', username: '', createdAtMs: 0 };
    const proven = { ...device, state: 'active', kind: 'phone', expiresAtMs: null } as const;
    return { kind: 'device', account, device: proven, number: own };
  }
  const trunk = await trunkByAddress(sql, source);
  return trunk && { kind: 'trunk', trunk };
}

/** Guests enter their room and ask for no explanation. */
type ExplainedCaller = Exclude<Caller, { kind: 'guest' }>;

function unknownCaller({ source }: AskedAbout): CallExplanation {
  return {
    caller: `unknown: ${source} belongs to no trunk`,
    understoodAs: null,
    destination: 'not looked at',
    decision: 'refuse',
    reason: 'unknown-caller',
    // A stranger is asked who he is, whatever he wants.
    sipStatus: 401,
    payer: 'nobody: refused calls cost nothing',
    price: null,
    shownNumber: null,
    trunks: [],
    leftOut: [],
    handling: null,
  };
}

/** A call that goes out may still find no trunk. */
function refusalOf(plan: CallPlan, route: Route | null): RefusalReason | null {
  if (plan.kind === 'refuse') return plan.reason;
  return route?.choice.order.length === 0 ? 'no-route' : null;
}

/** Why whoever pays could not begin the call now: price, credit, caps, calls at once; null when he could, or nobody pays. */
async function refusedCredit(
  { database }: RouteParts,
  plan: CallPlan,
  payerAccountId: string | null,
  { atMs }: AskedAbout,
): Promise<RefusalReason | null> {
  if (plan.kind !== 'connect') return null;
  const due =
    payerAccountId !== null && plan.destination.kind === 'telephone'
      ? outwardPayment(payerAccountId, plan.destination.number)
      : inboundPayment(plan.destination);
  if (!due) return null;
  try {
    const moment = { callId: newId(atMs), startedAtMs: atMs, nowMs: atMs, nodeId: 'explain' };
    await wouldReserve(database, { ...due, ...moment });
    return null;
  } catch (error) {
    if (error instanceof AppError) return refusalReasonOf(error);
    throw error;
  }
}

function outwardPayment(payerAccountId: string, number: E164) {
  return { payerAccountId, number, direction: 'outbound', roomId: null, kind: 'call' } as const;
}

function nameOf(caller: ExplainedCaller, { source }: AskedAbout): string {
  return caller.kind === 'trunk'
    ? `trunk "${caller.trunk.name}" by its address ${source}`
    : `account "${caller.account.name}", ${caller.account.state}, by one of its telephones`;
}

function payerOf(plan: CallPlan, reason: RefusalReason | null, payerAccountId: string | null): string {
  if (reason !== null) return 'nobody: refused calls cost nothing';
  if (payerAccountId !== null) return 'the account that calls, from the answer on';
  if (plan.kind === 'menu') return 'the owner of the room that is entered, from entry on';
  if (plan.kind !== 'connect') return 'nobody: the house answers itself';
  const { destination } = plan;
  if (destination.kind === 'emergency') return 'nobody: a call for help costs nothing';
  const isDear = destination.kind === 'user' && destination.did?.rateDeckId;
  return isDear ? 'the owner of the number, from the answer on' : 'nobody: it stays in the house';
}

function priceOf(sale: DeckPrice | null): CallExplanation['price'] {
  if (!sale) return null;
  return {
    perMinute: shown(sale.pricePerMinuteMicros, sale),
    firstHold: shown(talkCostMicros(sale, 1), sale),
  };
}

function explainedRoute({ choice, trunks, sale }: Route): Pick<CallExplanation, 'trunks' | 'leftOut'> {
  const name = (trunkId: string) => trunks.get(trunkId)?.name ?? trunkId;
  const amount = (micros: number | null) => (micros === null || !sale ? null : shown(micros, sale));
  return {
    trunks: choice.order.map(({ trunkId, why }) => ({
      trunk: name(trunkId),
      by: why.by,
      threeMinutes: amount(why.comparedCostMicros),
      firstMargin: amount(why.firstMarginMicros),
      answeredShare: why.answeredShare,
      isDead: why.isDead,
    })),
    leftOut: choice.leftOut.map(({ trunkId, reason }) => ({ trunk: name(trunkId), reason })),
  };
}

function shown(micros: number, { currency }: DeckPrice): string {
  return showMoney(money(BigInt(micros), currency));
}
