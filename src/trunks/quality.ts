import { integer, type Sql, text } from '../kernel/unit-of-work';

/** How the calls of a trunk went in a window of time. */
export type TrunkQuality = {
  readonly attempts: number;
  readonly answered: number;
  /** Answer-seizure ratio (ITU-T E.425), 0 to 1; null without a call. Calls that the caller gave up count as not answered. */
  readonly answeredShare: number | null;
  /** Average seconds of talk of answered calls (ACD); null without one. */
  readonly talkSeconds: number | null;
  /** Average time from asking to ringing (PDD); null when none rang. */
  readonly ringDelayMs: number | null;
};

/** One call that was tried over a trunk. Times are milliseconds since 1970 UTC. */
export type TrunkAttempt = {
  readonly startedAtMs: number;
  readonly ringingAtMs: number | null;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number;
};

/** A window is cut into so many parts; it moves on by one of them. */
const PARTS = 12;
/** The usual window. */
export const QUALITY_WINDOW_MS = 15 * 60_000;

type Sums = {
  readonly attempts: number;
  readonly answered: number;
  readonly talkMs: number;
  readonly rang: number;
  readonly ringDelayMs: number;
};

const NOTHING: Sums = { attempts: 0, answered: 0, talkMs: 0, rang: 0, ringDelayMs: 0 };

/** The calls of one trunk in the last while, by parts of the window; a value that is never changed. */
export type QualityWindow = {
  readonly windowMs: number;
  readonly parts: readonly { readonly index: number; readonly sums: Sums }[];
};

/** A window without a call. */
export function emptyWindow(windowMs = QUALITY_WINDOW_MS): QualityWindow {
  return { windowMs, parts: [] };
}

/** The window with one more call, which counts from its end on; what has left the window is dropped. */
export function withAttempt(window: QualityWindow, attempt: TrunkAttempt): QualityWindow {
  const index = partOf(window, attempt.endedAtMs);
  const newest = Math.max(index, ...window.parts.map((part) => part.index));
  const kept = window.parts.filter((part) => part.index > newest - PARTS);
  if (index <= newest - PARTS) return { ...window, parts: kept };
  const before = kept.find((part) => part.index === index)?.sums ?? NOTHING;
  const others = kept.filter((part) => part.index !== index);
  return { ...window, parts: [...others, { index, sums: added(before, sumsOf(attempt)) }] };
}

/** The figures of the window that ends now. */
export function qualityOf(window: QualityWindow, nowMs: number): TrunkQuality {
  const newest = partOf(window, nowMs);
  const counted = window.parts.filter(({ index }) => index > newest - PARTS && index <= newest);
  return toQuality(counted.reduce((sums, part) => added(sums, part.sums), NOTHING));
}

/** The same from the CDRs of calls that went out between two moments, by trunk: for a start, and for who asks about the past. */
export async function qualityFromCdrs(
  sql: Sql,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<ReadonlyMap<string, TrunkQuality>> {
  const rows = await sql.all(
    `SELECT trunk_id, COUNT(*) AS attempts, COUNT(answered_at_ms) AS answered, COUNT(ringing_at_ms) AS rang,
       COALESCE(SUM(CASE WHEN answered_at_ms IS NOT NULL THEN ended_at_ms - answered_at_ms END), 0) AS talk_ms,
       COALESCE(SUM(CASE WHEN ringing_at_ms IS NOT NULL THEN ringing_at_ms - started_at_ms END), 0) AS ring_delay_ms
     FROM cdrs WHERE direction = 'outbound' AND trunk_id IS NOT NULL AND started_at_ms >= ? AND started_at_ms < ?
     GROUP BY trunk_id`,
    [fromMs, toMs],
  );
  return new Map(
    rows.map((row) => [
      text(row.trunk_id),
      toQuality({
        attempts: integer(row.attempts),
        answered: integer(row.answered),
        rang: integer(row.rang),
        talkMs: integer(row.talk_ms),
        ringDelayMs: integer(row.ring_delay_ms),
      }),
    ]),
  );
}

function partOf({ windowMs }: QualityWindow, atMs: number): number {
  return Math.floor(atMs / (windowMs / PARTS));
}

function sumsOf({ startedAtMs, ringingAtMs, answeredAtMs, endedAtMs }: TrunkAttempt): Sums {
  return {
    attempts: 1,
    answered: answeredAtMs === null ? 0 : 1,
    talkMs: answeredAtMs === null ? 0 : Math.max(0, endedAtMs - answeredAtMs),
    rang: ringingAtMs === null ? 0 : 1,
    ringDelayMs: ringingAtMs === null ? 0 : Math.max(0, ringingAtMs - startedAtMs),
  };
}

function added(left: Sums, right: Sums): Sums {
  return {
    attempts: left.attempts + right.attempts,
    answered: left.answered + right.answered,
    talkMs: left.talkMs + right.talkMs,
    rang: left.rang + right.rang,
    ringDelayMs: left.ringDelayMs + right.ringDelayMs,
  };
}

function toQuality({ attempts, answered, talkMs, rang, ringDelayMs }: Sums): TrunkQuality {
  return {
    attempts,
    answered,
    answeredShare: attempts === 0 ? null : answered / attempts,
    talkSeconds: answered === 0 ? null : talkMs / answered / 1_000,
    ringDelayMs: rang === 0 ? null : ringDelayMs / rang,
  };
}
