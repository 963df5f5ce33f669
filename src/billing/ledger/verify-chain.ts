import type { Sql } from '../../kernel/unit-of-work';
import { CHAIN_BEGINS } from '../../kernel/hash-chain';
import { type ChainedTransaction, linkHash, sealHash } from './chain';
import { type Link, linksOf, NO_SEAL, type Seal, sealsAfter, unsealedAfter } from './chain-store';
import { contentFingerprint } from './post-entries';

const SEALS_AT_ONCE = 100;
const UNSEALED_AT_ONCE = 1_000;

export type ChainFaultName =
  | 'seal is missing'
  | 'seal was changed'
  | 'sealed transaction is gone'
  | 'sealed transaction was changed'
  | 'transaction without seal was changed'
  | 'database lets the ledger be changed';

/** One thing that does not hold; `subject` is the id of the transaction, or the number of the seal. */
export type ChainFault = {
  readonly name: ChainFaultName;
  readonly subject: string;
  readonly found: string;
  readonly expected: string;
};

/**
 * Walks the chain from its beginning and hands every bad row to `tell`, the first one first. Behind a bad row it goes on from the hash that
 * was stored, so each fault is told once. Transactions that no seal covers yet are compared with the fingerprint they were posted with. Gives the
 * newest seal. Reads page by page: a ledger that goes on growing meanwhile is no fault.
 */
export async function verifyChain(sql: Sql, tell: (fault: ChainFault) => void): Promise<Seal> {
  let before = NO_SEAL;
  for (;;) {
    const seals = await sealsAfter(sql, before.sealNumber, SEALS_AT_ONCE);
    for (const seal of seals) {
      if (seal.sealNumber !== before.sealNumber + 1)
        tell({
          name: 'seal is missing',
          subject: String(before.sealNumber + 1),
          found: String(seal.sealNumber),
          expected: String(before.sealNumber + 1),
        });
      verifySeal(before, seal, await linksOf(sql, seal.sealNumber), tell);
      before = seal;
    }
    if (seals.length < SEALS_AT_ONCE) break;
  }
  await verifyUnsealed(sql, tell);
  return before;
}

/** Pure: compares one seal and its links with what they say of themselves. */
export function verifySeal(
  before: Seal,
  seal: Seal,
  links: readonly Link[],
  tell: (fault: ChainFault) => void,
): void {
  let link = before.sealNumber === 0 ? CHAIN_BEGINS : before.sealHash;
  for (const { transactionId, linkHash: stored, transaction } of links) {
    const found = transaction ? linkHash(link, transaction) : '';
    if (found !== stored)
      tell({
        name: transaction ? 'sealed transaction was changed' : 'sealed transaction is gone',
        subject: transactionId,
        found,
        expected: stored,
      });
    link = stored;
  }
  const subject = String(seal.sealNumber);
  const hash = sealHash(seal);
  if (hash !== seal.sealHash)
    tell({ name: 'seal was changed', subject, found: hash, expected: seal.sealHash });
  else if (links.length !== seal.transactionCount || link !== seal.lastLinkHash)
    tell({
      name: 'seal was changed',
      subject,
      found: `${links.length} links, ${link}`,
      expected: `${seal.transactionCount} links, ${seal.lastLinkHash}`,
    });
}

async function verifyUnsealed(sql: Sql, tell: (fault: ChainFault) => void): Promise<void> {
  let afterId = '';
  for (;;) {
    const page = await unsealedAfter(sql, afterId, UNSEALED_AT_ONCE);
    for (const transaction of page) {
      const found = contentFingerprint(transaction.kind, linesOf(transaction));
      if (found !== transaction.contentFingerprint)
        tell({
          name: 'transaction without seal was changed',
          subject: transaction.id,
          found,
          expected: transaction.contentFingerprint,
        });
    }
    if (page.length < UNSEALED_AT_ONCE) return;
    afterId = page.at(-1)?.id ?? '';
  }
}

function linesOf({ entries }: ChainedTransaction) {
  return entries.map(({ ledgerAccountId, amountMicros, currency, exchangeRate }) => ({
    ledgerAccountId,
    amountMicros,
    currency,
    exchangeRate,
  }));
}

/** Tables whose rows stay, and the triggers that see to it. */
const GUARDS = [
  'ledger_entries_stay',
  'ledger_entries_remain',
  'ledger_transactions_stay',
  'ledger_transactions_remain',
  'ledger_chain_stays',
  'ledger_chain_remains',
  'ledger_seals_stay',
  'ledger_seals_remain',
] as const;

/** Tells of each trigger that is missing: then the database lets rows of the ledger be changed. */
export async function verifyGuards(
  sql: Sql,
  dialect: 'sqlite' | 'mariadb',
  tell: (fault: ChainFault) => void,
): Promise<void> {
  const rows = await sql.all(
    dialect === 'sqlite'
      ? "SELECT name FROM sqlite_master WHERE type = 'trigger'"
      : 'SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()',
  );
  const there = new Set(rows.map((row) => String(row.name)));
  for (const guard of GUARDS)
    if (!there.has(guard))
      tell({
        name: 'database lets the ledger be changed',
        subject: guard,
        found: 'no trigger',
        expected: 'run the triggers of sql/0055-ledger-append-only.sql as an administrator of the database',
      });
}
