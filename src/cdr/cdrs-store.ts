import { type Currency, currency, type Money, money } from '../kernel/money';
import {
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
} from '../kernel/unit-of-work';
import {
  type CallResult,
  type ClosedLeg,
  type EndedBy,
  type LegQuality,
  MAX_HANGUP_CAUSE_LENGTH,
} from './cdr';

/** What pricing found out about a leg. */
export type CdrRating = {
  readonly charge: Money;
  /** How the charge came about, as plain JSON. */
  readonly working: Readonly<Record<string, unknown>>;
  /** The price was above what was held for the call, and the call was charged what was held. */
  readonly heldCapped: boolean;
  readonly ledgerTransactionId: string | null;
  readonly ratedAtMs: number;
  /** What the carrier takes for the leg; null when it has no cost deck. */
  readonly cost: CdrCost | null;
};

/** The carrier's side of a leg. */
export type CdrCost = {
  /** Null when the carrier's deck has no price for the number. */
  readonly amount: Money | null;
  /** Charge less cost; null when the two cannot be compared, and the working says why. */
  readonly margin: Money | null;
  /** How the cost came about, as plain JSON. */
  readonly working: Readonly<Record<string, unknown>>;
};

/** A stored leg; `rating` is null until the rating job has run. */
export type StoredCdr = ClosedLeg & { readonly rating: CdrRating | null };

export const CDR_COLUMNS = `id, node_id, node_sequence, sip_call_id, direction, from_number, dialled_number, routed_number, trunk_id,
  room_id, room_role, payer_account_id, started_at_ms, answered_at_ms, charged_from_ms, ended_at_ms, result, ended_by, sip_status,
  attempt, room_session_id, ringing_at_ms, waited_ms, hangup_cause, quality, call_id, account_id, device_id, cost_deck_id, is_withheld,
  caller_identity, charge_micros, currency, rating_working, held_capped, ledger_transaction_id, rated_at_ms,
  cost_micros, cost_currency, cost_working, margin_micros`;

const INSERTED_COLUMNS = `id, node_id, node_sequence, sip_call_id, direction, from_number, dialled_number, routed_number, trunk_id,
  room_id, room_role, payer_account_id, started_at_ms, answered_at_ms, charged_from_ms, ended_at_ms, result, ended_by,
  sip_status, attempt, room_session_id, ringing_at_ms, waited_ms, hangup_cause, quality, call_id, account_id, device_id,
  cost_deck_id, is_withheld, caller_identity`;

/** Places for the values of one row. */
function rowOf(columns: string): string {
  return `(${columns
    .split(',')
    .map(() => '?')
    .join(', ')})`;
}

/** Inserts legs, not rated yet, in one statement. @throws DuplicateKey when an id or a place in a node's sequence is taken */
export async function insertCdrs(sql: Sql, legs: readonly ClosedLeg[]): Promise<void> {
  const columns = `${INSERTED_COLUMNS}, held_capped`;
  await sql.run(
    `INSERT INTO cdrs (${columns}) VALUES ${legs.map(() => rowOf(columns)).join(', ')}`,
    legs.flatMap((leg) => [...valuesOf(leg), 0]),
  );
}

/** Inserts legs together with their prices, in one statement. @throws DuplicateKey as insertCdrs */
export async function insertRatedCdrs(
  sql: Sql,
  rated: readonly { readonly leg: ClosedLeg; readonly rating: CdrRating }[],
): Promise<void> {
  if (rated.length === 0) return;
  const ratingValues = Object.values(RATING_COLUMNS);
  const columns = [INSERTED_COLUMNS, ...Object.keys(RATING_COLUMNS), 'rated_at_ms'].join(', ');
  const row = rowOf(columns);
  await sql.run(
    `INSERT INTO cdrs (${columns}) VALUES ${rated.map(() => row).join(', ')}`,
    rated.flatMap(({ leg, rating }) => [
      ...valuesOf(leg),
      ...ratingValues.map((valueOf) => valueOf(rating)),
      rating.ratedAtMs,
    ]),
  );
}

