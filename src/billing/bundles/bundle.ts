/** How often a bundle's seconds come anew. `once`: they do not. */
export const BUNDLE_PERIODS = ['once', 'day', 'month'] as const;

export type BundlePeriod = (typeof BUNDLE_PERIODS)[number];

/** Seconds of talk to some numbers that are paid already. Never changed once granted; `endBundle` shortens its validity. */
export type Bundle = {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly secondsPerPeriod: number;
  readonly period: BundlePeriod;
  /** Of two that fit a number the lower is used first; then the longer prefix, then the one that ends sooner. */
  readonly priority: number;
  readonly validFromMs: number;
  /** Not valid any more from this moment on. */
  readonly validUntilMs: number;
  /** Digits that the numbers begin with, without a plus. */
  readonly prefixes: readonly string[];
};

/** Seconds of one bundle's period that are kept aside for a call or were used by it. */
export type IncludedPart = {
  readonly bundleId: string;
  readonly periodStartMs: number;
  readonly seconds: number;
};

/** A bundle that fits a call, and what is left of its period. */
export type UsableBundle = {
  readonly bundleId: string;
  readonly periodStartMs: number;
  readonly leftSeconds: number;
};

/** When the period of a moment began: the day or month of UTC, or for `once` the start of validity. Pure. */
export function periodStartMs(bundle: Pick<Bundle, 'period' | 'validFromMs'>, atMs: number): number {
  if (bundle.period === 'once') return bundle.validFromMs;
  const at = new Date(atMs);
  const day = bundle.period === 'day' ? at.getUTCDate() : 1;
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), day);
}

/** What each bundle gives to `seconds` of talk, in their order, as far as they last. Pure. */
export function shareOut(bundles: readonly UsableBundle[], seconds: number): readonly IncludedPart[] {
  const parts: IncludedPart[] = [];
  let missing = seconds;
  for (const { bundleId, periodStartMs: startMs, leftSeconds } of bundles) {
    const given = Math.min(missing, leftSeconds);
    if (given > 0) parts.push({ bundleId, periodStartMs: startMs, seconds: given });
    missing -= given;
  }
  return parts;
}

/** Two sets of parts as one; the order of the first is kept. Pure. */
export function addParts(
  before: readonly IncludedPart[],
  more: readonly IncludedPart[],
): readonly IncludedPart[] {
  const sum = new Map<string, IncludedPart>();
  for (const part of [...before, ...more]) {
    const key = `${part.bundleId} ${part.periodStartMs}`;
    sum.set(key, { ...part, seconds: part.seconds + (sum.get(key)?.seconds ?? 0) });
  }
  return [...sum.values()];
}

/** The first `seconds` of the parts: what a call used of what was kept aside for it. Pure. */
export function firstSeconds(parts: readonly IncludedPart[], seconds: number): readonly IncludedPart[] {
  return shareOut(
    parts.map((part) => ({ ...part, leftSeconds: part.seconds })),
    seconds,
  );
}

export function secondsOf(parts: readonly IncludedPart[]): number {
  return parts.reduce((sum, part) => sum + part.seconds, 0);
}

/** Parts as a hold keeps them. */
export function partsText(parts: readonly IncludedPart[]): string | null {
  return parts.length === 0 ? null : JSON.stringify(parts);
}

export function readParts(kept: string | null): readonly IncludedPart[] {
  return kept === null ? [] : (JSON.parse(kept) as readonly IncludedPart[]);
}
