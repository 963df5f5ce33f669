import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';

type Taken = { readonly kind: string; readonly facts: Readonly<Record<string, string>> };

/** How it behaves: as it should; does the work and answers as if it had not; or hangs up. */
export type Mood = 'well' | 'answers-lost' | 'broken';

/**
 * A billing API of somebody else's, on Express: it checks each message's signature and does the work of each Idempotency-Key once, as our README asks
 * receivers to.
 */
export class BillingApi {
  mood: Mood = 'well';
  readonly taken = new Map<string, Taken>();
  requests = 0;
  forged = 0;
  #secret = '';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<BillingApi> {
    const app = express();
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const api = new BillingApi(server);
    app.post('/events', express.text({ type: '*/*' }), (req, res) => {
      api.requests += 1;
      if (api.mood === 'broken') return void req.socket.destroy();
      const body = String(req.body);
      if (!api.#isGenuine(req.headers, body)) {
        api.forged += 1;
        return void res.sendStatus(401);
      }
      const key = String(req.headers['idempotency-key']);
      if (!api.taken.has(key)) api.taken.set(key, JSON.parse(body) as Taken);
      // Every second answer is lost on its way, though the work is done.
      if (api.mood === 'answers-lost' && api.requests % 2 === 1) return void req.socket.destroy();
      res.sendStatus(204);
    });
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/events`;
  }

  /** Whoever set the endpoint up gives it the secret that was told once. */
  trust(secret: string): void {
    this.#secret = secret;
  }

  /** The sum of all charges that it was told of, in micros. */
  get chargedMicros(): bigint {
    return [...this.taken.values()]
      .filter(({ kind }) => kind === 'call.charged')
      .reduce((sum, { facts }) => sum + BigInt(facts.chargeMicros ?? 0), 0n);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  #isGenuine(headers: Readonly<Record<string, unknown>>, body: string): boolean {
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const key = Buffer.from(this.#secret.slice('whsec_'.length), 'base64');
    const wanted = Buffer.from(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    return String(headers['webhook-signature'])
      .split(' ')
      .some((one) => one.length === wanted.length && timingSafeEqual(Buffer.from(one), wanted));
  }
}
