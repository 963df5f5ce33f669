import { type Currency, currency, type Money, money } from '../kernel/money';
import { integer, integerOrNull, micros, type Row, type Sql, text, textOrNull } from '../kernel/unit-of-work';
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
};

/** A stored leg; `rating` is null until the rating job has run. */
export type StoredCdr = ClosedLeg & { readonly rating: CdrRating | null };

export const CDR_COLUMNS = `id, node_id, node_sequence, sip_call_id, direction, from_number, dialled_number, routed_number, trunk_id,
  room_id, room_role, payer_account_id, started_at_ms, answered_at_ms, charged_from_ms, ended_at_ms, result, ended_by, sip_status,
  attempt, room_session_id, ringing_at_ms, waited_ms, hangup_cause, quality, call_id, account_id, device_id, cost_deck_id, is_withheld,
  caller_identity, charge_micros, currency, rating_working, held_capped, ledger_transaction_id, rated_at_ms`;

/** Inserts the leg, not rated yet. @throws DuplicateKey when its id or its place in the node's sequence is taken */
export async function insertCdr(sql: Sql, leg: ClosedLeg): Promise<void> {
  await sql.run(
    `INSERT INTO cdrs (id, node_id, node_sequence, sip_call_id, direction, from_number, dialled_number, routed_number, trunk_id,
       room_id, room_role, payer_account_id, started_at_ms, answered_at_ms, charged_from_ms, ended_at_ms, result, ended_by,
       sip_status, attempt, room_session_id, ringing_at_ms, waited_ms, hangup_cause, quality, call_id, account_id, device_id,
       cost_deck_id, is_withheld, caller_identity, held_capped)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
       ?, ?, ?, ?, ?, ?, 0)`,
    [
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
    ],
  );
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

/** The stored leg with its row locked until the unit of work ends, or null. */
export async function lockCdr(sql: Sql, cdrId: string): Promise<StoredCdr | null> {
  const [row] = await sql.all(`SELECT ${CDR_COLUMNS} FROM cdrs WHERE id = ?${sql.forUpdate}`, [cdrId]);
  return row ? toStoredCdr(row) : null;
}

/** Writes the price beside the leg, once. False when it had one. */
export async function storeRating(sql: Sql, cdrId: string, rating: CdrRating): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE cdrs SET charge_micros = ?, currency = ?, rating_working = ?, held_capped = ?, ledger_transaction_id = ?, rated_at_ms = ?
     WHERE id = ? AND rated_at_ms IS NULL`,
    [
      rating.charge.amountMicros,
      rating.charge.currency,
      JSON.stringify(rating.working),
      rating.heldCapped ? 1 : 0,
      rating.ledgerTransactionId,
      rating.ratedAtMs,
      cdrId,
    ],
  );
  return changed === 1;
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
  };
}
