import { NotFound } from '../kernel/app-error';
import type { Sql } from '../kernel/unit-of-work';
import type { Caller } from './api-keys';
import { Denied } from './error-response';

/** Kinds of things that belong to an account. */
export const OWN_THINGS = [
  'account',
  'room',
  'invoice',
  'device',
  'cdr',
  'recording',
  'voicemail',
  'notice',
  'payment',
  'did',
  'deck',
] as const;

export type OwnThing = (typeof OWN_THINGS)[number];

/** A field of a request that names a thing: its part and its name there. */
export type FieldPlace = `${'path' | 'query' | 'body'}.${string}`;

/**
 * How it is known that what a request is about is the caller's own: the field that names a thing, or one of several when any of them
 * is enough. 'signed-in': what everybody who has an account may see, since it is about nobody.
 */
export type OwnRule =
  | 'signed-in'
  | { readonly thing: OwnThing; readonly at: FieldPlace | readonly FieldPlace[] };

/** For each kind of thing: whether the one with this id belongs to the account. False, or NotFound, when there is none. */
export type Owners = Readonly<
  Record<OwnThing, (sql: Sql, id: string, accountId: string) => Promise<boolean>>
>;

type Parts = { readonly path: unknown; readonly query: unknown; readonly body: unknown };

/**
 * Lets a caller through whose scopes do not cover the route, when what he asks about is his own. What is somebody else's and what does
 * not exist are refused alike, so that nobody learns which ids there are.
 * @throws Denied
 */
export async function mustOwn(
  owners: Owners,
  sql: Sql,
  rule: OwnRule,
  parts: Parts,
  caller: Caller & { readonly accountId: string },
): Promise<void> {
  if (rule === 'signed-in') return;
  const places = typeof rule.at === 'string' ? [rule.at] : rule.at;
  for (const place of places) {
    const id = valueAt(parts, place);
    if (id !== null && (await isOwn(owners, sql, rule.thing, id, caller.accountId))) return;
  }
  throw new Denied(
    'forbidden',
    `this ${rule.thing} is not yours; name one of your own in ${places.join(' or ')}`,
  );
}

async function isOwn(
  owners: Owners,
  sql: Sql,
  thing: OwnThing,
  id: string,
  accountId: string,
): Promise<boolean> {
  try {
    return await owners[thing](sql, id, accountId);
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

function valueAt(parts: Parts, place: FieldPlace): string | null {
  const [part, name] = place.split('.') as [keyof Parts, string];
  const value = (parts[part] as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : null;
}
