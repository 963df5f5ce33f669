import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import type { z } from 'zod';
import type { Clock } from '../kernel/clock';
import { fingerprint } from '../kernel/ids';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { type Caller, callerByKey } from './api-keys';
import { consoleFiles } from './console-files';
import { BadRequest, Denied, problemOf } from './error-response';
import { type IdempotentRequest, once, type StoredAnswer } from './idempotency';
import { openApiDocument } from './openapi';
import { mustOwn, type Owners } from './own-things';
import type { Route, Upload } from './route';
import { addressOf, mustBeOurPage, mustKnowToken, type SessionDoor, sessionSecretOf } from './session-door';
import { WrongKeys } from './wrong-keys';

/** Largest JSON body. */
const MAX_BODY = '100kb';
const MINUTE_MS = 60_000;

export type HttpParts = {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly routes: readonly Route[];
  /** How it is known whose a thing is. */
  readonly owners: Owners;
  readonly version: string;
  /** Requests of one address in a minute; more get 429. */
  readonly requestsPerMinute: number;
  /** Addresses and networks of proxies in front of us, which say by X-Forwarded-For who asks. */
  readonly trustedProxies: readonly string[];
  /** Where the built console lies; null: none is served. */
  readonly consoleFolder: string | null;
  /** Where the console's telephone connects, beside us. */
  readonly websocketUrls: readonly string[];
  /** How browsers are signed in. */
  readonly sessions: SessionDoor;
  /** Told of every change that staff and programs ask for, before it is made. */
  readonly onStaffWrite: (asked: StaffRequest) => Promise<void>;
  /** Told of every read of what belongs to people, by those who may because of their role. @throws when the reader has not said what for */
  readonly onPersonalRead: (asked: StaffRequest) => Promise<void>;
  /** Told of every answer, for metrics: the route's path as declared. */
  readonly onAnswer: (route: Route, status: number, durationMs: number) => void;
};

/** What a page of ours may load and where it may speak to: nothing of others, nothing written into the page itself. */
const contentPolicy = (websocketUrls: readonly string[]) => ({
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  mediaSrc: ["'self'", 'blob:'],
  connectSrc: ["'self'", ...websocketUrls.map((url) => new URL(url).origin)],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
});

/** A request of somebody who may reach things of others. */
export type StaffRequest = {
  readonly caller: Caller;
  readonly method: Route['method'];
  /** The path that was asked for, without its query. */
  readonly path: string;
  readonly address: string;
  readonly nowMs: number;
};

const ANONYMOUS: Caller = {
  id: 'anonymous',
  label: 'anonymous',
  scopes: [],
  ownScopes: [],
  accountId: null,
  personId: null,
  sessionId: null,
};

/** The API as an Express application: every route from the table, each behind its scope, checked by its schemas. */
export function httpApp(parts: HttpParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Whom X-Forwarded-For is believed from; of anybody else it is his own word.
  app.set('trust proxy', parts.trustedProxies.length > 0 ? [...parts.trustedProxies] : false);
  app.use(
    helmet({ contentSecurityPolicy: { useDefaults: false, directives: contentPolicy(parts.websocketUrls) } }),
  );
  if (parts.consoleFolder !== null) app.use(consoleFiles(parts.consoleFolder));
  app.use(
    rateLimit({
      windowMs: MINUTE_MS,
      limit: parts.requestsPerMinute,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      handler: (_req, _res, next) => {
        const most = `${parts.requestsPerMinute} requests a minute are the most from one address`;
        next(new Denied('too-many-tries', `${most}; go on after what Retry-After says`));
      },
    }),
  );
  const json = express.json({ limit: MAX_BODY });
  const rawPaths = new Set(parts.routes.filter(takesJsonRaw).map(({ path }) => `/api/v1${path}`));
  app.use((req, res, next) => (rawPaths.has(req.path) ? next() : json(req, res, next)));
  const wrongKeys = new WrongKeys();
  const document = openApiDocument(parts.routes, parts.version);
  app.get('/api/v1/openapi.json', (_, res) => void res.json(document));
  for (const route of parts.routes)
    app[route.method](`/api/v1${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`, (req, res) =>
      serve(parts, wrongKeys, route, req, res),
    );
  app.use((_req: Request, res: Response) =>
    sendProblem(res, new Denied('forbidden', 'there is nothing at this address'), 404),
  );
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error);
    sendProblem(res, asAppError(error, parts.log));
  });
  return app;
}

