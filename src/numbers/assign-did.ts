import { type AppError, Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import { type Currency, currency } from '../kernel/money';
import type { E164 } from '../kernel/phone-number';
import { type Sql, type SqlValue, text } from '../kernel/unit-of-work';
import type { AssignedDid, Did, DidState, DidTarget } from './did';
import { assigned, didByNumber, FREE, requireRow } from './dids-store';
import { QUARANTINE_MS } from './voip-numbers-store';

/** Longest that a number is kept for somebody who has not taken it. */
export const MAX_RESERVATION_MS = 30 * 86_400_000;
/** The number is not in a state in which this can be done. */
export class DidTaken extends Conflict {
  constructor(number: E164, state: DidState) {
    super(`${number} is ${state}`, { number, state });
  }
}

/** Keeps a free number for an account until a moment. @throws NotFound, InvalidInput, DidTaken */
export async function reserveDid(
  sql: Sql,
  wish: {
    readonly number: E164;
    readonly accountId: string;
    readonly untilMs: number;
    readonly nowMs: number;
  },
): Promise<Did> {
  const { number, accountId, untilMs, nowMs } = wish;
  if (!(untilMs > nowMs && untilMs <= nowMs + MAX_RESERVATION_MS))
    throw new InvalidInput('untilMs', 'is out of range', 'give a moment within the next 30 days');
  await currencyOfAccount(sql, accountId);
  const changed = await sql.run(
    `UPDATE dids SET state = 'reserved', owner_account_id = ?, until_ms = ?
     WHERE number_e164 = ? AND (${FREE} OR (state = 'reserved' AND owner_account_id = ?))`,
    [accountId, untilMs, number, nowMs, accountId],
  );
  if (changed === 0) throw await whyNot(sql, number, nowMs);
  return didByNumber(sql, number, nowMs);
}

/**
 * Gives a number that is free, or reserved for this owner, a target and an owner who pays (null: the house).
 * @throws NotFound for number, account or room; DidTaken; Conflict when the fees are in another currency than the owner's
 */
export async function assignDid(
  sql: Sql,
  wish: {
    readonly number: E164;
    readonly target: DidTarget;
    readonly ownerAccountId: string | null;
    readonly nowMs: number;
  },
): Promise<AssignedDid> {
  const { number, target, ownerAccountId, nowMs } = wish;
  await requireTarget(sql, target);
  const unit = ownerAccountId === null ? null : await currencyOfAccount(sql, ownerAccountId);
  const changed = await sql.run(
    `UPDATE dids SET state = 'assigned', owner_account_id = ?, until_ms = NULL, target_kind = ?, target_account_id = ?,
       target_room_id = ?, menu_language = ?, menu_country = ?
     WHERE number_e164 = ? AND (${FREE} OR (state = 'reserved' AND owner_account_id = ?))
       AND (setup_fee_micros + monthly_fee_micros = 0 OR currency = ? OR ? IS NULL)`,
    [ownerAccountId, ...targetValues(target), number, nowMs, ownerAccountId, unit, unit],
  );
  if (changed === 0) throw await whyNot(sql, number, nowMs, { accountId: ownerAccountId, unit });
  await sql.run(
    `INSERT INTO did_owners (number_e164, from_ms, until_ms, account_id, currency, setup_fee_micros, monthly_fee_micros)
     SELECT number_e164, ?, NULL, owner_account_id, currency, setup_fee_micros, monthly_fee_micros FROM dids
     WHERE number_e164 = ?`,
    [nowMs, number],
  );
  return assigned(await didByNumber(sql, number, nowMs));
}

/** Leads an assigned number elsewhere; its owner stays. @throws NotFound, DidTaken when it is assigned to nobody */
export async function retargetDid(
  sql: Sql,
  number: E164,
  target: DidTarget,
  nowMs: number,
): Promise<AssignedDid> {
  await requireTarget(sql, target);
  await sql.run(
    `UPDATE dids SET target_kind = ?, target_account_id = ?, target_room_id = ?, menu_language = ?, menu_country = ?
     WHERE number_e164 = ? AND state = 'assigned'`,
    [...targetValues(target), number],
  );
  const did = await didByNumber(sql, number, nowMs);
  if (did.state !== 'assigned') throw new DidTaken(number, did.state);
  return assigned(did);
}

/** Takes a number from its owner; it rests for 90 days. A reservation ends at once. @throws NotFound, DidTaken */
export async function releaseDid(sql: Sql, number: E164, nowMs: number): Promise<Did> {
  const released = await sql.run(
    `UPDATE dids SET state = 'quarantined', owner_account_id = NULL, until_ms = ?, target_kind = NULL,
       target_account_id = NULL, target_room_id = NULL, menu_language = NULL, menu_country = NULL
     WHERE number_e164 = ? AND state = 'assigned'`,
    [nowMs + QUARANTINE_MS, number],
  );
  if (released > 0) {
    await sql.run('UPDATE did_owners SET until_ms = ? WHERE number_e164 = ? AND until_ms IS NULL', [
      nowMs,
      number,
    ]);
    return didByNumber(sql, number, nowMs);
  }
  const freed = await sql.run(
    `UPDATE dids SET state = 'available', owner_account_id = NULL, until_ms = NULL
     WHERE number_e164 = ? AND state = 'reserved'`,
    [number],
  );
  if (freed === 0) throw await whyNot(sql, number, nowMs);
  return didByNumber(sql, number, nowMs);
}

/** Takes a number that is nobody's out of the inventory: the carrier wants it back. Its history stays. @throws NotFound, DidTaken */
export async function removeDid(sql: Sql, number: E164, nowMs: number): Promise<void> {
  const removed = await sql.run(
    "DELETE FROM dids WHERE number_e164 = ? AND (state IN ('available', 'quarantined') OR (state = 'reserved' AND until_ms <= ?))",
    [number, nowMs],
  );
  if (removed === 0) throw await whyNot(sql, number, nowMs);
}

/** Why a conditional step on a number changed nothing. */
async function whyNot(
  sql: Sql,
  number: E164,
  nowMs: number,
  owner: { accountId: string | null; unit: Currency | null } = { accountId: null, unit: null },
): Promise<AppError> {
  const did = await didByNumber(sql, number, nowMs);
  const isFree =
    did.state === 'available' || (did.state === 'reserved' && did.ownerAccountId === owner.accountId);
  if (isFree && owner.unit !== null && did.currency !== null && did.currency !== owner.unit)
    return new Conflict('the fees are in another currency than the account', {
      number,
      feeCurrency: did.currency,
      accountCurrency: owner.unit,
    });
  return new DidTaken(number, did.state);
}

async function requireTarget(sql: Sql, target: DidTarget): Promise<void> {
  if (target.kind === 'room') await requireRow(sql, 'room', 'rooms', target.roomId);
  else if (target.kind !== 'menu') await requireRow(sql, 'account', 'accounts', target.accountId);
}

async function currencyOfAccount(sql: Sql, accountId: string): Promise<Currency> {
  const [row] = await sql.all('SELECT currency FROM accounts WHERE id = ?', [accountId]);
  if (!row) throw new NotFound('account', accountId);
  return currency(text(row.currency));
}

function targetValues(target: DidTarget): SqlValue[] {
  return [
    target.kind,
    'accountId' in target ? target.accountId : null,
    'roomId' in target ? target.roomId : null,
    target.kind === 'menu' ? target.language : null,
    target.kind === 'menu' ? target.country : null,
  ];
}
