import { randomUUID } from 'node:crypto';
import type { Express } from 'express';
import supertest, { type Response } from 'supertest';

/** A browser that keeps the session cookie and, as our pages do, sends Origin and the CSRF token. */
export class Page {
  cookie: string | null = null;
  /** The cookie of a way to a provider and back. */
  flow: string | null = null;
  csrfToken = '';
  origin: string | null = 'https://voip.example.org';

  constructor(private readonly app: Express) {}

  get(path: string): Promise<Response> {
    return this.#ask('get', path, null);
  }

  post(path: string, body: object = {}): Promise<Response> {
    return this.#ask('post', path, body);
  }

  patch(path: string, body: object): Promise<Response> {
    return this.#ask('patch', path, body);
  }

  delete(path: string): Promise<Response> {
    return this.#ask('delete', path, null);
  }

  /** Signs in and reads the CSRF token; gives the answer to the password. */
  async signIn(mail: string, password: string): Promise<Response> {
    const answer = await this.post('/session', { mail, password });
    await this.readToken();
    return answer;
  }

  /** Reads the session, as a page does that is loaded. */
  async readToken(): Promise<Response> {
    const session = await this.get('/session');
    if (session.status === 200) this.csrfToken = session.body.csrfToken;
    return session;
  }

  async #ask(method: 'get' | 'post' | 'patch' | 'delete', path: string, body: object | null) {
    const request = supertest(this.app)[method](`/api/v1${path}`);
    const cookies = [
      ...(this.cookie === null ? [] : [`__Host-session=${this.cookie}`]),
      ...(this.flow === null ? [] : [`__Host-sign-in=${this.flow}`]),
    ];
    if (cookies.length > 0) void request.set('Cookie', cookies.join('; '));
    if (method !== 'get') {
      void request.set('X-CSRF-Token', this.csrfToken);
      if (this.origin !== null) void request.set('Origin', this.origin);
    }
    if (method === 'post') void request.set('Idempotency-Key', randomUUID());
    const answer = body === null ? await request : await request.send(body);
    for (const set of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name, value = ''] = /^__Host-(session|sign-in)=([^;]*)/.exec(set) ?? [];
      if (name === 'session') this.cookie = value || null;
      if (name === 'sign-in') this.flow = value || null;
    }
    return answer;
  }
}
