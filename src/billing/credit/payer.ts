import type { AccountState } from '../../accounts/account';
import { accountState } from '../../accounts/accounts-store';
import { NotFound } from '../../kernel/app-error';
import { type Currency, currency } from '../../kernel/money';
import { integer, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import type { LeaseWish } from '../../leases/lease';
import type { Caps } from '../fraud-caps/caps';
import { CAPS_COLUMNS, CAPS_JOINS, toCaps } from '../fraud-caps/caps-store';
import { placeOf } from '../fraud-caps/number-place';
import { type OutwardCall, outwardCall, outwardQuery } from '../fraud-caps/outward-call';
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
  /** What the caps against fraud say of it; null for a leg that comes in: nobody can dial it on the payer's account. */
  readonly outward: OutwardCall | null;
};

/** States in which an account pays for a leg: a limited one may still be reached. Emergency calls do not come here at all. */
export function statesThatPay(direction: CallDirection): readonly AccountState[] {
  return direction === 'inbound' ? ['active', 'limited'] : ['active'];
}

/** Whether account `a` has a bundle that ends after the moment given. */
const HAS_BUNDLES =
  '(SELECT COUNT(*) FROM bundles b WHERE b.account_id = a.id AND b.valid_until_ms > ?) AS bundles';

/** Reads it all in one question: this runs before every charged call. @throws NotFound */
export async function readPayer(sql: Sql, wanted: CreditWanted): Promise<Payer> {
  const { payerAccountId: accountId, number, nowMs } = wanted;
  const limits = limitColumns(wanted);
  const call = wanted.direction === 'outbound' ? { accountId, number, place: placeOf(number), nowMs } : null;
  const outward = call && outwardQuery(call);
  const [row] = await sql.all(
    `SELECT a.currency, a.state, a.deck_id, ${limits.sql}, ${HAS_BUNDLES}${outward ? `, ${outward.columns}` : ''}
     FROM accounts a ${outward?.joins ?? ''} WHERE a.id = ?`,
    [...limits.values, nowMs, ...(outward?.values ?? []), accountId],
  );
  if (!row) throw new NotFound('account', accountId);
  const unit = currency(text(row.currency));
  return {
    accountId,
    currency: unit,
    state: accountState(text(row.state)),
    deckId: textOrNull(row.deck_id),
    hasBundles: integer(row.bundles) > 0,
    places: limitWishes(wanted, row),
    outward: call && outwardCall(row, unit, call),
  };
}

/** What an extension looks at anew: a running call hears of it when its account is suspended, gets a bundle, or other caps. */
export type RunningPayer = Pick<Payer, 'state' | 'hasBundles'> & { readonly caps: Caps };

/** @throws NotFound */
export async function readRunningPayer(
  sql: Sql,
  { accountId, nowMs }: { readonly accountId: string; readonly nowMs: number },
): Promise<RunningPayer> {
  const [row] = await sql.all(
    `SELECT a.state, a.currency, ${HAS_BUNDLES}, ${CAPS_COLUMNS} FROM accounts a ${CAPS_JOINS} WHERE a.id = ?`,
    [nowMs, accountId],
  );
  if (!row) throw new NotFound('account', accountId);
  return {
    state: accountState(text(row.state)),
    hasBundles: integer(row.bundles) > 0,
    caps: toCaps(row, currency(text(row.currency))),
  };
}
