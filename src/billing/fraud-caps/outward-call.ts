import type { Currency } from '../../kernel/money';
import type { E164 } from '../../kernel/phone-number';
import { integer, integerOrNull, micros, type Row, type Sql, type SqlValue } from '../../kernel/unit-of-work';
import { LimitReached } from '../../leases/lease';
import { NO_NODE, noteEvents } from '../../leases/note-event';
import { takeLeases } from '../../leases/take-leases';
import type { DaySpending } from '../ledger/ledger-accounts';
import {
  type Caps,
  NIGHT_CALLS_WINDOW_MS,
  PREMIUM_WINDOW_MS,
  SHORT_CALL_SECONDS,
  SHORT_CALLS_WINDOW_MS,
} from './caps';
import { CapReached, DestinationClosed } from './caps-errors';
import { CAPS_COLUMNS, CAPS_JOINS, toCaps } from './caps-store';
import { type CallFacts, countsAtNight, judgeCall } from './judge-call';
import { dayNumber, isNight, timeZoneOf } from './local-time';
import type { NumberPlace } from './number-place';

/** A call out as the caps see it, but for its price. */
export type OutwardCall = {
  readonly caps: Caps;
  readonly facts: Omit<CallFacts, 'pricePerMinuteMicros' | 'firstBlockMicros'>;
};

type Outward = {
  readonly accountId: string;
  readonly number: E164;
  readonly place: NumberPlace;
  readonly nowMs: number;
};

const premiumScope = (accountId: string) => `premium-numbers:${accountId}`;
const shortScope = (accountId: string) => `short-calls:${accountId}`;
const nightScope = (accountId: string) => `night-calls:${accountId}`;

/** What a SELECT over account `a` needs to say all about a call out; `outwardCall` reads the row. */
export function outwardQuery({ accountId, number, place, nowMs }: Outward): {
  readonly columns: string;
  readonly values: readonly SqlValue[];
  readonly joins: string;
} {
  const living = 'FROM leases x WHERE x.scope = ? AND x.expires_at_ms > ?';
  return {
    columns: `${CAPS_COLUMNS}, l.spend_day, l.day_spent_micros,
      (SELECT COUNT(*) FROM opened_countries o WHERE o.account_id = a.id AND o.country = ? AND o.open_until_ms > ?) AS opened,
      (SELECT COUNT(*) ${living} AND x.holder_id <> ?) AS premium_numbers,
      (SELECT COUNT(*) ${living}) AS short_calls,
      (SELECT COUNT(*) ${living}) AS night_calls`,
    values: [
      place.country,
      nowMs,
      premiumScope(accountId),
      nowMs,
      number,
      shortScope(accountId),
      nowMs,
      nightScope(accountId),
      nowMs,
    ],
    joins: `LEFT JOIN ledger_accounts l ON l.account_id = a.id ${CAPS_JOINS}`,
  };
}

export function outwardCall(row: Row, unit: Currency, { place, nowMs }: Outward): OutwardCall {
  const caps = toCaps(row, unit);
  const zone = timeZoneOf(caps);
  const isToday = (integerOrNull(row.spend_day) ?? 0) >= dayNumber(nowMs, zone);
  return {
    caps,
    facts: {
      place,
      daySpentMicros: isToday ? micros(row.day_spent_micros) : 0n,
      isOpened: integer(row.opened) > 0,
      otherPremiumNumbers: integer(row.premium_numbers),
      shortCalls: integer(row.short_calls),
      isNight: isNight(nowMs, zone),
      nightCalls: integer(row.night_calls),
    },
  };
}

/** @throws CapReached, DestinationClosed */
export function requireUnderCaps(
  accountId: string,
  { caps, facts }: OutwardCall,
  price: Pick<CallFacts, 'pricePerMinuteMicros' | 'firstBlockMicros'>,
): void {
  const verdict = judgeCall({ ...facts, ...price }, caps);
  if (verdict.allowed) return;
  if (verdict.cap === 'destination') throw new DestinationClosed(accountId, facts.place.country);
  throw new CapReached(accountId, verdict.cap);
}

/**
 * Counts a call where it is counted by its beginning: premium numbers, calls at night. After the call's places and before its hold.
 * @throws CapReached when another call took the last place since the caps were asked
 */
export async function countBeginning(
  sql: Sql,
  { caps, facts }: OutwardCall,
  call: {
    readonly accountId: string;
    readonly callId: string;
    readonly number: E164;
    readonly nowMs: number;
  },
): Promise<void> {
  const { accountId, callId, number, nowMs } = call;
  const take = async (cap: 'premium-numbers' | 'night-calls', holderId: string, wish: Counted) => {
    try {
      await takeLeases(sql, {
        holderId,
        nodeId: NO_NODE,
        wishes: [{ scope: wish.scope, limit: wish.limit }],
        nowMs,
        leaseMs: wish.windowMs,
      });
    } catch (error) {
      throw error instanceof LimitReached ? new CapReached(accountId, cap) : error;
    }
  };
  if (countsAtNight(facts, caps))
    await take('night-calls', `night:${callId}`, {
      scope: nightScope(accountId),
      limit: caps.nightCallsPerHour,
      windowMs: NIGHT_CALLS_WINDOW_MS,
    });
  if (facts.place.isPremium)
    await take('premium-numbers', number, {
      scope: premiumScope(accountId),
      limit: caps.premiumNumbersPerDay,
      windowMs: PREMIUM_WINDOW_MS,
    });
}

type Counted = { readonly scope: string; readonly limit: number; readonly windowMs: number };

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