/** Listens; gives the port and how to stop. Connections that stream are ended on close. */
export async function listen(
  app: Express,
  host: string,
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer(app);
  // Slow senders may not hold a connection for ever.
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  parts: HttpParts,
  wrongKeys: WrongKeys,
  route: Route,
  req: Request,
  res: Response,
): Promise<void> {
  const startedAtMs = parts.clock.monotonicMs();
  res.once('finish', () => parts.onAnswer(route, res.statusCode, parts.clock.monotonicMs() - startedAtMs));
  const nowMs = parts.clock.nowMs();
  const caller = await authorise(parts, wrongKeys, route, req, nowMs);
  const upload = route.upload ? await readUpload(route.upload, req, res) : null;
  const params = check('path', route.params, req.params);
  const query = check('query', route.query, req.query);
  const body = check('body', route.body, req.body);
  const asking = { path: params, query, body };
  const checked = {
    params,
    query,
    body,
    upload: upload ?? Buffer.alloc(0),
    caller: await asWhom(parts, route, caller, asking),
    nowMs,
  };
  const asked = { caller, method: route.method, path: req.path, address: addressOf(req), nowMs };
  if (isPersonalRead(route, caller)) await parts.onPersonalRead(asked);
  if (route.method !== 'get' && route.scope !== 'public' && caller.scopes.length > 0)
    await parts.onStaffWrite(asked);
  const run = () => route.handle(checked as never, { req, res });
  if (route.answer.kind === 'stream') {
    await run();
    return;
  }
  if (route.answer.kind === 'redirect') {
    res.setHeader('Cache-Control', 'no-store');
    res.redirect(302, (await run()) as string);
    return;
  }
  const status = route.answer.status ?? 200;
  if (route.method !== 'post') {
    const body = await run();
    // A handler may have set another status: readiness answers 503 with a body.
    res.status(res.statusCode === 200 ? status : res.statusCode).json(body);
    return;
  }
  if (!route.remembered) {
    const body = await run();
    res.status(status).json(body);
    return;
  }
  const request: IdempotentRequest = {
    callerId: caller.id,
    key: req.get('Idempotency-Key'),
    content: JSON.stringify([
      route.method,
      req.originalUrl,
      upload ? fingerprint(upload) : (req.body ?? null),
    ]),
    nowMs,
  };
  const { answer, repeated } = await once(parts.database, request, () =>
    answerOf(route, status, run, parts.log),
  );
  if (repeated) res.setHeader('Idempotency-Hit', 'true');
  if (answer.status >= 400) res.type('application/problem+json');
  res.status(answer.status).json(answer.body);
}

/** A webhook is signed over its bytes: JSON that was read and written again has others. Such paths have no parameters. */
function takesJsonRaw({ upload }: Route): boolean {
  return upload?.contentType === 'application/json';
}

/** Reads a file of the route's type, no more than it may have. @throws BadRequest without one; what Express throws when it is too large */
async function readUpload(wanted: Upload, req: Request, res: Response): Promise<Buffer> {
  const read = express.raw({ type: wanted.contentType, limit: wanted.maxBytes });
  await new Promise<void>((resolve, reject) => {
    read(req, res, (error?: unknown) => (error ? reject(error) : resolve()));
  });
  const body: unknown = req.body;
  if (Buffer.isBuffer(body)) return body;
  throw new BadRequest([
    { field: 'body', problem: `is no file; send it with Content-Type: ${wanted.contentType}` },
  ]);
}

/** Runs a POST and gives what is answered and what is kept for a repeat; refusals are kept like answers. */
async function answerOf(
  route: Route,
  status: number,
  run: () => Promise<unknown>,
  log: Log,
): Promise<{ answer: StoredAnswer; stored: StoredAnswer }> {
  try {
    const body = await run();
    const kept = Object.fromEntries(
      Object.entries(body as object).map(([name, value]) => [
        name,
        route.toldOnce.includes(name) ? null : value,
      ]),
    );
    return { answer: { status, body }, stored: { status, body: kept } };
  } catch (error) {
    const problem = problemOf(asAppError(error, log));
    const answer = { status: problem.status, body: problem };
    return { answer, stored: answer };
  }
}

