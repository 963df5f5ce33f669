import type { AccountState } from '../../accounts/account';
import { accountState } from '../../accounts/accounts-store';
import { NotFound } from '../../kernel/app-error';
import { type Currency, currency } from '../../kernel/money';
import { integer, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import type { Claim } from '../../leases/locked-places';
import type { Caps } from '../fraud-caps/caps';
import { CAPS_COLUMNS, CAPS_JOINS, toCaps } from '../fraud-caps/caps-store';
import { placeOf } from '../fraud-caps/number-place';
import { type OutwardCall, outwardCalls, SPENT_COLUMNS, SPENT_JOIN } from '../fraud-caps/outward-call';
import { placesOf, readLimits } from './call-limits';
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
  readonly places: readonly Claim[];
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

/**
 * Who pays each of some calls, in their order; NotFound for a call whose payer is not there. A few questions for all: this runs before
 * every charged call.
 */
export async function readPayers(
  sql: Sql,
  calls: readonly CreditWanted[],
): Promise<readonly (Payer | NotFound)[]> {
  const nowMs = Math.min(...calls.map((call) => call.nowMs));
  const ids = [...new Set(calls.map(({ payerAccountId }) => payerAccountId))];
  const rows = await sql.all(
    `SELECT a.id, a.currency, a.state, a.deck_id, ${HAS_BUNDLES}, ${CAPS_COLUMNS}, ${SPENT_COLUMNS}
     FROM accounts a ${CAPS_JOINS} ${SPENT_JOIN} WHERE a.id IN (${ids.map(() => '?').join(', ')})`,
    [nowMs, ...ids],
  );
  const byId = new Map(rows.map((row) => [text(row.id), row]));
  const limits = await readLimits(sql, calls);
  const outward = await outwardCalls(
    sql,
    calls.flatMap((call) => {
      const row = byId.get(call.payerAccountId);
      if (call.direction === 'inbound' || !row) return [];
      return [{ ...call, accountId: call.payerAccountId, place: placeOf(call.number), row }];
    }),
  );
  return calls.map((call) => {
    const row = byId.get(call.payerAccountId);
    if (!row) return new NotFound('account', call.payerAccountId);
    return { ...toPayer(row), places: placesOf(call, limits), outward: outward.get(call.callId) ?? null };
  });
}

function toPayer(row: Row): Omit<Payer, 'places' | 'outward'> {
  return {
    accountId: text(row.id),
    currency: currency(text(row.currency)),
    state: accountState(text(row.state)),
    deckId: textOrNull(row.deck_id),
    hasBundles: integer(row.bundles) > 0,
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
