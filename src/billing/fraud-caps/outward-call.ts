import { currency } from '../../kernel/money';
import type { E164 } from '../../kernel/phone-number';
import { integerOrNull, micros, type Row, type Sql, text } from '../../kernel/unit-of-work';
import type { Claim } from '../../leases/locked-places';
import { NO_NODE, noteEvents } from '../../leases/note-event';
import { countLeasesOf } from '../../leases/take-leases';
import type { DaySpending } from '../ledger/ledger-accounts';
import {
  type Caps,
  NIGHT_CALLS_WINDOW_MS,
  PREMIUM_WINDOW_MS,
  SHORT_CALL_SECONDS,
  SHORT_CALLS_WINDOW_MS,
} from './caps';
import { CapReached, DestinationClosed } from './caps-errors';
import { toCaps } from './caps-store';
import { type CallFacts, countsAtNight, judgeCall } from './judge-call';
import { dayNumber, isNight, timeZoneOf } from './local-time';
import type { NumberPlace } from './number-place';

/** A call out as the caps see it, but for its price. */
export type OutwardCall = {
  readonly caps: Caps;
  readonly facts: Omit<CallFacts, 'pricePerMinuteMicros' | 'firstBlockMicros'>;
};

type Outward = {
  readonly callId: string;
  readonly accountId: string;
  readonly number: E164;
  readonly place: NumberPlace;
  readonly nowMs: number;
  /** Its account's row, with CAPS_COLUMNS and SPENT_COLUMNS. */
  readonly row: Row;
};

const premiumScope = (accountId: string) => `premium-numbers:${accountId}`;
const shortScope = (accountId: string) => `short-calls:${accountId}`;
const nightScope = (accountId: string) => `night-calls:${accountId}`;

/** Columns and join that add the day's spending of account `a` to a SELECT. */
export const SPENT_COLUMNS = 'l.spend_day, l.day_spent_micros';
export const SPENT_JOIN = 'LEFT JOIN ledger_accounts l ON l.account_id = a.id';

/** What is known of calls out, by call id: two questions for all of them. */
export async function outwardCalls(
  sql: Sql,
  calls: readonly Outward[],
): Promise<ReadonlyMap<string, OutwardCall>> {
  if (calls.length === 0) return new Map();
  const nowMs = Math.min(...calls.map((call) => call.nowMs));
  const ids = [...new Set(calls.map(({ accountId }) => accountId))];
  const scopes = ids.flatMap((id) => [premiumScope(id), shortScope(id), nightScope(id)]);
  const counts = await countLeasesOf(sql, scopes, nowMs);
  const known = await knownOf(sql, ids, { numbers: calls.map(({ number }) => number), nowMs });
  return new Map(calls.map((call) => [call.callId, toOutwardCall(call, counts, known)]));
}

/** Countries that are open to accounts, and premium numbers that they have called, each as `<account> <country or number>`. */
async function knownOf(
  sql: Sql,
  accountIds: readonly string[],
  { numbers, nowMs }: { readonly numbers: readonly E164[]; readonly nowMs: number },
): Promise<ReadonlySet<string>> {
  const scopes = accountIds.map(premiumScope);
  const rows = await sql.all(
    `SELECT account_id AS owner, country AS what FROM opened_countries
       WHERE account_id IN (${marks(accountIds)}) AND open_until_ms > ?
     UNION ALL SELECT scope, holder_id FROM leases
       WHERE holder_id IN (${marks(numbers)}) AND scope IN (${marks(scopes)}) AND expires_at_ms > ?`,
    [...accountIds, nowMs, ...numbers, ...scopes, nowMs],
  );
  return new Set(rows.map((row) => `${text(row.owner)} ${text(row.what)}`));
}

function toOutwardCall(
  { accountId, number, place, nowMs, row }: Outward,
  counts: ReadonlyMap<string, number>,
  known: ReadonlySet<string>,
): OutwardCall {
  const caps = toCaps(row, currency(text(row.currency)));
  const zone = timeZoneOf(caps);
  const isToday = (integerOrNull(row.spend_day) ?? 0) >= dayNumber(nowMs, zone);
  const premiumNumbers = counts.get(premiumScope(accountId)) ?? 0;
  return {
    caps,
    facts: {
      place,
      daySpentMicros: isToday ? micros(row.day_spent_micros) : 0n,
      isOpened: known.has(`${accountId} ${place.country}`),
      otherPremiumNumbers: premiumNumbers - (known.has(`${premiumScope(accountId)} ${number}`) ? 1 : 0),
      shortCalls: counts.get(shortScope(accountId)) ?? 0,
      isNight: isNight(nowMs, zone),
      nightCalls: counts.get(nightScope(accountId)) ?? 0,
    },
  };
}

/** Why the caps do not let a call of this price begin; null when they do. */
export function capAgainst(
  accountId: string,
  { caps, facts }: OutwardCall,
  price: Pick<CallFacts, 'pricePerMinuteMicros' | 'firstBlockMicros'>,
): CapReached | DestinationClosed | null {
  const verdict = judgeCall({ ...facts, ...price }, caps);
  if (verdict.allowed) return null;
  if (verdict.cap === 'destination') return new DestinationClosed(accountId, facts.place.country);
  return new CapReached(accountId, verdict.cap);
}

/** Claims by which a call is counted where it is counted by its beginning, each with the cap that it runs into when there is no place. */
export function countedBeginnings(
  { caps, facts }: OutwardCall,
  call: {
    readonly accountId: string;
    readonly callId: string;
    readonly number: E164;
    readonly nowMs: number;
  },
): readonly { readonly cap: 'premium-numbers' | 'night-calls'; readonly claim: Claim }[] {
  const { accountId, callId, number, nowMs } = call;
  const atNight = {
    holderId: `night:${callId}`,
    nodeId: NO_NODE,
    scope: nightScope(accountId),
    limit: caps.nightCallsPerHour,
    expiresAtMs: nowMs + NIGHT_CALLS_WINDOW_MS,
  };
  const premium = {
    holderId: number,
    nodeId: NO_NODE,
    scope: premiumScope(accountId),
    limit: caps.premiumNumbersPerDay,
    expiresAtMs: nowMs + PREMIUM_WINDOW_MS,
  };
  return [
    ...(countsAtNight(facts, caps) ? [{ cap: 'night-calls', claim: atNight } as const] : []),
    ...(facts.place.isPremium ? [{ cap: 'premium-numbers', claim: premium } as const] : []),
  ];
}

/** An ended call out. */
export type EndedCall = {
  readonly accountId: string;
  readonly cdrId: string;
  readonly talkSeconds: number;
  readonly endedAtMs: number;
};

/** Counts those ended calls out that were of the kind that robots make. */
export function countEnds(sql: Sql, calls: readonly EndedCall[]): Promise<void> {
  const short = calls.filter(({ talkSeconds }) => talkSeconds >= 1 && talkSeconds <= SHORT_CALL_SECONDS);
  return noteEvents(
    sql,
    short.map(({ accountId, cdrId, endedAtMs }) => ({
      id: `short:${cdrId}`,
      scope: shortScope(accountId),
      untilMs: endedAtMs + SHORT_CALLS_WINDOW_MS,
    })),
  );
}

/** What the account may spend on the day of a moment. */
export function spendingOf(caps: Caps, nowMs: number): DaySpending {
  return { day: dayNumber(nowMs, timeZoneOf(caps)), capMicros: caps.maxDayCostMicros };
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