/** In the order of INSERTED_COLUMNS. */
function valuesOf(leg: ClosedLeg): readonly SqlValue[] {
  return [
    leg.cdrId,
    leg.nodeId,
    leg.nodeSequence,
    storable(leg.sipCallId, 255),
    leg.direction,
    leg.fromNumber === null ? null : storable(leg.fromNumber, 64),
    storable(leg.dialledNumber, 128),
    leg.routedNumber,
    leg.trunkId,
    leg.roomId,
    leg.roomRole,
    leg.payerAccountId,
    leg.startedAtMs,
    leg.answeredAtMs,
    leg.chargedFromMs,
    leg.endedAtMs,
    leg.result,
    leg.endedBy,
    leg.sipStatus,
    leg.attempt,
    leg.roomSessionId,
    leg.ringingAtMs,
    leg.waitedMs,
    leg.hangupCause === null ? null : storable(leg.hangupCause, MAX_HANGUP_CAUSE_LENGTH),
    leg.quality === null ? null : JSON.stringify(leg.quality),
    leg.callId,
    leg.accountId,
    leg.deviceId,
    leg.costDeckId,
    leg.isWithheld ? 1 : 0,
    leg.callerIdentity,
  ];
}

/** What came from the wire may be longer than its column or hold control characters; a record is kept all the same, shortened. */
function storable(fromWire: string, longest: number): string {
  return fromWire.slice(0, longest).replace(/[\p{Cc}\p{Cs}]/gu, '\uFFFD');
}

/** The stored leg, or null. */
export async function findCdr(sql: Sql, cdrId: string): Promise<StoredCdr | null> {
  const [row] = await sql.all(`SELECT ${CDR_COLUMNS} FROM cdrs WHERE id = ?`, [cdrId]);
  return row ? toStoredCdr(row) : null;
}

/** The newest stored leg of a SIP call, or null. */
export async function findCdrBySipCallId(sql: Sql, sipCallId: string): Promise<StoredCdr | null> {
  const [row] = await sql.all(
    `SELECT ${CDR_COLUMNS} FROM cdrs WHERE sip_call_id = ? ORDER BY started_at_ms DESC, id DESC LIMIT 1`,
    [sipCallId],
  );
  return row ? toStoredCdr(row) : null;
}

/** Stored legs, in no order; ids that are not there give none. */
export async function readCdrs(sql: Sql, cdrIds: readonly string[]): Promise<readonly StoredCdr[]> {
  const rows = await sql.all(
    `SELECT ${CDR_COLUMNS} FROM cdrs WHERE id IN (${cdrIds.map(() => '?').join(', ')})`,
    cdrIds,
  );
  return rows.map(toStoredCdr);
}

/** Columns that a rating fills, and their values. */
const RATING_COLUMNS: Readonly<Record<string, (rating: CdrRating) => SqlValue>> = {
  charge_micros: ({ charge }) => charge.amountMicros,
  currency: ({ charge }) => charge.currency,
  rating_working: ({ working }) => JSON.stringify(working),
  held_capped: ({ heldCapped }) => (heldCapped ? 1 : 0),
  ledger_transaction_id: ({ ledgerTransactionId }) => ledgerTransactionId,
  cost_micros: ({ cost }) => cost?.amount?.amountMicros ?? null,
  cost_currency: ({ cost }) => cost?.amount?.currency ?? null,
  cost_working: ({ cost }) => (cost ? JSON.stringify(cost.working) : null),
  margin_micros: ({ cost }) => cost?.margin?.amountMicros ?? null,
};

