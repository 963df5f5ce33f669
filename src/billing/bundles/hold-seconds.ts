import { DuplicateKey, integer, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { MAX_PREFIX_DIGITS } from '../rating/rate';
import { type BundlePeriod, type IncludedPart, periodStartMs, shareOut, type UsableBundle } from './bundle';

export type SecondsWanted = {
  readonly accountId: string;
  /** Digits of the number that is called, without the plus. */
  readonly digits: string;
  readonly seconds: number;
  readonly nowMs: number;
};

/**
 * Keeps aside up to `seconds` of the account's bundles that fit the number, those to be used first first; as many as there are. Two
 * calls never get the same second: the periods' rows are locked in the order of their ids, and each taking is conditional.
 */
export async function holdSeconds(sql: Sql, wanted: SecondsWanted): Promise<readonly IncludedPart[]> {
  if (wanted.seconds <= 0) return [];
  const fitting = await fittingBundles(sql, wanted);
  if (fitting.length === 0) return [];
  const left = new Map<string, number>();
  for (const bundle of fitting.toSorted((a, b) => (a.bundleId < b.bundleId ? -1 : 1)))
    left.set(bundle.bundleId, await lockLeftSeconds(sql, bundle));
  const parts = shareOut(
    fitting.map((bundle): UsableBundle => ({ ...bundle, leftSeconds: left.get(bundle.bundleId) ?? 0 })),
    wanted.seconds,
  );
  for (const part of parts) {
    const limit = fitting.find(({ bundleId }) => bundleId === part.bundleId)?.secondsPerPeriod ?? 0;
    const changed = await sql.run(
      `UPDATE bundle_periods SET held_seconds = held_seconds + ?
       WHERE bundle_id = ? AND period_start_ms = ? AND held_seconds + used_seconds + ? <= ?`,
      [part.seconds, part.bundleId, part.periodStartMs, part.seconds, limit],
    );
    if (changed !== 1) throw new Error(`bundle ${part.bundleId} moved while it was locked`);
  }
  return parts;
}

/** Ends what was kept aside for a call: what it used is used, the rest is free again. `used` are the first seconds of `held`. */
export async function settleSeconds(
  sql: Sql,
  { held, used }: { readonly held: readonly IncludedPart[]; readonly used: readonly IncludedPart[] },
): Promise<void> {
  for (const part of held.toSorted((a, b) => (a.bundleId < b.bundleId ? -1 : 1))) {
    const usedSeconds =
      used.find((one) => one.bundleId === part.bundleId && one.periodStartMs === part.periodStartMs)
        ?.seconds ?? 0;
    const changed = await sql.run(
      `UPDATE bundle_periods SET held_seconds = held_seconds - ?, used_seconds = used_seconds + ?
       WHERE bundle_id = ? AND period_start_ms = ? AND held_seconds >= ?`,
      [part.seconds, usedSeconds, part.bundleId, part.periodStartMs, part.seconds],
    );
    if (changed !== 1)
      throw new Error(`bundle ${part.bundleId} holds less than the ${part.seconds} s to settle`);
  }
}

type FittingBundle = {
  readonly bundleId: string;
  readonly periodStartMs: number;
  readonly secondsPerPeriod: number;
};

async function fittingBundles(
  sql: Sql,
  { accountId, digits, nowMs }: SecondsWanted,
): Promise<readonly FittingBundle[]> {
  const prefixes = Array.from({ length: Math.min(digits.length, MAX_PREFIX_DIGITS) }, (_, n) =>
    digits.slice(0, n + 1),
  );
  const rows = await sql.all(
    `SELECT b.id, b.seconds_per_period, b.period, b.valid_from_ms, MAX(LENGTH(p.prefix)) AS prefix_length
     FROM bundles b JOIN bundle_prefixes p ON p.bundle_id = b.id
     WHERE b.account_id = ? AND b.valid_from_ms <= ? AND b.valid_until_ms > ?
       AND p.prefix IN (${prefixes.map(() => '?').join(', ')})
     GROUP BY b.id, b.seconds_per_period, b.period, b.valid_from_ms, b.priority, b.valid_until_ms
     ORDER BY b.priority, prefix_length DESC, b.valid_until_ms, b.id`,
    [accountId, nowMs, nowMs, ...prefixes],
  );
  return rows.map((row) => ({
    bundleId: text(row.id),
    periodStartMs: startOf(row, nowMs),
    secondsPerPeriod: integer(row.seconds_per_period),
  }));
}

function startOf(row: Row, nowMs: number): number {
  return periodStartMs(
    { period: text(row.period) as BundlePeriod, validFromMs: integer(row.valid_from_ms) },
    nowMs,
  );
}

async function lockLeftSeconds(sql: Sql, bundle: FittingBundle): Promise<number> {
  const lock = () =>
    sql.all(
      `SELECT held_seconds, used_seconds FROM bundle_periods WHERE bundle_id = ? AND period_start_ms = ?${sql.forUpdate}`,
      [bundle.bundleId, bundle.periodStartMs],
    );
  let [row] = await lock();
  if (!row) {
    await openPeriod(sql, bundle);
    [row] = await lock();
  }
  return bundle.secondsPerPeriod - integer(row?.held_seconds) - integer(row?.used_seconds);
}

async function openPeriod(sql: Sql, { bundleId, periodStartMs: startMs }: FittingBundle): Promise<void> {
  try {
    await sql.run(
      'INSERT INTO bundle_periods (bundle_id, period_start_ms, held_seconds, used_seconds) VALUES (?, ?, 0, 0)',
      [bundleId, startMs],
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}
