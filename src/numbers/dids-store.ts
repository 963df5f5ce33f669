import { Conflict, NotFound } from '../kernel/app-error';
import { currency } from '../kernel/money';
import { type E164, e164 } from '../kernel/phone-number';
import {
  type Database,
  DuplicateKey,
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
  type AssignedDid,
  checkTerms,
  type Did,
  type DidState,
  type DidTarget,
  type DidTerms,
  stateAt,
} from './did';

/** Rows that one statement inserts. */
const ROWS_AT_ONCE = 100;
/** Keys that one question names. */
const KEYS_AT_ONCE = 500;

const TERMS = 'trunk_id, channel_limit, rate_deck_id, currency, setup_fee_micros, monthly_fee_micros';
const SELECT = `SELECT number_e164, state, ${TERMS}, owner_account_id, target_kind, target_account_id, target_room_id,
  menu_language, menu_country, until_ms, created_at_ms FROM dids`;
/** Nobody's: available, or what it waited for is over. Takes the moment once. */
export const FREE = "(state = 'available' OR (state IN ('reserved', 'quarantined') AND until_ms <= ?))";

/** Puts a number into the inventory. @throws InvalidInput; NotFound for trunk or deck; Conflict when it is there already */
export async function addDid(database: Database, number: E164, terms: DidTerms, nowMs: number): Promise<Did> {
  checkTerms(terms);
  try {
    return await database.write(async (sql) => {
      await requireParts(sql, terms);
      await insertDids(sql, [{ number, ...terms }], nowMs);
      return didByNumber(sql, number, nowMs);
    });
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict(`${number} is in the inventory already`, { number });
    throw error;
  }
}

/** Stores numbers that are free. @throws DuplicateKey */
export async function insertDids(
  sql: Sql,
  dids: readonly (DidTerms & { readonly number: E164 })[],
  nowMs: number,
): Promise<void> {
  for (let from = 0; from < dids.length; from += ROWS_AT_ONCE) {
    const part = dids.slice(from, from + ROWS_AT_ONCE);
    await sql.run(
      `INSERT INTO dids (number_e164, state, ${TERMS}, created_at_ms)
       VALUES ${part.map(() => "(?, 'available', ?, ?, ?, ?, ?, ?, ?)").join(', ')}`,
      part.flatMap((did) => [did.number, ...termValues(did), nowMs]),
    );
  }
}

/** Changes terms; what is left out stays. Who has the number keeps the fees that were agreed. @throws NotFound, InvalidInput */
export function changeDidTerms(
  database: Database,
  number: E164,
  change: Partial<DidTerms>,
  nowMs: number,
): Promise<Did> {
  return database.write(async (sql) => {
    const [row] = await sql.all(`${SELECT} WHERE number_e164 = ?${sql.forUpdate}`, [number]);
    if (!row) throw new NotFound('number', number);
    const after = { ...toDid(row, nowMs), ...change };
    checkTerms(after);
    await requireParts(sql, after);
    await setTerms(sql, number, after);
    return after;
  });
}

/** Writes a number's terms as they are. */
export async function setTerms(sql: Sql, number: E164, terms: DidTerms): Promise<void> {
  const columns = TERMS.split(', ').map((column) => `${column} = ?`);
  await sql.run(`UPDATE dids SET ${columns.join(', ')} WHERE number_e164 = ?`, [
    ...termValues(terms),
    number,
  ]);
}

/** Where a number leads, or null: one read by its key. */
export async function findDid(sql: Sql, number: E164): Promise<AssignedDid | null> {
  const [row] = await sql.all(`${SELECT} WHERE number_e164 = ? AND state = 'assigned'`, [number]);
  return row ? assigned(toDid(row, 0)) : null;
}

/** @throws NotFound */
export async function didByNumber(sql: Sql, number: E164, nowMs: number): Promise<Did> {
  const [row] = await sql.all(`${SELECT} WHERE number_e164 = ?`, [number]);
  if (!row) throw new NotFound('number', number);
  return toDid(row, nowMs);
}

/** Which of these numbers are in the inventory, as they stand. */
export async function didsAmong(sql: Sql, numbers: readonly E164[], nowMs: number): Promise<readonly Did[]> {
  const found: Did[] = [];
  for (let from = 0; from < numbers.length; from += KEYS_AT_ONCE) {
    const part = numbers.slice(from, from + KEYS_AT_ONCE);
    const rows = await sql.all(`${SELECT} WHERE number_e164 IN (${part.map(() => '?').join(', ')})`, part);
    found.push(...rows.map((row) => toDid(row, nowMs)));
  }
  return found;
}