/** Writes prices beside their legs, once, in one statement. Gives how many legs had none before; `nowMs` is when they were rated. */
export async function storeRatings(
  sql: Sql,
  ratings: ReadonlyMap<string, CdrRating>,
  nowMs: number,
): Promise<number> {
  const rated = [...ratings];
  const ids = rated.map(([cdrId]) => cdrId);
  const columns = Object.entries(RATING_COLUMNS).map(([column, valueOf]) => ({
    column,
    values: rated.map(([cdrId, rating]) => [cdrId, valueOf(rating)] as const),
  }));
  // A column that is null in all of them is null already.
  const filled = columns.filter(({ values }) => values.some(([, value]) => value !== null));
  const cases = rated.map(() => 'WHEN ? THEN ?').join(' ');
  return sql.run(
    `UPDATE cdrs SET ${filled.map(({ column }) => `${column} = CASE id ${cases} END`).join(', ')}, rated_at_ms = ?
     WHERE id IN (${ids.map(() => '?').join(', ')}) AND rated_at_ms IS NULL`,
    [...filled.flatMap(({ values }) => values.flat()), nowMs, ...ids],
  );
}

export function toStoredCdr(row: Row): StoredCdr {
  return {
    cdrId: text(row.id),
    nodeId: text(row.node_id),
    nodeSequence: integer(row.node_sequence),
    sipCallId: text(row.sip_call_id),
    callId: textOrNull(row.call_id) ?? text(row.id),
    direction: text(row.direction) as ClosedLeg['direction'],
    attempt: integer(row.attempt),
    fromNumber: textOrNull(row.from_number),
    isWithheld: integer(row.is_withheld) === 1,
    callerIdentity: textOrNull(row.caller_identity),
    dialledNumber: text(row.dialled_number),
    routedNumber: textOrNull(row.routed_number),
    trunkId: textOrNull(row.trunk_id),
    costDeckId: textOrNull(row.cost_deck_id),
    accountId: textOrNull(row.account_id),
    deviceId: textOrNull(row.device_id),
    roomId: textOrNull(row.room_id),
    roomSessionId: textOrNull(row.room_session_id),
    roomRole: textOrNull(row.room_role) as ClosedLeg['roomRole'],
    payerAccountId: textOrNull(row.payer_account_id),
    startedAtMs: integer(row.started_at_ms),
    ringingAtMs: integerOrNull(row.ringing_at_ms),
    answeredAtMs: integerOrNull(row.answered_at_ms),
    waitedMs: integer(row.waited_ms),
    chargedFromMs: integerOrNull(row.charged_from_ms),
    endedAtMs: integer(row.ended_at_ms),
    result: text(row.result) as CallResult,
    endedBy: text(row.ended_by) as EndedBy,
    sipStatus: integer(row.sip_status),
    hangupCause: textOrNull(row.hangup_cause),
    quality: row.quality === null ? null : (JSON.parse(text(row.quality)) as LegQuality),
    rating: toRating(row),
  };
}

function toRating(row: Row): CdrRating | null {
  const ratedAtMs = integerOrNull(row.rated_at_ms);
  if (ratedAtMs === null) return null;
  const unit: Currency = currency(text(row.currency));
  return {
    charge: money(micros(row.charge_micros), unit),
    working: JSON.parse(text(row.rating_working)) as Readonly<Record<string, unknown>>,
    heldCapped: integer(row.held_capped) === 1,
    ledgerTransactionId: textOrNull(row.ledger_transaction_id),
    ratedAtMs,
    cost: toCost(row),
  };
}

function toCost(row: Row): CdrCost | null {
  const working = textOrNull(row.cost_working);
  if (working === null) return null;
  const unit = textOrNull(row.cost_currency);
  const inCostCurrency = (value: unknown) =>
    unit === null || value === null ? null : money(micros(value), currency(unit));
  return {
    amount: inCostCurrency(row.cost_micros),
    margin: inCostCurrency(row.margin_micros),
    working: JSON.parse(working) as Readonly<Record<string, unknown>>,
  };
}
