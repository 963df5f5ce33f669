import { timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { fingerprint } from '../kernel/ids';
import type { Caller } from './api-keys';
import { Denied } from './error-response';

/** The prefix has browsers refuse it from elsewhere: it is of this host alone, of every path, and secure (RFC 6265bis 4.1.3). */
export const SESSION_COOKIE = '__Host-session';

/** What a cookie of that prefix must be, and what pages need not see of it. */
export const HOST_COOKIE = { httpOnly: true, secure: true, sameSite: 'lax', path: '/' } as const;

/** How a request's cookie is known to be somebody's: what the API asks of those who keep sessions. */
export type SessionDoor = {
  /** Whoever is signed in by this cookie, and the token that his pages send; null when nobody is. */
  find(
    secret: string,
    nowMs: number,
  ): Promise<{ readonly caller: Caller; readonly csrfToken: string } | null>;
  /** What addresses of ours begin with; '' when only the Host of a request tells. */
  readonly publicUrl: string;
};

/** The secret of the session cookie, or null. */
export function sessionSecretOf(req: Request): string | null {
  return cookieOf(req, SESSION_COOKIE, 200);
}

/** The value of a cookie, or null without one or with one that is too long to be ours. */
export function cookieOf(req: Request, wanted: string, mostCharacters: number): string | null {
  for (const pair of (req.get('Cookie') ?? '').split(';')) {
    const [name, value] = pair.trim().split('=');
    if (name === wanted && value && value.length <= mostCharacters) return value;
  }
  return null;
}

/** Sets the session cookie; it ends with the browser or with `lastsMs`, whichever the session allows. */
export function setSessionCookie(res: Response, secret: string, lastsMs: number): void {
  res.cookie(SESSION_COOKIE, secret, { ...HOST_COOKIE, maxAge: lastsMs });
}

export function clearSessionCookie(res: Response): void {
  res.clearCookie(SESSION_COOKIE, HOST_COOKIE);
}

/** Where a request comes from; addresses of one IPv6 network (/64), which one user has all of, count as one. */
export function addressOf(req: Request): string {
  const address = (req.ip ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0');
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`;
}

/** A page of another site may not have a visitor's browser change something here. @throws Denied */
export function mustBeOurPage(req: Request, publicUrl: string): void {
  const origin = req.get('Origin');
  if (origin === undefined || origin === publicUrl) return;
  const host = req.get('Host');
  if (host !== undefined && [`http://${host}`, `https://${host}`].includes(origin)) return;
  throw new Denied('forbidden', 'this request comes from a page of another site');
}

/**
 * The cookie alone proves nothing, since browsers send it for whoever asks; only a page of ours can read this token.
 * @throws Denied without Origin, or with another token
 */
export function mustKnowToken(req: Request, csrfToken: string): void {
  const given = Buffer.from(fingerprint(req.get('X-CSRF-Token') ?? ''));
  if (req.get('Origin') !== undefined && timingSafeEqual(given, Buffer.from(fingerprint(csrfToken)))) return;
  throw new Denied(
    'forbidden',
    'a request by session needs Origin and X-CSRF-Token, which GET /session tells; load the page again',
  );
}
