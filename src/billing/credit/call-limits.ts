import { InvalidInput } from '../../kernel/app-error';
import { DuplicateKey, integer, type Sql, text } from '../../kernel/unit-of-work';
import { CALL_LEASE_MS } from '../../leases/lease';
import type { Claim } from '../../leases/locked-places';
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

/** Limits that were set for the scopes of some calls, by scope. */
export async function readLimits(
  sql: Sql,
  calls: readonly CreditWanted[],
): Promise<ReadonlyMap<string, number>> {
  const scopes = [...new Set(calls.flatMap((call) => scopesOf(call).map(({ scope }) => scope)))];
  const rows = await sql.all(
    `SELECT scope, most FROM call_limits WHERE scope IN (${scopes.map(() => '?').join(', ')})`,
    scopes,
  );
  return new Map(rows.map((row) => [text(row.scope), integer(row.most)]));
}

/** The places that a call needs. A scope that neither the operator nor the house limits needs none. */
export function placesOf(call: CreditWanted, limits: ReadonlyMap<string, number>): readonly Claim[] {
  return scopesOf(call).flatMap(({ scope, house }) => {
    const limit = limits.get(scope) ?? house;
    if (limit === null) return [];
    return [
      { holderId: call.callId, nodeId: call.nodeId, scope, limit, expiresAtMs: call.nowMs + CALL_LEASE_MS },
    ];
  });
}

type LimitedScope = { readonly scope: string; readonly house: number | null };

function scopesOf({ payerAccountId, direction, roomId }: CreditWanted): readonly LimitedScope[] {
  const oneWay =
    direction === 'inbound'
      ? { scope: `account-in:${payerAccountId}`, house: HOUSE_MAX_INBOUND }
      : { scope: `account-out:${payerAccountId}`, house: HOUSE_MAX_OUTBOUND };
  return [
    { scope: `account:${payerAccountId}`, house: null },
    oneWay,
    ...(roomId === null ? [] : [{ scope: `room:${roomId}`, house: null }]),
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
