import type { Sql } from '../../kernel/unit-of-work';
import { type Balance, readBalance } from './ledger-accounts';
import { type Hold, listOpenHolds } from './holds';

/** Holds that a balance lists; more are in its sum only. */
const MAX_LISTED_HOLDS = 100;

export type BalanceWithHolds = Balance & { readonly openHolds: readonly Hold[] };

/** What an account has and may spend, and the running calls that hold a part of it (the newest 100). @throws NotFound */
export async function readBalanceWithHolds(sql: Sql, accountId: string): Promise<BalanceWithHolds> {
  const balance = await readBalance(sql, accountId);
  return { ...balance, openHolds: await listOpenHolds(sql, accountId, MAX_LISTED_HOLDS) };
}
