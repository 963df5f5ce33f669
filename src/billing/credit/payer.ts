import type { AccountState } from '../../accounts/account';
import { accountState } from '../../accounts/accounts-store';
import { NotFound } from '../../kernel/app-error';
import { type Currency, currency } from '../../kernel/money';
import { integer, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import type { LeaseWish } from '../../leases/lease';
import { limitColumns, limitWishes } from './call-limits';
import type { CallDirection, CreditWanted } from './credit-wanted';

/** Who pays a leg, and what is to be looked at before it may. */
export type Payer = {
  readonly accountId: string;
  readonly currency: Currency;
  readonly state: AccountState;
  readonly deckId: string | null;
  /** There are bundles that may fit the number. */
  readonly hasBundles: boolean;
  /** The places among the calls at once that the leg needs. */
  readonly places: readonly LeaseWish[];
};

/** States in which an account pays for a leg: a limited one may still be reached. Emergency calls do not come here at all. */
export function statesThatPay(direction: CallDirection): readonly AccountState[] {
  return direction === 'inbound' ? ['active', 'limited'] : ['active'];
}

/** Whether account `a` has a bundle that ends after the moment given. */
const HAS_BUNDLES =
  '(SELECT COUNT(*) FROM bundles b WHERE b.account_id = a.id AND b.valid_until_ms > ?) AS bundles';

/** What an extension looks at anew: a call hears of it when its account is suspended, or gets a bundle. */
export async function readRunningPayer(
  sql: Sql,
  { accountId, nowMs }: { readonly accountId: string; readonly nowMs: number },
): Promise<Pick<Payer, 'state' | 'hasBundles'>> {
  const [row] = await sql.all(`SELECT a.state, ${HAS_BUNDLES} FROM accounts a WHERE a.id = ?`, [
    nowMs,
    accountId,
  ]);
  if (!row) throw new NotFound('account', accountId);
  return { state: accountState(text(row.state)), hasBundles: integer(row.bundles) > 0 };
}

/** Reads it all in one question: this runs before every charged call. @throws NotFound */
export async function readPayer(sql: Sql, wanted: CreditWanted): Promise<Payer> {
  const limits = limitColumns(wanted);
  const [row] = await sql.all(
    `SELECT a.currency, a.state, a.deck_id, ${limits.sql}, ${HAS_BUNDLES} FROM accounts a WHERE a.id = ?`,
    [...limits.values, wanted.nowMs, wanted.payerAccountId],
  );
  if (!row) throw new NotFound('account', wanted.payerAccountId);
  return {
    accountId: wanted.payerAccountId,
    currency: currency(text(row.currency)),
    state: accountState(text(row.state)),
    deckId: textOrNull(row.deck_id),
    hasBundles: integer(row.bundles) > 0,
    places: limitWishes(wanted, row),
  };
}
