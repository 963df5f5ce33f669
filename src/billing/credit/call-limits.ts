import { InvalidInput } from '../../kernel/app-error';
import {
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  type SqlValue,
  text,
} from '../../kernel/unit-of-work';
import type { LeaseWish } from '../../leases/lease';
import type { CreditWanted } from './credit-wanted';

/** Calls that go on at once and are paid by one account, where nobody said otherwise. */
export const HOUSE_MAX_INBOUND = 1_000;
export const HOUSE_MAX_OUTBOUND = 100;
/** The highest limit that can be set. */
const MAX_LIMIT = 100_000;

/** What can be limited: all calls of an account, those of one direction, those into one room. */
export const LIMIT_KINDS = ['account', 'account-in', 'account-out', 'room'] as const;

export type LimitKind = (typeof LIMIT_KINDS)[number];

/** A limit that was set; everything else has the house's. */
export type CallLimit = { readonly kind: LimitKind; readonly id: string; readonly most: number };

/** Columns of a SELECT that read the limits of a call, with their values. `limitWishes` reads the row. */
export function limitColumns(wanted: CreditWanted): {
  readonly sql: string;
  readonly values: readonly SqlValue[];
} {
  const scopes = scopesOf(wanted);
  return {
    sql: scopes.map(({ column }) => `(SELECT most FROM call_limits WHERE scope = ?) AS ${column}`).join(', '),
    values: scopes.map(({ scope }) => scope),
  };
}

/** The places that a call needs. A scope that neither the operator nor the house limits needs none. */
export function limitWishes(wanted: CreditWanted, row: Row): readonly LeaseWish[] {
  return scopesOf(wanted).flatMap(({ scope, column, house }) => {
    const limit = integerOrNull(row[column]) ?? house;
    return limit === null ? [] : [{ scope, limit }];
  });
}

type LimitedScope = { readonly scope: string; readonly column: string; readonly house: number | null };

function scopesOf({ payerAccountId, direction, roomId }: CreditWanted): readonly LimitedScope[] {
  const oneWay =
    direction === 'inbound'
      ? { scope: `account-in:${payerAccountId}`, house: HOUSE_MAX_INBOUND }
      : { scope: `account-out:${payerAccountId}`, house: HOUSE_MAX_OUTBOUND };
  return [
    { scope: `account:${payerAccountId}`, column: 'most_calls', house: null },
    { ...oneWay, column: 'most_one_way' },
    ...(roomId === null ? [] : [{ scope: `room:${roomId}`, column: 'most_in_room', house: null }]),
  ];
}

/** Sets how many calls may go on at once; null gives back the house's limit. Running calls stay. @throws InvalidInput */
export async function setCallLimit(
  sql: Sql,
  { kind, id, most }: { readonly kind: LimitKind; readonly id: string; readonly most: number | null },
): Promise<void> {
  const scope = `${kind}:${id}`;
  if (most === null) {
    await sql.run('DELETE FROM call_limits WHERE scope = ?', [scope]);
    return;
  }
  if (!Number.isInteger(most) || most < 0 || most > MAX_LIMIT)
    throw new InvalidInput('most', `is ${most}`, `give a whole number from 0 to ${MAX_LIMIT}`);
  try {
    await sql.run('INSERT INTO call_limits (scope, most) VALUES (?, ?)', [scope, most]);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    await sql.run('UPDATE call_limits SET most = ? WHERE scope = ?', [most, scope]);
  }
}

/** The limits that were set for an account or a room. */
export async function readCallLimits(sql: Sql, id: string): Promise<readonly CallLimit[]> {
  const scopes = LIMIT_KINDS.map((kind) => `${kind}:${id}`);
  const rows = await sql.all(
    `SELECT scope, most FROM call_limits WHERE scope IN (${scopes.map(() => '?').join(', ')}) ORDER BY scope`,
    scopes,
  );
  return rows.map((row) => ({
    kind: text(row.scope).split(':')[0] as LimitKind,
    id,
    most: integer(row.most),
  }));
}
