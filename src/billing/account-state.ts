import type { Account, AccountState } from '../accounts/account';
import { readAccount, setAccountState } from '../accounts/accounts-store';
import type { Sql } from '../kernel/unit-of-work';
import { recordEvents } from '../webhooks/record-events';

/** Lets an account do more or less than before, and tells whoever wants to know. @throws NotFound; InvalidInput for a closed account */
export async function changeAccountState(
  sql: Sql,
  {
    accountId,
    state,
    nowMs,
  }: { readonly accountId: string; readonly state: AccountState; readonly nowMs: number },
): Promise<Account> {
  const before = await readAccount(sql, accountId);
  const account = await setAccountState(sql, accountId, state);
  if (before.state === state) return account;
  const event = {
    kind: 'account.state',
    objectKey: `account:${accountId}`,
    accountId,
    facts: { state },
  } as const;
  await recordEvents(sql, [event], nowMs);
  return account;
}
