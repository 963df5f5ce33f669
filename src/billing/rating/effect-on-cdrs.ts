import { digitsOf, isE164 } from '../../kernel/phone-number';
import { integer, integerOrNull, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { type RatesInDeck, rateAfter } from './compare-rates';
import type { Rate } from './rate';
import { rateBookOf } from './rate-book';
import { rateCall } from './rate-call';
import { findBandClock } from './rates-store';

const CDRS_PER_PAGE = 500;

/** What calls of a month cost by a deck, as it is and as it would be. Amounts are micros of the deck's currency, as text. */
export type EffectOnCdrs = {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Legs of that month that the deck priced. */
  readonly calls: number;
  readonly presentMicros: string;
  readonly newMicros: string;
  /** Legs for whose number the deck would have no price any more. */
  readonly withoutPrice: number;
};

type Leg = {
  readonly id: string;
  readonly startedAtMs: number;
  readonly digits: string;
  readonly talkSeconds: number;
  readonly includedSeconds: number;
};

/** What the legs of the last whole month (UTC) that the deck priced, as sale or as cost, would cost with a file's prices. Calls go on meanwhile. */
export async function effectOnLastMonth({
  database,
  deck,
  head,
  rates,
  nowMs,
}: RatesInDeck): Promise<EffectOnCdrs> {
  const { fromMs, untilMs } = lastMonth(nowMs);
  const present = await rateBookOf(database).load(head);
  const clock = await findBandClock(database.read, head);
  const sum = { calls: 0, present: 0n, new: 0n, withoutPrice: 0 };
  for await (const legs of legsOf(database.report, { deckId: deck.id, fromMs, untilMs })) {
    for (const leg of legs) {
      const before = present.find(leg.digits, leg.startedAtMs);
      const after = rateAfter({ present, rates, deck, clock }, leg.digits, leg.startedAtMs);
      sum.calls++;
      if (before) sum.present += costOf(before, leg);
      if (after) sum.new += costOf(after, leg);
      else sum.withoutPrice++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    fromMs,
    untilMs,
    calls: sum.calls,
    presentMicros: sum.present.toString(),
    newMicros: sum.new.toString(),
    withoutPrice: sum.withoutPrice,
  };
}

function costOf(rate: Rate, leg: Leg): bigint {
  return rateCall(rate, leg.talkSeconds, leg.includedSeconds).charge.amountMicros;
}

function lastMonth(nowMs: number): { readonly fromMs: number; readonly untilMs: number } {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  return { fromMs: Date.UTC(year, month - 1, 1), untilMs: Date.UTC(year, month, 1) };
}

/** Rated legs of a time that a deck priced, in the order of time. */
async function* legsOf(
  sql: Sql,
  of: { readonly deckId: string; readonly fromMs: number; readonly untilMs: number },
): AsyncGenerator<readonly Leg[], void, undefined> {
  let after = { startedAtMs: of.fromMs, id: '' };
  for (;;) {
    const rows: readonly Row[] = await sql.all(
      `SELECT id, started_at_ms, routed_number, answered_at_ms, ended_at_ms, rating_working, cost_deck_id FROM cdrs
       WHERE started_at_ms >= ? AND (started_at_ms > ? OR id > ?) AND started_at_ms < ? AND rated_at_ms IS NOT NULL
         AND (cost_deck_id = ? OR rating_working LIKE ?)
       ORDER BY started_at_ms, id LIMIT ?`,
      [
        after.startedAtMs,
        after.startedAtMs,
        after.id,
        of.untilMs,
        of.deckId,
        `%"deckId":"${of.deckId}"%`,
        CDRS_PER_PAGE,
      ],
    );
    yield rows.flatMap((row) => toLeg(row, of.deckId));
    const last = rows.at(-1);
    if (!last || rows.length < CDRS_PER_PAGE) return;
    after = { startedAtMs: integer(last.started_at_ms), id: text(last.id) };
  }
}

function toLeg(row: Row, deckId: string): readonly Leg[] {
  const number = textOrNull(row.routed_number);
  if (number === null || !isE164(number)) return [];
  const leg = { id: text(row.id), startedAtMs: integer(row.started_at_ms), digits: digitsOf(number) };
  if (row.cost_deck_id === deckId) {
    const answeredAtMs = integerOrNull(row.answered_at_ms);
    const talkMs = answeredAtMs === null ? 0 : integer(row.ended_at_ms) - answeredAtMs;
    return [{ ...leg, talkSeconds: Math.max(0, Math.ceil(talkMs / 1_000)), includedSeconds: 0 }];
  }
  const working = JSON.parse(text(row.rating_working)) as { talkSeconds?: number; includedSeconds?: number };
  if (working.talkSeconds === undefined) return [];
  return [{ ...leg, talkSeconds: working.talkSeconds, includedSeconds: working.includedSeconds ?? 0 }];
}
