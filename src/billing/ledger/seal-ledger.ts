import { leastId } from '../../kernel/ids';
import { type Database, DuplicateKey, type Sql } from '../../kernel/unit-of-work';
import { linkHash, sealHash } from './chain';
import { lastSeal, unsealedAfter } from './chain-store';

/** Transactions one seal covers at most: SQLite's one writer waits while they are hashed. */
const MAX_PER_SEAL = 1_000;

/** A posting may be committed this much later than its moment and is still seen by the seal of every minute; older ones wait for the night. */
const LATE_MS = 10 * 60_000;

/**
 * Closes what was posted since the last seal into the hash chain, in seals of at most a thousand transactions; gives how many transactions it
 * covered. A seal names each of its transactions, so one that is committed late gets into a later seal and postings wait for nobody. Sealers
 * that run at once come after each other. `everything` also looks for transactions that were committed later than ten minutes after their moment.
 */
export async function sealLedger(
  database: Database,
  {
    nowMs,
    everything = false,
    goesOn = () => true,
  }: { readonly nowMs: number; readonly everything?: boolean; readonly goesOn?: () => boolean },
): Promise<number> {
  let total = 0;
  while (goesOn()) {
    const sealed = await sealOnce(database, nowMs, everything);
    if (sealed === null) continue;
    total += sealed;
    if (sealed < MAX_PER_SEAL) break;
  }
  return total;
}

/** One seal; null when another sealer was quicker. */
async function sealOnce(database: Database, nowMs: number, everything: boolean): Promise<number | null> {
  try {
    return await database.write((sql) => seal(sql, nowMs, everything));
  } catch (error) {
    if (error instanceof DuplicateKey) return null;
    throw error;
  }
}

async function seal(sql: Sql, nowMs: number, everything: boolean): Promise<number> {
  const before = await lastSeal(sql);
  const afterId = everything ? '' : leastId(before.lastPostedAtMs - LATE_MS);
  const transactions = await unsealedAfter(sql, afterId, MAX_PER_SEAL);
  if (transactions.length === 0) return 0;
  let link = before.sealHash;
  const links = transactions.map((transaction) => {
    link = linkHash(link, transaction);
    return { transactionId: transaction.id, link };
  });
  const facts = {
    sealNumber: before.sealNumber + 1,
    transactionCount: links.length,
    lastPostedAtMs: Math.max(...transactions.map(({ postedAtMs }) => Number(postedAtMs))),
    lastLinkHash: link,
    sealedAtMs: nowMs,
  };
  // First: whoever is second with this number waits here and is refused.
  await sql.run(
    `INSERT INTO ledger_seals (seal_number, transaction_count, last_posted_at_ms, last_link_hash, seal_hash, sealed_at_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
    [
      facts.sealNumber,
      facts.transactionCount,
      facts.lastPostedAtMs,
      facts.lastLinkHash,
      sealHash(facts),
      facts.sealedAtMs,
    ],
  );
  await sql.run(
    `INSERT INTO ledger_chain (seal_number, place, transaction_id, link_hash) VALUES ${links.map(() => '(?, ?, ?, ?)').join(', ')}`,
    links.flatMap(({ transactionId, link: hash }, place) => [facts.sealNumber, place, transactionId, hash]),
  );
  return links.length;
}
