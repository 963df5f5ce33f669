import { chargedSeconds } from '../../cdr/cdr';
import { type Currency, currency, money } from '../../kernel/money';
import { type E164, isE164 } from '../../kernel/phone-number';
import {
  type Database,
  integer,
  integerOrNull,
  micros,
  type Row,
  type SqlValue,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import { findRates } from './find-rate';
import type { Rate } from './rate';
import { rateCall } from './rate-call';
import type { RerateLine, RerateWish } from './reratings-store';

/** Calls looked at in one step: what a call may have to wait for. */
const CDRS_PER_PAGE = 1_000;

/** A rated call, as far as pricing it anew needs it. */
type RatedLeg = {
  readonly cdrId: string;
  readonly accountId: string;
  readonly number: E164;
  readonly startedAtMs: number;
  readonly talkSeconds: number;
  readonly includedSeconds: number;
  readonly currency: Currency;
  readonly chargeMicros: bigint;
  readonly heldCapped: boolean;
  readonly deckId: string;
};

/** What a step of the look found. */
export type Found = {
  readonly lookedAt: number;
  readonly withoutPrice: number;
  /** The calls that cost something else now. */
  readonly changes: readonly Omit<RerateLine, 'place' | 'state'>[];
};

/**
 * Prices stored calls anew by the prices that count now for the moment they began, and gives those that cost something else, step by step; changes
 * nothing. A call that was charged no more than was held for it, or than its account could pay, never gets dearer.
 */
export async function* rerateCdrs(
  database: Database,
  wish: RerateWish,
): AsyncGenerator<Found, void, undefined> {
  const read = (after: { readonly startedAtMs: number; readonly id: string }) => {
    const reading = database.report.all(...pageOf(wish, after));
    // Awaited in its turn; the step before may fail first.
    reading.catch(() => undefined);
    return reading;
  };
  let next: Promise<readonly Row[]> | null = read({ startedAtMs: wish.fromMs, id: '' });
  while (next) {
    const rows: readonly Row[] = await next;
    const last = rows.at(-1);
    // Read while this step is worked out and its changes are written.
    next =
      last && rows.length === CDRS_PER_PAGE
        ? read({ startedAtMs: integer(last.started_at_ms), id: text(last.id) })
        : null;
    yield await rerateLegs(
      database,
      rows.flatMap((row) => toLeg(row, wish)),
    );
  }
}

function pageOf(
  wish: RerateWish,
  after: { readonly startedAtMs: number; readonly id: string },
): [statement: string, values: readonly SqlValue[]] {
  const { accountId, prefix, deckId } = wish;
  const narrowed: (readonly [sql: string, value: string])[] = [];
  if (accountId !== null) narrowed.push(['payer_account_id = ?', accountId]);
  if (prefix !== null) narrowed.push(['routed_number LIKE ?', `+${prefix}%`]);
  if (deckId !== null) narrowed.push(['rating_working LIKE ?', `%"deckId":"${deckId}"%`]);
  return [
    `SELECT id, payer_account_id, routed_number, started_at_ms, charged_from_ms, ended_at_ms, currency, charge_micros, held_capped,
       rating_working FROM cdrs
     WHERE started_at_ms >= ? AND (started_at_ms > ? OR id > ?) AND started_at_ms < ? AND rated_at_ms IS NOT NULL
       AND payer_account_id IS NOT NULL${narrowed.map(([sql]) => ` AND ${sql}`).join('')}
     ORDER BY started_at_ms, id LIMIT ?`,
    [
      after.startedAtMs,
      after.startedAtMs,
      after.id,
      wish.untilMs,
      ...narrowed.map(([, value]) => value),
      CDRS_PER_PAGE,
    ],
  ];
}

/** Only calls that a rate priced: what nobody paid, or nothing was held for, has no working to redo. */
function toLeg(row: Row, wish: RerateWish): readonly RatedLeg[] {
  const number = textOrNull(row.routed_number);
  if (number === null || !isE164(number)) return [];
  const working = JSON.parse(text(row.rating_working)) as {
    readonly deckId?: string;
    readonly includedSeconds?: number;
  };
  if (working.deckId === undefined) return [];
  if (wish.deckId !== null && working.deckId !== wish.deckId) return [];
  return [
    {
      cdrId: text(row.id),
      accountId: text(row.payer_account_id),
      number,
      startedAtMs: integer(row.started_at_ms),
      talkSeconds: chargedSeconds({
        chargedFromMs: integerOrNull(row.charged_from_ms),
        endedAtMs: integer(row.ended_at_ms),
      }),
      includedSeconds: working.includedSeconds ?? 0,
      currency: currency(text(row.currency)),
      chargeMicros: micros(row.charge_micros),
      heldCapped: integer(row.held_capped) === 1,
      deckId: wish.byDeckId ?? working.deckId,
    },
  ];
}

async function rerateLegs(database: Database, legs: readonly RatedLeg[]): Promise<Found> {
  const rates = await findRates(
    database,
    legs.map(({ deckId, number, startedAtMs }) => ({ deckId, number, atMs: startedAtMs })),
  );
  let withoutPrice = 0;
  const changes = legs.flatMap((leg, n) => {
    const rate = rates[n] ?? null;
    if (rate?.currency === leg.currency) return changeOf(leg, rate);
    withoutPrice++;
    return [];
  });
  return { lookedAt: legs.length, withoutPrice, changes };
}

function changeOf(leg: RatedLeg, rate: Rate): Found['changes'] {
  const { charge, working } = rateCall(rate, leg.talkSeconds, leg.includedSeconds);
  const isKept = leg.heldCapped && charge.amountMicros > leg.chargeMicros;
  if (isKept || charge.amountMicros === leg.chargeMicros) return [];
  return [
    {
      cdrId: leg.cdrId,
      accountId: leg.accountId,
      before: money(leg.chargeMicros, leg.currency),
      after: charge,
      working: JSON.stringify(working),
    },
  ];
}
