import { raiseHouseAlert } from '../../alerts/alerts-store';
import { newId } from '../../kernel/ids';
import { type Database, integer, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { sealLedger } from './seal-ledger';
import { type LedgerFault, verifyLedger } from './verify-ledger';

/** Faults that are kept with a proof; `verify-ledger` lists more. */
const MAX_KEPT = 20;

/** What one night found; with `sealHash` kept elsewhere, nobody can rewrite what was before. */
export type LedgerProof = {
  readonly id: string;
  readonly provedAtMs: number;
  readonly transactions: number;
  readonly sealNumber: number;
  readonly sealHash: string;
  readonly faultCount: number;
  readonly faults: readonly LedgerFault[];
};

/**
 * Seals what no seal covers yet, proves the whole ledger and keeps what was found. Faults are told to the operator by an alert. Gives the
 * proof; null when it was to leave off while sealing.
 */
export async function proveLedger(
  database: Database,
  { nowMs, goesOn = () => true }: { readonly nowMs: number; readonly goesOn?: () => boolean },
): Promise<LedgerProof | null> {
  await sealLedger(database, { nowMs, everything: true, goesOn });
  if (!goesOn()) return null;
  const report = await verifyLedger(database);
  const proof: LedgerProof = {
    id: newId(nowMs),
    provedAtMs: nowMs,
    transactions: report.transactions,
    sealNumber: report.sealNumber,
    sealHash: report.sealHash,
    faultCount: report.faultCount,
    faults: report.faults.slice(0, MAX_KEPT),
  };
  await database.write(async (sql) => {
    await sql.run(
      `INSERT INTO ledger_proofs (id, proved_at_ms, transaction_count, seal_number, seal_hash, fault_count, faults)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [
        proof.id,
        nowMs,
        proof.transactions,
        proof.sealNumber,
        proof.sealHash,
        proof.faultCount,
        JSON.stringify(proof.faults),
      ],
    );
    if (proof.faultCount > 0)
      await raiseHouseAlert(sql, {
        id: newId(nowMs),
        kind: 'ledger-fault',
        details: { faultCount: proof.faultCount, first: proof.faults[0], proofId: proof.id },
        raisedAtMs: nowMs,
      });
  });
  return proof;
}

/** Proofs, the newest first. */
export async function listProofs(
  sql: Sql,
  { beforeId, limit }: { readonly beforeId: string | null; readonly limit: number },
): Promise<readonly LedgerProof[]> {
  const rows = await sql.all(
    `SELECT id, proved_at_ms, transaction_count, seal_number, seal_hash, fault_count, faults FROM ledger_proofs
     ${beforeId === null ? '' : 'WHERE id < ?'} ORDER BY id DESC LIMIT ?`,
    [...(beforeId === null ? [] : [beforeId]), limit],
  );
  return rows.map(toProof);
}

function toProof(row: Row): LedgerProof {
  return {
    id: text(row.id),
    provedAtMs: integer(row.proved_at_ms),
    transactions: integer(row.transaction_count),
    sealNumber: integer(row.seal_number),
    sealHash: text(row.seal_hash),
    faultCount: integer(row.fault_count),
    faults: JSON.parse(text(row.faults)) as readonly LedgerFault[],
  };
}
