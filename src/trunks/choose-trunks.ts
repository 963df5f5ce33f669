import type { Currency } from '../kernel/money';
import type { TrunkQuality } from './quality';
import type { OutwardTrunk } from './trunk';
import { COMPARED_SECONDS, talkCostMicros, type TrunkCost } from './trunk-cost';

/** Calls that a trunk must have been tried with before its figures say something. */
export const LEAST_ATTEMPTS = 20;
/** What a trunk that is not known well is taken for: the answered share that is usual for calls to telephones. */
const USUAL_ANSWERED_SHARE = 0.5;
/** Answered shares closer than this are the same: the cheaper trunk comes first then. */
const SHARE_STEP = 0.05;

/** The price of a call's prefix in one deck. */
export type DeckPrice = TrunkCost & { readonly currency: Currency };

/** A trunk that could take the call, and what is known of it now. */
export type Candidate = {
  readonly trunk: OutwardTrunk;
  /** What its deck says for the longest prefix of the number; null: its deck has none, or it has no deck. */
  readonly cost: DeckPrice | null;
  readonly alive: boolean;
  /** How its calls went lately; null: nobody counted. */
  readonly quality: TrunkQuality | null;
};

/** What must be earned on the first second of talk: an amount, or a share of what the caller pays. */
export type MarginFloor = { readonly micros: number } | { readonly shareOfSale: number };

export type ChoiceFacts = {
  /** Digits of the number without a plus, or the emergency number. */
  readonly digits: string;
  readonly candidates: readonly Candidate[];
  /** What the caller pays; null: the call has no price. */
  readonly sale: DeckPrice | null;
  readonly mode: 'cost' | 'quality';
  /** Null: any margin will do, also none. */
  readonly marginFloor: MarginFloor | null;
  /** What the caller's side insists on. */
  readonly needs: { readonly srtp: boolean; readonly tls: boolean };
  /** An emergency call and the country it is from (ISO 3166-1 alpha-2, null: unknown); null: any other call. */
  readonly emergency: { readonly country: string | null } | null;
  /** One number from 0 to 1 for each candidate, drawn for this call: it orders equal ones by their weights. */
  readonly lots: readonly number[];
};

/** Why a trunk is not asked. */
export type LeftOutReason =
  | 'disabled'
  | 'dead'
  | 'prefix-not-allowed'
  | 'prefix-blocked'
  | 'no-srtp'
  | 'no-tls'
  | 'no-rate'
  | 'margin-unknown'
  | 'below-margin'
  | 'not-for-emergency';

/** Why a trunk stands where it stands. Amounts are micros: of three minutes, and of the first second. */
export type RankReason = {
  readonly by: 'cost' | 'quality' | 'emergency-order';
  /** What a call of three minutes costs there; null: not known, so it comes after those that are. */
  readonly comparedCostMicros: number | null;
  readonly firstMarginMicros: number | null;
  readonly answeredShare: number | null;
  readonly isDead: boolean;
};

export type Choice = {
  /** In the order in which they are to be asked. */
  readonly order: readonly { readonly trunkId: string; readonly why: RankReason }[];
  readonly leftOut: readonly { readonly trunkId: string; readonly reason: LeftOutReason }[];
};

type Ranked = { readonly candidate: Candidate; readonly why: RankReason; readonly draw: number };

/**
 * The trunks for a call, in order, and why the others are not asked. Emergency calls go by their own order: neither prices nor lists nor
 * wishes hold them back, and dead trunks are tried last.
 */
export function chooseTrunks(facts: ChoiceFacts): Choice {
  if (facts.emergency) return chooseForEmergency(facts, facts.emergency.country);
  const judged = facts.candidates.map((candidate, index) => ({
    candidate,
    draw: weightedDraw(candidate.trunk.outward.weight, facts.lots[index] ?? 0.5),
    reason: reasonAgainst(facts, candidate),
  }));
  const ranked = judged
    .filter(({ reason }) => reason === null)
    .map(({ candidate, draw }): Ranked => ({ candidate, draw, why: rankReason(facts, candidate) }))
    .toSorted(facts.mode === 'quality' ? byQuality : byCost);
  return {
    order: ranked.map(({ candidate, why }) => ({ trunkId: candidate.trunk.id, why })),
    leftOut: judged.flatMap(({ candidate, reason }) =>
      reason === null ? [] : [{ trunkId: candidate.trunk.id, reason }],
    ),
  };
}

