import { chainHash } from '../../kernel/hash-chain';

/** A transaction with all of its entries as they stand in the database; amounts as text, since a broken ledger may hold any. */
export type ChainedTransaction = {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  readonly note: string;
  readonly contentFingerprint: string;
  readonly postedAtMs: string;
  /** In the order of their line numbers. */
  readonly entries: readonly ChainedEntry[];
};

export type ChainedEntry = {
  readonly lineNumber: string;
  readonly ledgerAccountId: string;
  readonly currency: string;
  readonly amountMicros: string;
  readonly postedAtMs: string;
  readonly exchangeRate: string | null;
};

/** One link: SHA-256 over the link before and everything that was written of one transaction. */
export function linkHash(before: string, transaction: ChainedTransaction): string {
  const { id, key, kind, note, contentFingerprint, postedAtMs, entries } = transaction;
  return chainHash([
    before,
    id,
    key,
    kind,
    note,
    contentFingerprint,
    postedAtMs,
    entries.map((entry) => [
      entry.lineNumber,
      entry.ledgerAccountId,
      entry.currency,
      entry.amountMicros,
      entry.postedAtMs,
      entry.exchangeRate,
    ]),
  ]);
}

/** What a seal says of the links it closes; the first link of the next seal hangs on its hash. */
export type SealFacts = {
  readonly sealNumber: number;
  readonly transactionCount: number;
  readonly lastPostedAtMs: number;
  readonly lastLinkHash: string;
  readonly sealedAtMs: number;
};

/** SHA-256 over what a seal says. */
export function sealHash(seal: SealFacts): string {
  const { sealNumber, transactionCount, lastPostedAtMs, lastLinkHash, sealedAtMs } = seal;
  return chainHash([sealNumber, transactionCount, lastPostedAtMs, lastLinkHash, sealedAtMs]);
}
