/** One thing of a request that does not fit, as the API names it. */
export type Fault = {
  readonly field: string;
  readonly problem: string;
  readonly line?: number;
  readonly remedy?: string;
};

/** What the API refused, and why: problem+json (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly faults: readonly Fault[];
  constructor(
    status: number,
    body: { type?: string; title?: string; detail?: string; faults?: readonly Fault[] },
  ) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = (body.type ?? '').replace('urn:123-voip:', '');
    this.title = body.title ?? '';
    this.faults = body.faults ?? [];
  }
}

export type QueryValue = string | number | boolean | null | undefined;
export type Query = Readonly<Record<string, QueryValue>>;

export type Wish = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly query?: Query;
  readonly body?: unknown;
  /** A CSV file instead of a JSON body. */
  readonly file?: Blob;
  /** One wish is carried out once however often it is sent: the same key again gives the first answer. */
  readonly key?: string;
  /** Asks as the guest of a room instead of by the session. */
  readonly guestToken?: string;
  readonly signal?: AbortSignal;
};

let csrfToken = '';

/** The token that a session's changes must carry; told by GET /session. */
export function rememberToken(token: string): void {
  csrfToken = token;
}

/** A key for one wish; works on pages that are not served securely, too. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/** The address of something of the API, for links and downloads. */
export function urlOf(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value));
  const text = parameters.toString();
  return `/api/v1${path}${text ? `?${text}` : ''}`;
}

/**
 * Asks the API and gives its answer.
 * @throws Problem for what it refuses, and with status 0 when it cannot be reached
 */
export async function ask<T>(path: string, wish: Wish = {}): Promise<T> {
  const method = wish.method ?? 'GET';
  const headers = new Headers({ Accept: 'application/json' });
  if (method !== 'GET') headers.set('X-CSRF-Token', csrfToken);
  if (method === 'POST') headers.set('Idempotency-Key', wish.key ?? newKey());
  if (wish.guestToken !== undefined) headers.set('Authorization', `Guest ${wish.guestToken}`);
  if (wish.file) headers.set('Content-Type', 'text/csv');
  else if (wish.body !== undefined) headers.set('Content-Type', 'application/json');
  let answer: Response;
  try {
    answer = await fetch(urlOf(path, wish.query), {
      method,
      headers,
      body: wish.file ?? (wish.body === undefined ? null : JSON.stringify(wish.body)),
      credentials: 'same-origin',
      ...(wish.signal ? { signal: wish.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, { type: 'unreachable' });
  }
  const text = await answer.text();
  const body: unknown = readJson(text);
  if (!answer.ok) throw new Problem(answer.status, body ?? {});
  return body as T;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