async function authorise(
  parts: HttpParts,
  wrongKeys: WrongKeys,
  route: Route,
  req: Request,
  nowMs: number,
): Promise<Caller> {
  const secret = /^Bearer (\S{1,200})$/.exec(req.get('Authorization') ?? '')?.[1];
  // A form of another site carries cookies of ours along, and says where it comes from.
  if (route.method !== 'get' && secret === undefined) mustBeOurPage(req, parts.sessions.publicUrl);
  if (route.scope === 'public') return ANONYMOUS;
  const caller = secret
    ? await byKey(parts, wrongKeys, secret, addressOf(req), nowMs)
    : await bySession(parts.sessions, route, req, nowMs);
  if (!mayToAll(route, caller) && !mayToOwn(route, caller))
    throw new Denied(
      'forbidden',
      route.scope === 'signed-in'
        ? 'this is for people who are signed in, not for keys'
        : `this needs the scope ${route.scope}`,
    );
  return caller;
}

async function byKey(
  parts: HttpParts,
  wrongKeys: WrongKeys,
  secret: string,
  address: string,
  nowMs: number,
): Promise<Caller> {
  const waitMs = wrongKeys.waitMs(address, nowMs);
  if (waitMs > 0)
    throw new Denied('too-many-tries', `too many wrong keys; wait ${Math.ceil(waitMs / 1000)} s`);
  const caller = await callerByKey(parts.database.read, secret, nowMs);
  if (caller) return caller;
  wrongKeys.add(address, nowMs);
  throw new Denied('unauthenticated', 'this key is unknown, expired or revoked');
}

async function bySession(sessions: SessionDoor, route: Route, req: Request, nowMs: number): Promise<Caller> {
  const secret = sessionSecretOf(req);
  const found = secret === null ? null : await sessions.find(secret, nowMs);
  if (!found)
    throw new Denied(
      'unauthenticated',
      'sign in, or send a key: "Authorization: Bearer <key>"; create-key makes one',
    );
  if (route.method !== 'get') mustKnowToken(req, found.csrfToken);
  return found.caller;
}

function mayToAll(route: Route, caller: Caller): boolean {
  if (route.scope === 'public') return true;
  return route.scope === 'signed-in' ? caller.personId !== null : caller.scopes.includes(route.scope);
}

/** Whether somebody reads of people what he may because of his role; on his own things nobody is asked. */
function isPersonalRead(route: Route, caller: Caller): boolean {
  if (route.personal === false || !mayToAll(route, caller)) return false;
  return route.personal === true || caller.scopes.includes('numbers:full');
}

/** Only a route that says how own things are known is open to those who may do something to their own. */
function mayToOwn(route: Route, caller: Caller): caller is Caller & { readonly accountId: string } {
  return (
    route.own !== null &&
    caller.accountId !== null &&
    route.scope !== 'public' &&
    route.scope !== 'signed-in' &&
    caller.ownScopes.includes(route.scope)
  );
}

/** The caller as the handler sees him: on his own things he sees numbers whole, and nothing else that his scopes do not give. */
async function asWhom(
  parts: HttpParts,
  route: Route,
  caller: Caller,
  asking: Parameters<typeof mustOwn>[3],
): Promise<Caller> {
  if (mayToAll(route, caller) || !mayToOwn(route, caller) || route.own === null) return caller;
  await mustOwn(parts.owners, parts.database.read, route.own, asking, caller);
  return { ...caller, scopes: [...caller.ownScopes, 'numbers:full'] };
}

function check(part: string, schema: z.ZodObject | null, value: unknown): unknown {
  if (!schema) return {};
  // Unknown fields are refused: one that is misspelt would be passed over in silence, one that is planted would be a hole.
  const result = schema.strict().safeParse(value ?? {});
  if (result.success) return result.data;
  throw new BadRequest(
    result.error.issues.map((issue) => ({ field: [part, ...issue.path].join('.'), problem: issue.message })),
  );
}

/** Express reports bodies it cannot read in a form of its own. */
function asAppError(error: unknown, log: Log): unknown {
  const type = (error as { type?: unknown } | null)?.type;
  if (type === 'entity.parse.failed') return new BadRequest([{ field: 'body', problem: 'is no JSON' }]);
  if (type === 'entity.too.large')
    return new BadRequest([
      { field: 'body', problem: `is larger than ${(error as { limit?: number }).limit} bytes` },
    ]);
  if (error instanceof URIError) return new BadRequest([{ field: 'path', problem: 'has a broken % escape' }]);
  if (problemOf(error).status === 500) log.error('a request failed', { error });
  return error;
}

function sendProblem(res: Response, error: unknown, status?: number): void {
  const problem = problemOf(error);
  const shown =
    status === undefined
      ? problem
      : { ...problem, status, title: 'Not found', type: 'urn:123-voip:not-found' };
  if (shown.status === 401) res.setHeader('WWW-Authenticate', 'Bearer');
  res.status(shown.status).type('application/problem+json').json(shown);
}
