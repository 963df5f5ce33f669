import type { Request, Response } from 'express';
import { z } from 'zod';
import { type Money, showMoney } from '../kernel/money';
import type { Caller } from './api-keys';
import type { OwnRule } from './own-things';
import type { Scope } from './roles';

/** A request after its parts have been checked against the route's schemas. */
export type Checked<Params, Query, Body> = {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The file that was sent, when the route takes one; else empty. */
  readonly upload: Buffer;
  readonly caller: Caller;
  readonly nowMs: number;
};

/** What a route answers with: JSON, a stream that it writes itself, or where the browser goes on (its handler gives the address). */
export type Answer =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly status?: 200 | 201 }
  | { readonly kind: 'stream'; readonly contentType: string; readonly about: string }
  | { readonly kind: 'redirect'; readonly about: string };

/** A file that a route takes as its body. */
export type Upload = { readonly contentType: string; readonly maxBytes: number };

/** One URL: everything about it in one place; OpenAPI is made from it. Paths are below /api/v1. */
export type Route = {
  /** A POST is once only by its Idempotency-Key; a PATCH sets fields and a DELETE removes, so a second one changes nothing. */
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** With {name} for parameters. */
  readonly path: string;
  readonly summary: string;
  /** Who may: a scope, anybody, or whoever is signed in. There is no default: a route without one does not compile. */
  readonly scope: Scope | 'public' | 'signed-in';
  /** How what is asked about is known to be the caller's own, so that he may without the scope on everything; null: he may not. */
  readonly own: OwnRule | null;
  readonly params: z.ZodObject | null;
  readonly query: z.ZodObject | null;
  readonly body: z.ZodObject | null;
  /** A file instead of a JSON body: its type and the most it may have. */
  readonly upload: Upload | null;
  readonly answer: Answer;
  /** Fields of the answer that are told once: a repeated POST gets null in their place, and they are not stored. */
  readonly toldOnce: readonly string[];
  /** False: nothing of the request is kept for a repeat, not even a fingerprint, since it carries a password or a code; it needs no Idempotency-Key. */
  readonly remembered: boolean;
  /**
   * What it gives belongs to people: who sees it because of his role must have said what for, and each read is audited. 'full-numbers': only for those
   * who see numbers whole.
   */
  readonly personal: boolean | 'full-numbers';
  readonly handle: (
    checked: Checked<never, never, never>,
    raw: { req: Request; res: Response },
  ) => Promise<unknown>;
};

/** Routes below /accounts/{accountId}, and those below /rooms/{roomId}. */
export const OWN_ACCOUNT: OwnRule = { thing: 'account', at: 'path.accountId' };
export const OWN_ROOM: OwnRule = { thing: 'room', at: 'path.roomId' };

type Shape<T> = T extends z.ZodObject ? z.infer<T> : Record<string, never>;

/** Writes a route down with its handler's argument typed by its schemas. */
export function route<
  P extends z.ZodObject | null = null,
  Q extends z.ZodObject | null = null,
  B extends z.ZodObject | null = null,
>(wanted: {
  method: Route['method'];
  path: string;
  summary: string;
  scope: Route['scope'];
  own?: OwnRule;
  params?: P;
  query?: Q;
  body?: B;
  upload?: Upload;
  answer: Answer;
  toldOnce?: readonly string[];
  remembered?: boolean;
  personal?: Route['personal'];
  handle: (
    checked: Checked<Shape<P>, Shape<Q>, Shape<B>>,
    raw: { req: Request; res: Response },
  ) => Promise<unknown>;
}): Route {
  return {
    toldOnce: [],
    remembered: true,
    personal: false,
    ...wanted,
    own: wanted.own ?? null,
    params: wanted.params ?? null,
    query: wanted.query ?? null,
    body: wanted.body ?? null,
    upload: wanted.upload ?? null,
    handle: wanted.handle,
  };
}

/** Money in JSON: micros as text, since a JSON number may lose digits. */
export const moneySchema = z.object({
  amountMicros: z.string().regex(/^-?\d+$/),
  currency: z.string().length(3),
  text: z.string(),
});

export function moneyJson(amount: Money): z.infer<typeof moneySchema> {
  return { amountMicros: amount.amountMicros.toString(), currency: amount.currency, text: showMoney(amount) };
}

/** Page size, checked. */
export const limitSchema = z.coerce.number().int().min(1).max(200).default(50);

/** A country: ISO 3166-1 alpha-2. */
export const countrySchema = z
  .string()
  .regex(/^[A-Z]{2}$/, 'is no country; write two capital letters of ISO 3166-1, for example BE');

/** A language: ISO 639-1, perhaps with a region. */
export const languageSchema = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'is no language; write a code of ISO 639-1, for example fr');

/** A query's yes or no. */
export const flagSchema = z.enum(['true', 'false']).default('false');

/** The faults of a file's lines, as an import reports them. */
export const lineFaultsSchema = z.array(
  z.object({ line: z.number(), field: z.string(), problem: z.string(), remedy: z.string() }),
);

/** A point in time in a query: ISO 8601, or milliseconds since 1970. */
export const timeSchema = z
  .union([z.iso.datetime({ offset: true }), z.string().regex(/^\d{1,15}$/)])
  .transform((value) => (/^\d+$/.test(value) ? Number(value) : Date.parse(value)));

/** An opaque position in a list: what `next` of a page gives. */
export function encodeCursor(position: object): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** Reads a cursor into the schema of its position; a made-up one is a fault of the query. */
export function cursorSchema<T extends z.ZodType>(position: T) {
  return z
    .string()
    .max(500)
    .transform((text, context): z.infer<T> => {
      try {
        return position.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
      } catch {
        context.addIssue({ code: 'custom', message: 'is no cursor; use "next" of the page before' });
        return z.NEVER;
      }
    });
}
