import { integer, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { CHAIN_BEGINS } from '../../kernel/hash-chain';
import type { ChainedEntry, ChainedTransaction, SealFacts } from './chain';

export type Seal = SealFacts & { readonly sealHash: string };

/** The seal before the first. */
export const NO_SEAL: Seal = {
  sealNumber: 0,
  transactionCount: 0,
  lastPostedAtMs: 0,
  lastLinkHash: CHAIN_BEGINS,
  sealedAtMs: 0,
  sealHash: CHAIN_BEGINS,
};

const SEAL_COLUMNS =
  'seal_number, transaction_count, last_posted_at_ms, last_link_hash, seal_hash, sealed_at_ms';

/** The newest seal, or NO_SEAL. */
export async function lastSeal(sql: Sql): Promise<Seal> {
  const [row] = await sql.all(`SELECT ${SEAL_COLUMNS} FROM ledger_seals ORDER BY seal_number DESC LIMIT 1`);
  return row ? toSeal(row) : NO_SEAL;
}

/** Seals behind a number, in their order. */
export async function sealsAfter(sql: Sql, sealNumber: number, limit: number): Promise<readonly Seal[]> {
  const rows = await sql.all(
    `SELECT ${SEAL_COLUMNS} FROM ledger_seals WHERE seal_number > ? ORDER BY seal_number LIMIT ?`,
    [sealNumber, limit],
  );
  return rows.map(toSeal);
}

/** One link of a seal, and the transaction as it stands now; null when it is gone. */
export type Link = {
  readonly place: number;
  readonly transactionId: string;
  readonly linkHash: string;
  readonly transaction: ChainedTransaction | null;
};

/** All links of a seal in their order. */
export async function linksOf(sql: Sql, sealNumber: number): Promise<readonly Link[]> {
  const rows = await sql.all(
    `SELECT c.place, c.transaction_id, c.link_hash, t.id, ${TRANSACTION_COLUMNS}
     FROM ledger_chain c LEFT JOIN ledger_transactions t ON t.id = c.transaction_id
     WHERE c.seal_number = ? ORDER BY c.place`,
    [sealNumber],
  );
  const entries = byTransaction(
    await sql.all(
      `SELECT ${ENTRY_COLUMNS} FROM ledger_chain c JOIN ledger_entries e ON e.transaction_id = c.transaction_id
       WHERE c.seal_number = ? ORDER BY e.transaction_id, e.line_number`,
      [sealNumber],
    ),
  );
  return rows.map((row) => ({
    place: integer(row.place),
    transactionId: text(row.transaction_id),
    linkHash: text(row.link_hash),
    transaction: row.id === null ? null : toTransaction(row, entries),
  }));
}

/** Transactions that no seal covers, with an id behind `afterId`, in the order of their ids. */
export async function unsealedAfter(
  sql: Sql,
  afterId: string,
  limit: number,
): Promise<readonly ChainedTransaction[]> {
  const rows = await sql.all(
    `SELECT t.id, ${TRANSACTION_COLUMNS} FROM ledger_transactions t
     WHERE t.id > ? AND NOT EXISTS (SELECT 1 FROM ledger_chain c WHERE c.transaction_id = t.id)
     ORDER BY t.id LIMIT ?`,
    [afterId, limit],
  );
  if (rows.length === 0) return [];
  const ids = rows.map((row) => text(row.id));
  const entries = byTransaction(
    await sql.all(
      `SELECT ${ENTRY_COLUMNS} FROM ledger_entries e WHERE e.transaction_id IN (${ids.map(() => '?').join(', ')})
       ORDER BY e.transaction_id, e.line_number`,
      ids,
    ),
  );
  return rows.map((row) => toTransaction(row, entries));
}

const TRANSACTION_COLUMNS = 't.idempotency_key, t.kind, t.note, t.content_fingerprint, t.posted_at_ms';
const ENTRY_COLUMNS =
  'e.transaction_id, e.line_number, e.ledger_account_id, e.currency, e.amount_micros, e.posted_at_ms, e.exchange_rate';

function byTransaction(rows: readonly Row[]): ReadonlyMap<string, readonly ChainedEntry[]> {
  const found = new Map<string, ChainedEntry[]>();
  for (const row of rows) {
    const id = text(row.transaction_id);
    const own = found.get(id) ?? [];
    own.push({
      lineNumber: String(row.line_number),
      ledgerAccountId: text(row.ledger_account_id),
      currency: text(row.currency),
      amountMicros: String(row.amount_micros),
      postedAtMs: String(row.posted_at_ms),
      exchangeRate: textOrNull(row.exchange_rate),
    });
    found.set(id, own);
  }
  return found;
}

function toTransaction(row: Row, entries: ReadonlyMap<string, readonly ChainedEntry[]>): ChainedTransaction {
  const id = text(row.id);
  return {
    id,
    key: text(row.idempotency_key),
    kind: text(row.kind),
    note: text(row.note),
    contentFingerprint: text(row.content_fingerprint),
    postedAtMs: String(row.posted_at_ms),
    entries: entries.get(id) ?? [],
  };
}

function toSeal(row: Row): Seal {
  return {
    sealNumber: integer(row.seal_number),
    transactionCount: integer(row.transaction_count),
    lastPostedAtMs: integer(row.last_posted_at_ms),
    lastLinkHash: text(row.last_link_hash),
    sealHash: text(row.seal_hash),
    sealedAtMs: integer(row.sealed_at_ms),
  };
}
