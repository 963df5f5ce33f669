import type { Account } from '../../accounts/account';
import { readAccount } from '../../accounts/accounts-store';
import type { E164 } from '../../kernel/phone-number';
import type { Database } from '../../kernel/unit-of-work';
import { openHold } from '../ledger/holds';
import { findRate } from '../rating/find-rate';
import type { Rate } from '../rating/rate';
import { rateCall } from '../rating/rate-call';
import { AccountBlocked, NoRate } from './credit-errors';
import { type CreditGrant, grantOf, rateText } from './credit-grant';

export type CreditWanted = {
  /** The leg's cdrId: its settlement looks for the hold by it. */
  readonly callId: string;
  readonly payerAccountId: string;
  /** The number the leg is rated by. */
  readonly number: E164;
  /** When the call began: decides which of a prefix's rates counts. */
  readonly startedAtMs: number;
  readonly nowMs: number;
};

/**
 * Holds connect fee and first block before a leg is charged. The second time for one call it gives the hold that is there.
 * @throws InsufficientCredit, NoRate, AccountBlocked, NotFound (payer), HoldNotOpen (the call was settled or released before)
 */
export async function reserveCredit(database: Database, wanted: CreditWanted): Promise<CreditGrant> {
  const account = await readAccount(database.read, wanted.payerAccountId);
  if (account.state === 'suspended' || account.state === 'closed')
    throw new AccountBlocked(account.id, account.state);
  const rate = await rateFor(database, account, wanted);
  const firstBlock = rateCall(rate, 1).charge;
  const hold = await database.write((sql) =>
    openHold(sql, {
      callId: wanted.callId,
      accountId: account.id,
      amount: firstBlock,
      rate: rateText(rate),
      nowMs: wanted.nowMs,
    }),
  );
  return grantOf(hold, false);
}

async function rateFor(database: Database, account: Account, wanted: CreditWanted): Promise<Rate> {
  const { deckId } = account;
  const rate =
    deckId === null
      ? null
      : await findRate(database, { deckId, number: wanted.number, atMs: wanted.startedAtMs });
  if (rate?.currency !== account.currency) throw new NoRate(account.id, deckId, wanted.startedAtMs);
  return rate;
}
