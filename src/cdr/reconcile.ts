import type { ClosedLeg } from './cdr';
import type { SwitchLeg } from './switch-leg';

/** The most that two honest clocks and a few messages between them may differ. */
export const TOLERANCE_MS = 1_000;

/** The house's last prompt is spoken, and BYE confirmed, after our record has ended: the switch's leg lasts longer by up to this. */
const LAST_WORDS_MS = 15_000;

/** The longest that a leg may be silent before it counts as lost: one that only listens. On hold and while it speaks it is less. */
const LONGEST_SILENCE_MS = 4 * 3_600_000;

/** In which way the two records of one leg differ. */
export const DIFFERENCE_KINDS = [
  'duration',
  'answered',
  'missing-in-switch',
  'missing-in-ours',
  'doubled-in-switch',
  'doubled-in-ours',
] as const;

export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** What of our record is compared. */
export type OurLeg = Pick<
  ClosedLeg,
  'cdrId' | 'direction' | 'startedAtMs' | 'answeredAtMs' | 'endedAtMs' | 'result' | 'endedBy'
>;

export type Difference = {
  readonly kind: DifferenceKind;
  readonly cdrId: string;
  /** The switch's leg; null when it has none. */
  readonly legId: string | null;
  /** What differs, with units in the names. */
  readonly facts: Readonly<Record<string, string | number>>;
};

/**
 * Compares our records of answered legs with what the switch says of them. The measure is end minus answer on either side, so that two
 * machines' clocks need not agree. The switch's leg begins when it answers us and ends when we let it go, hence:
 * - the switch answers us before anybody rings, so it may be longer by the time until the answer, whoever called;
 * - when the house or a moderator ends a call, its last words come after our end: up to 15 s longer;
 * - `media-lost` ends in our record with the last packet, on the switch when the silence is too long: longer by that, and so is whoever talked
 *   with the lost one, whose record ends with his;
 * - a call that `failed` by the network has lost its SIP server, over which the switch's leg would be let go: longer by the time-out too;
 * - `crashed` ends in our record with the last proof of life: longer by anything.
 * In no case may the switch's leg be shorter by more than a second. Legs that we never answered are not compared.
 */
export function reconcile(
  ours: readonly OurLeg[],
  switchLegs: readonly SwitchLeg[],
  rules: { readonly rtpTimeoutMs: number },
): readonly Difference[] {
  const bySwitch = groupedByCdr(switchLegs);
  const byUs = groupedByCdr(ours);
  const differences: Difference[] = [];
  for (const [cdrId, [leg, ...more]] of byUs) {
    if (more.length > 0)
      differences.push({ kind: 'doubled-in-ours', cdrId, legId: null, facts: { records: more.length + 1 } });
    if (leg) differences.push(...compare(leg, bySwitch.get(cdrId) ?? [], rules));
  }
  for (const [cdrId, legs] of bySwitch) if (!byUs.has(cdrId)) differences.push(...legs.map(missingInOurs));
  return differences;
}

function compare(
  ours: OurLeg,
  switchLegs: readonly SwitchLeg[],
  rules: { readonly rtpTimeoutMs: number },
): readonly Difference[] {
  const { cdrId, answeredAtMs } = ours;
  if (answeredAtMs === null) return [];
  const oursMs = ours.endedAtMs - answeredAtMs;
  const [theirs, ...more] = switchLegs;
  if (!theirs)
    return [{ kind: 'missing-in-switch', cdrId, legId: null, facts: { oursMs, result: ours.result } }];
  if (more.length > 0)
    return [{ kind: 'doubled-in-switch', cdrId, legId: theirs.legId, facts: { legs: more.length + 1 } }];
  const { legId, hangupCause } = theirs;
  if (theirs.answeredAtMs === null)
    return [{ kind: 'answered', cdrId, legId, facts: { oursMs, hangupCause } }];
  const switchMs = theirs.endedAtMs - theirs.answeredAtMs;
  const longerMs = switchMs - oursMs;
  const allowedMs = mayBeLongerMs(ours, answeredAtMs, rules.rtpTimeoutMs);
  if (longerMs >= -TOLERANCE_MS && longerMs <= allowedMs + TOLERANCE_MS) return [];
  const facts = { oursMs, switchMs, longerMs, result: ours.result, hangupCause };
  return [{ kind: 'duration', cdrId, legId, facts }];
}

/** By how much the switch's leg is longer than ours when both are right, beyond the tolerance. */
function mayBeLongerMs(ours: OurLeg, answeredAtMs: number, rtpTimeoutMs: number): number {
  if (ours.result === 'crashed') return Number.POSITIVE_INFINITY;
  const before = answeredAtMs - ours.startedAtMs;
  if (ours.endedBy === 'network' && ours.result === 'media-lost') return before + LONGEST_SILENCE_MS;
  if (ours.endedBy === 'network' && ours.result === 'failed') return before + rtpTimeoutMs;
  return ours.endedBy === 'house' || ours.endedBy === 'moderator' ? before + LAST_WORDS_MS : before;
}

function missingInOurs(leg: SwitchLeg): Difference {
  const switchMs = leg.answeredAtMs === null ? 0 : leg.endedAtMs - leg.answeredAtMs;
  const { cdrId, legId, hangupCause } = leg;
  return { kind: 'missing-in-ours', cdrId, legId, facts: { switchMs, hangupCause } };
}

function groupedByCdr<T extends { readonly cdrId: string }>(
  legs: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const leg of legs) {
    const group = groups.get(leg.cdrId);
    if (group) group.push(leg);
    else groups.set(leg.cdrId, [leg]);
  }
  return groups;
}
