/** RFC 3261 section 8.1.1.6. */
export const USUAL_MAX_FORWARDS = 70;
/** Header in which a call says how often it went through a service like this. Carriers may drop it, so it is one guard of several. */
export const HOPS_HEADER = 'X-Voip-Hops';
/** Times that a call may go through a service like this: a forward, a carrier and back again are three. */
export const MAX_HOPS = 5;
/** Legs with one caller and one number at once; a loop that hides every trace of itself still shows the same two. */
export const MAX_SAME_LEGS = 10;

/** What an INVITE shows of where it has been. */
export type LoopFacts = {
  /** Value of Max-Forwards as it came; null: there is none. */
  readonly maxForwards: string | null;
  /** Value of HOPS_HEADER as it came; null: there is none. */
  readonly hops: string | null;
  /** Live legs with the same caller and the same number. */
  readonly sameLegs: number;
};

/** What the onward legs of a call say of where it has been. */
export type Onward = { readonly maxForwards: number; readonly hops: number };

/** Of a call that begins here. */
export const FIRST_PASS: Onward = { maxForwards: USUAL_MAX_FORWARDS, hops: 1 };

export type LoopVerdict =
  | ({ readonly kind: 'pass' } & Onward)
  /** 482 Loop Detected or 483 Too Many Hops. */
  | {
      readonly kind: 'refuse';
      readonly status: 482 | 483;
      readonly reason: 'too-many-passes' | 'same-legs' | 'no-forwards-left';
    };

/** Whether a call goes in circles; if not, what its onward legs are to say. A header that cannot be read counts as the worst it could be. */
export function loopGuard(facts: LoopFacts): LoopVerdict {
  const maxForwards = counted(facts.maxForwards, USUAL_MAX_FORWARDS, 0);
  const hops = counted(facts.hops, 0, MAX_HOPS);
  if (hops >= MAX_HOPS) return { kind: 'refuse', status: 482, reason: 'too-many-passes' };
  if (facts.sameLegs >= MAX_SAME_LEGS) return { kind: 'refuse', status: 482, reason: 'same-legs' };
  if (maxForwards <= 0) return { kind: 'refuse', status: 483, reason: 'no-forwards-left' };
  return { kind: 'pass', maxForwards: Math.min(maxForwards, USUAL_MAX_FORWARDS) - 1, hops: hops + 1 };
}

function counted(value: string | null, missing: number, unreadable: number): number {
  if (value === null) return missing;
  return /^\s*\d{1,5}\s*$/.test(value) ? Number(value) : unreadable;
}

/** The headers by which onward legs say it. */
export function onwardHeaders({ maxForwards, hops }: Onward): Readonly<Record<string, string>> {
  return { 'Max-Forwards': String(maxForwards), [HOPS_HEADER]: String(hops) };
}