function chooseForEmergency({ candidates }: ChoiceFacts, country: string | null): Choice {
  const positionOf = ({ trunk: { outward, country: own } }: Candidate): number | null => {
    const serves = country === null || outward.emergency?.countries.includes(country);
    if (outward.emergency && serves) return outward.emergency.position;
    // Better a carrier that nobody named for it than none; one of another country would reach the wrong help.
    return own === null || own === country ? Number.MAX_SAFE_INTEGER : null;
  };
  const active = candidates.filter(({ trunk }) => trunk.state === 'active');
  const ranked = active
    .flatMap((candidate) => {
      const position = positionOf(candidate);
      return position === null ? [] : [{ candidate, position }];
    })
    .toSorted(
      (left, right) =>
        Number(right.candidate.alive) - Number(left.candidate.alive) ||
        left.position - right.position ||
        (left.candidate.trunk.id < right.candidate.trunk.id ? -1 : 1),
    );
  return {
    order: ranked.map(({ candidate }) => ({
      trunkId: candidate.trunk.id,
      why: {
        by: 'emergency-order',
        comparedCostMicros: null,
        firstMarginMicros: null,
        answeredShare: null,
        isDead: !candidate.alive,
      },
    })),
    leftOut: candidates.flatMap((candidate) => {
      const reason = candidate.trunk.state !== 'active' ? 'disabled' : 'not-for-emergency';
      return ranked.some((one) => one.candidate === candidate)
        ? []
        : [{ trunkId: candidate.trunk.id, reason }];
    }),
  };
}

/** The first thing that speaks against a trunk; what an operator set comes before what was found out. */
function reasonAgainst(facts: ChoiceFacts, candidate: Candidate): LeftOutReason | null {
  const { trunk, cost } = candidate;
  const { outward } = trunk;
  const begins = (prefix: string) => facts.digits.startsWith(prefix);
  if (trunk.state !== 'active') return 'disabled';
  if (outward.allowPrefixes.length > 0 && !outward.allowPrefixes.some(begins)) return 'prefix-not-allowed';
  if (outward.blockPrefixes.some(begins)) return 'prefix-blocked';
  if (facts.needs.tls && outward.transport !== 'tls') return 'no-tls';
  if (facts.needs.srtp && outward.srtp === 'never') return 'no-srtp';
  if (outward.costDeckId !== null && cost === null) return 'no-rate';
  if (!candidate.alive) return 'dead';
  return marginReason(facts, candidate);
}

function marginReason(facts: ChoiceFacts, candidate: Candidate): LeftOutReason | null {
  const { marginFloor, sale } = facts;
  if (marginFloor === null) return null;
  const margin = firstMarginMicros(facts, candidate);
  if (margin === null || sale === null) return 'margin-unknown';
  const least =
    'micros' in marginFloor ? marginFloor.micros : marginFloor.shareOfSale * talkCostMicros(sale, 1);
  return margin < least ? 'below-margin' : null;
}

/** What is earned when the callee hangs up at once: the first increments of both sides. Null when it cannot be said in one currency. */
function firstMarginMicros({ sale }: ChoiceFacts, { cost }: Candidate): number | null {
  if (sale === null || cost === null || sale.currency !== cost.currency) return null;
  return talkCostMicros(sale, 1) - talkCostMicros(cost, 1);
}

function rankReason(facts: ChoiceFacts, candidate: Candidate): RankReason {
  const { cost, quality } = candidate;
  // Amounts of two currencies are not compared: a cost in another than the sale's counts as not known.
  const comparable = cost !== null && (facts.sale === null || cost.currency === facts.sale.currency);
  return {
    by: facts.mode,
    comparedCostMicros: comparable ? talkCostMicros(cost, COMPARED_SECONDS) : null,
    firstMarginMicros: firstMarginMicros(facts, candidate),
    answeredShare: quality !== null && quality.attempts >= LEAST_ATTEMPTS ? quality.answeredShare : null,
    isDead: false,
  };
}

function byCost(left: Ranked, right: Ranked): number {
  const [one, other] = [left.why.comparedCostMicros, right.why.comparedCostMicros];
  if (one !== other) return (one ?? Number.POSITIVE_INFINITY) - (other ?? Number.POSITIVE_INFINITY);
  return left.draw - right.draw;
}

/** Who answers more comes first (ASR); then who is talked with longer (ACD), who rings sooner (PDD), who is cheaper. */
function byQuality(left: Ranked, right: Ranked): number {
  const steps = ({ why }: Ranked) => Math.round((why.answeredShare ?? USUAL_ANSWERED_SHARE) / SHARE_STEP);
  return (
    steps(right) - steps(left) ||
    known(right, ({ talkSeconds }) => talkSeconds) - known(left, ({ talkSeconds }) => talkSeconds) ||
    known(left, ({ ringDelayMs }) => ringDelayMs) - known(right, ({ ringDelayMs }) => ringDelayMs) ||
    byCost(left, right)
  );
}

/** A figure in steps of a tenth of its size, so that chance differences do not outweigh the price; 0 when it is not known well. */
function known({ candidate: { quality } }: Ranked, figure: (quality: TrunkQuality) => number | null): number {
  if (quality === null || quality.attempts < LEAST_ATTEMPTS) return 0;
  const value = figure(quality);
  return value === null || value <= 0 ? 0 : Math.round(Math.log(value) / Math.log(1.1));
}

/** Efraimidis and Spirakis (2006): sorted by this, heavier ones are first in the share of their weights. */
function weightedDraw(weight: number, lot: number): number {
  return -Math.log(Math.max(lot, Number.MIN_VALUE)) / weight;
}