/** Numbers in the order of their digits; of one owner or in one state where wanted. */
export async function listDids(
  sql: Sql,
  page: {
    readonly state?: DidState | undefined;
    readonly ownerAccountId?: string | undefined;
    readonly targetKind?: DidTarget['kind'] | undefined;
    readonly afterNumber?: string | undefined;
    readonly limit: number;
    readonly nowMs: number;
  },
): Promise<readonly Did[]> {
  const where: string[] = ['number_e164 > ?'];
  const values: SqlValue[] = [page.afterNumber ?? ''];
  if (page.ownerAccountId !== undefined) where.push('owner_account_id = ?');
  if (page.ownerAccountId !== undefined) values.push(page.ownerAccountId);
  if (page.targetKind !== undefined) where.push('target_kind = ?');
  if (page.targetKind !== undefined) values.push(page.targetKind);
  if (page.state === 'available') where.push(FREE);
  else if (page.state === 'assigned') where.push("state = 'assigned'");
  else if (page.state !== undefined) where.push('state = ? AND until_ms > ?');
  if (page.state === 'reserved' || page.state === 'quarantined') values.push(page.state);
  if (page.state !== undefined && page.state !== 'assigned') values.push(page.nowMs);
  const rows = await sql.all(`${SELECT} WHERE ${where.join(' AND ')} ORDER BY number_e164 LIMIT ?`, [
    ...values,
    page.limit,
  ]);
  return rows.map((row) => toDid(row, page.nowMs));
}

async function requireParts(sql: Sql, terms: DidTerms): Promise<void> {
  await requireRow(sql, 'trunk', 'trunks', terms.trunkId);
  await requireRow(sql, 'rate deck', 'rate_decks', terms.rateDeckId);
}

/** @throws NotFound unless the row is there */
export async function requireRow(
  sql: Sql,
  kind: string,
  table: 'trunks' | 'rate_decks' | 'rooms' | 'accounts',
  id: string | null,
): Promise<void> {
  if (id === null) return;
  const [row] = await sql.all(`SELECT id FROM ${table} WHERE id = ?`, [id]);
  if (!row) throw new NotFound(kind, id);
}

function termValues(terms: DidTerms): SqlValue[] {
  return [
    terms.trunkId,
    terms.channelLimit,
    terms.rateDeckId,
    terms.currency,
    terms.setupFeeMicros,
    terms.monthlyFeeMicros,
  ];
}

/** A number that leads somewhere, as such. @throws TypeError when it leads nowhere */
export function assigned(did: Did): AssignedDid {
  if (did.target === null) throw new TypeError(`${did.number} is assigned and leads nowhere`);
  return { ...did, target: did.target };
}

function toDid(row: Row, nowMs: number): Did {
  const stored = { state: text(row.state) as DidState, untilMs: integerOrNull(row.until_ms) };
  const state = stateAt(stored, nowMs);
  const waits = state === 'reserved' || state === 'quarantined';
  return {
    number: e164(text(row.number_e164)),
    state,
    trunkId: textOrNull(row.trunk_id),
    channelLimit: integerOrNull(row.channel_limit),
    rateDeckId: textOrNull(row.rate_deck_id),
    currency: row.currency === null ? null : currency(text(row.currency)),
    setupFeeMicros: micros(row.setup_fee_micros),
    monthlyFeeMicros: micros(row.monthly_fee_micros),
    ownerAccountId: state === 'available' ? null : textOrNull(row.owner_account_id),
    target: toTarget(row),
    untilMs: waits ? stored.untilMs : null,
    createdAtMs: integer(row.created_at_ms),
  };
}

function toTarget(row: Row): DidTarget | null {
  const kind = textOrNull(row.target_kind) as DidTarget['kind'] | null;
  switch (kind) {
    case null:
      return null;
    case 'room':
      return { kind, roomId: text(row.target_room_id) };
    case 'menu':
      return { kind, language: text(row.menu_language), country: text(row.menu_country) };
    case 'user':
    case 'host-line':
      return { kind, accountId: text(row.target_account_id) };
  }
}
