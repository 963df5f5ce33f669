import type { AccountState } from '../../accounts/account';
import { accountState } from '../../accounts/accounts-store';
import { NotFound } from '../../kernel/app-error';
import { type Currency, currency } from '../../kernel/money';
import { type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import type { LeaseWish } from '../../leases/lease';
import { limitColumns, limitWishes } from './call-limits';
import type { CallDirection, CreditWanted } from './credit-wanted';

/** Who pays a leg, and what is to be looked at before it may. */
export type Payer = {
  readonly accountId: string;
  readonly currency: Currency;
  readonly state: AccountState;
  readonly deckId: string | null;
  /** The places among the calls at once that the leg needs. */
  readonly places: readonly LeaseWish[];
};

/** States in which an account pays for a leg: a limited one may still be reached. Emergency calls do not come here at all. */
export function statesThatPay(direction: CallDirection): readonly AccountState[] {
  return direction === 'inbound' ? ['active', 'limited'] : ['active'];
}

/** Reads it all in one question: this runs before every charged call. @throws NotFound */
export async function readPayer(sql: Sql, wanted: CreditWanted): Promise<Payer> {
  const limits = limitColumns(wanted);
  const [row] = await sql.all(`SELECT currency, state, deck_id, ${limits.sql} FROM accounts WHERE id = ?`, [
    ...limits.values,
    wanted.payerAccountId,
  ]);
  if (!row) throw new NotFound('account', wanted.payerAccountId);
  return {
    accountId: wanted.payerAccountId,
    currency: currency(text(row.currency)),
    state: accountState(text(row.state)),
    deckId: textOrNull(row.deck_id),
    places: limitWishes(wanted, row),
  };
}
