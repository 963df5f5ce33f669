import { Conflict, InvalidInput, NotFound } from '../../../kernel/app-error';
import { newId } from '../../../kernel/ids';
import { type Currency, currency, MAX_STORED_MICROS, type Money, money } from '../../../kernel/money';
import {
  type Database,
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../../../kernel/unit-of-work';
import { openHouseAccounts } from '../../ledger/ledger-accounts';
import { voucherEnd, voucherIssue } from '../../ledger/movements';
import { postEntries } from '../../ledger/post-entries';
import { drawVoucherCode, voucherFingerprint } from './voucher-code';

/** Vouchers of one batch; more are several batches. */
export const MAX_VOUCHERS = 5_000;
const LONGEST_LABEL = 200;
const ROWS_PER_INSERT = 500;
/** Codes worked on at once: scrypt runs beside the program, on as many threads as Node has for it. */
const CODES_AT_ONCE = 8;
/** Batches that one look for expired ones ends. */
const MAX_ENDED_AT_ONCE = 100;

/** Vouchers that were made together; each is worth `amount`. */
export type VoucherBatch = {
  readonly id: string;
  readonly label: string;
  readonly amount: Money;
  readonly voucherCount: number;
  readonly expiresAtMs: number;
  readonly madeBy: string;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
  readonly endedBecause: 'expired' | 'cancelled' | null;
};

export type BatchWanted = {
  readonly label: string;
  readonly amount: Money;
  readonly voucherCount: number;
  readonly expiresAtMs: number;
  /** Who asked for it. */
  readonly madeBy: string;
  readonly nowMs: number;
};

/**
 * Makes a batch and gives its codes, which are kept nowhere: this is the only time that they are told. The ledger owes their face value
 * from now on. @throws InvalidInput
 */
export async function makeVoucherBatch(
  database: Database,
  wanted: BatchWanted,
): Promise<{ readonly batch: VoucherBatch; readonly codes: readonly string[] }> {
  const batch = checkedBatch(wanted);
  const codes = [...drawCodes(batch.voucherCount)];
  const fingerprints = await fingerprintsOf(codes);
  await database.write(async (sql) => {
    await sql.run(
      `INSERT INTO voucher_batches (id, label, currency, amount_micros, voucher_count, expires_at_ms, made_by, created_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        batch.id,
        batch.label,
        batch.amount.currency,
        batch.amount.amountMicros,
        batch.voucherCount,
        batch.expiresAtMs,
        batch.madeBy,
        batch.createdAtMs,
      ],
    );
    for (let from = 0; from < fingerprints.length; from += ROWS_PER_INSERT)
      await insertVouchers(sql, batch, fingerprints.slice(from, from + ROWS_PER_INSERT));
    await openHouseAccounts(sql, batch.amount.currency, wanted.nowMs);
    const total = times(batch.amount, batch.voucherCount);
    await postEntries(sql, voucherIssue({ batchId: batch.id, total }), wanted.nowMs);
  });
  return { batch, codes };
}

function checkedBatch({
  label,
  amount,
  voucherCount,
  expiresAtMs,
  madeBy,
  nowMs,
}: BatchWanted): VoucherBatch {
  if (label.trim() === '' || label.length > LONGEST_LABEL)
    throw new InvalidInput('label', `has ${label.length} characters`, `write 1 to ${LONGEST_LABEL}`);
  if (amount.amountMicros <= 0n || times(amount, MAX_VOUCHERS).amountMicros > MAX_STORED_MICROS)
    throw new InvalidInput(
      'amount',
      'is out of range',
      'give an amount above zero that people pay for a voucher',
    );
  if (!Number.isInteger(voucherCount) || voucherCount < 1 || voucherCount > MAX_VOUCHERS)
    throw new InvalidInput('count', `is ${voucherCount}`, `give a whole number from 1 to ${MAX_VOUCHERS}`);
  if (expiresAtMs <= nowMs) throw new InvalidInput('expiresAt', 'is past', 'give a later moment');
  return {
    id: newId(nowMs),
    label: label.trim(),
    amount,
    voucherCount,
    expiresAtMs,
    madeBy,
    createdAtMs: nowMs,
    endedAtMs: null,
    endedBecause: null,
  };
}

function times(amount: Money, count: number): Money {
  return money(amount.amountMicros * BigInt(count), amount.currency);
}

function drawCodes(count: number): ReadonlySet<string> {
  const codes = new Set<string>();
  while (codes.size < count) codes.add(drawVoucherCode());
  return codes;
}

async function fingerprintsOf(codes: readonly string[]): Promise<readonly string[]> {
  const fingerprints: string[] = [];
  for (let from = 0; from < codes.length; from += CODES_AT_ONCE)
    fingerprints.push(
      ...(await Promise.all(codes.slice(from, from + CODES_AT_ONCE).map(voucherFingerprint))),
    );
  return fingerprints;
}

async function insertVouchers(sql: Sql, batch: VoucherBatch, fingerprints: readonly string[]): Promise<void> {
  await sql.run(
    `INSERT INTO vouchers (code_fingerprint, id, batch_id, currency, amount_micros, expires_at_ms, state)
     VALUES ${fingerprints.map(() => "(?, ?, ?, ?, ?, ?, 'open')").join(', ')}`,
    fingerprints.flatMap((fingerprint) => [
      fingerprint,
      newId(batch.createdAtMs),
      batch.id,
      batch.amount.currency,
      batch.amount.amountMicros,
      batch.expiresAtMs,
    ]),
  );
}

/** Makes what is left of a batch worthless, for a box of cards that was stolen. @throws NotFound; Conflict when it has ended before */
export function cancelVoucherBatch(
  database: Database,
  batchId: string,
  nowMs: number,
): Promise<VoucherBatch> {
  return database.write(async (sql) => {
    const batch = await readBatch(sql, batchId);
    if (batch.endedAtMs !== null) throw new Conflict('the batch has ended before', { batchId });
    await endBatch(sql, batch, { because: 'cancelled', nowMs });
    return readBatch(sql, batchId);
  });
}

/** Ends batches whose time is over: what nobody redeemed is owed no longer. Gives how many it ended. */
export async function endExpiredBatches(database: Database, nowMs: number): Promise<number> {
  const rows = await database.read.all(
    `SELECT ${BATCH_COLUMNS} FROM voucher_batches WHERE ended_at_ms IS NULL AND expires_at_ms <= ?
     ORDER BY expires_at_ms, id LIMIT ?`,
    [nowMs, MAX_ENDED_AT_ONCE],
  );
  for (const batch of rows.map(toBatch))
    await database.write((sql) => endBatch(sql, batch, { because: 'expired', nowMs }));
  return rows.length;
}

async function endBatch(
  sql: Sql,
  batch: VoucherBatch,
  end: { readonly because: 'expired' | 'cancelled'; readonly nowMs: number },
): Promise<void> {
  const ended = await sql.run(
    'UPDATE voucher_batches SET ended_at_ms = ?, ended_because = ? WHERE id = ? AND ended_at_ms IS NULL',
    [end.nowMs, end.because, batch.id],
  );
  if (ended === 0) return;
  const left = await sql.run("UPDATE vouchers SET state = ? WHERE batch_id = ? AND state = 'open'", [
    end.because,
    batch.id,
  ]);
  if (left === 0) return;
  const rest = times(batch.amount, left);
  await postEntries(sql, voucherEnd({ batchId: batch.id, rest, because: end.because }), end.nowMs);
}

const BATCH_COLUMNS =
  'id, label, currency, amount_micros, voucher_count, expires_at_ms, made_by, created_at_ms, ended_at_ms, ended_because';

async function readBatch(sql: Sql, batchId: string): Promise<VoucherBatch> {
  const [row] = await sql.all(`SELECT ${BATCH_COLUMNS} FROM voucher_batches WHERE id = ?${sql.forUpdate}`, [
    batchId,
  ]);
  if (!row) throw new NotFound('voucher batch', batchId);
  return toBatch(row);
}

/** Batches in the order they were made, from behind `afterId` on, with how many of their vouchers were redeemed. */
export async function listVoucherBatches(
  sql: Sql,
  page: { readonly afterId: string | null; readonly limit: number },
): Promise<readonly (VoucherBatch & { readonly redeemedCount: number })[]> {
  const rows = await sql.all(
    `SELECT ${BATCH_COLUMNS}, (SELECT COUNT(*) FROM vouchers v WHERE v.batch_id = b.id AND v.state = 'redeemed') AS redeemed
     FROM voucher_batches b WHERE id > ? ORDER BY id LIMIT ?`,
    [page.afterId ?? '', page.limit],
  );
  return rows.map((row) => ({ ...toBatch(row), redeemedCount: integer(row.redeemed) }));
}

function toBatch(row: Row): VoucherBatch {
  const unit: Currency = currency(text(row.currency));
  return {
    id: text(row.id),
    label: text(row.label),
    amount: money(micros(row.amount_micros), unit),
    voucherCount: integer(row.voucher_count),
    expiresAtMs: integer(row.expires_at_ms),
    madeBy: text(row.made_by),
    createdAtMs: integer(row.created_at_ms),
    endedAtMs: integerOrNull(row.ended_at_ms),
    endedBecause: textOrNull(row.ended_because) as VoucherBatch['endedBecause'],
  };
}
