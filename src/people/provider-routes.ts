import type { Request, Response } from 'express';
import { z } from 'zod';
import { type Route, route } from '../http/route';
import { addressOf, cookieOf, HOST_COOKIE, sessionSecretOf } from '../http/session-door';
import { NotFound } from '../kernel/app-error';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { openTicket } from './identity-ticket';
import { LinkNotGood } from './one-time-links';
import { readPerson } from './people-store';
import { addLink, linksOf, removeLink } from './person-links';
import { ProviderFault, type Providers } from './providers-oidc';
import { doneSchema, endEarlier, keepSession, visitorOf, whoAsks } from './session-routes';
import { findSession } from './sessions';
import { type Arrival, linkByProvider, signInByProvider, type SignInProblem } from './sign-in-by-provider';
import { beginFlow, FLOW_MS, openFlow, sealFlow, type SignInFlow, spendFlow, stateOf } from './sign-in-flow';

/** Of this host alone; a provider's page that leads back here has it sent along, and no other way it is. */
const FLOW_COOKIE = '__Host-sign-in';
const LONGEST_FLOW = 1_000;
export const ticketSchema = z.string().min(1).max(2_000);

const providerParams = z.object({ provider: z.string().max(20) });

/** URLs of signing in by other providers, and of the identities that are linked to somebody. */
export function providerRoutes(parts: {
  readonly database: Database;
  readonly providers: Providers;
  /** What flows and tickets are sealed with. */
  readonly key: Buffer;
  readonly houseLanguage: string;
  readonly log: Log;
}): readonly Route[] {
  const { database, providers, key, houseLanguage, log } = parts;

  /** Begins a way to a provider, and gives where it leads. @throws ProviderFault */
  const leave = async (providerId: string, personId: string | null, nowMs: number, res: Response) => {
    const provider = providers.find(providerId);
    if (!provider) throw new NotFound('provider', providerId);
    const flow = beginFlow({ providerId, personId, nowMs });
    const url = await providers.urlToGo(provider, flow, nowMs);
    res.cookie(FLOW_COOKIE, sealFlow(key, flow), { ...HOST_COOKIE, maxAge: FLOW_MS });
    return url;
  };

  /** The flow that an answer belongs to, used up; null when it is none of this browser and provider. */
  const flowOf = async (req: Request, providerId: string, nowMs: number): Promise<SignInFlow | null> => {
    const sealed = cookieOf(req, FLOW_COOKIE, LONGEST_FLOW);
    const flow = sealed === null ? null : openFlow(key, sealed, nowMs);
    if (!flow || flow.providerId !== providerId) return null;
    if (new URLSearchParams(queryOf(req)).get('state') !== stateOf(flow)) return null;
    return (await database.write((sql) => spendFlow(sql, flow))) ? flow : null;
  };

  const arrive = async (req: Request, res: Response, providerId: string, nowMs: number): Promise<Arrival> => {
    const provider = providers.find(providerId);
    if (!provider) return problem('unknown-provider');
    const flow = await flowOf(req, providerId, nowMs);
    res.clearCookie(FLOW_COOKIE, HOST_COOKIE);
    if (!flow) return problem('expired');
    const identity = await providers.identify(provider, flow, queryOf(req), nowMs);
    const arriving = { identity, visitor: visitorOf(req), houseLanguage, nowMs };
    if (flow.personId === null) return signInByProvider(database, key, arriving);
    const secret = sessionSecretOf(req);
    const found = secret === null ? null : await findSession(database.read, secret, nowMs);
    if (found?.session.stage !== 'signed-in' || found.person.id !== flow.personId)
      return problem('signed-out');
    return linkByProvider(database, flow.personId, arriving);
  };

  /** A browser is told by a page of ours, not by JSON; the operator by the log, without what was sent. */
  const told = (providerId: string, error: unknown): SignInProblem => {
    if (error instanceof NotFound) return 'unknown-provider';
    if (!(error instanceof ProviderFault)) throw error;
    const { problem: what, cause } = error;
    if (what !== 'provider-refused')
      log.warn('a provider did not vouch', { provider: providerId, problem: what, cause: causeOf(cause) });
    return what;
  };

  return [
    route({
      method: 'get',
      path: '/sign-in-providers',
      summary: 'Whom one may sign in by, beside a password',
      scope: 'public',
      answer: {
        kind: 'json',
        schema: z.object({ providers: z.array(z.object({ id: z.string(), label: z.string() })) }),
      },
      handle: async () => ({ providers: providers.all.map(({ id, label }) => ({ id, label })) }),
    }),
    route({
      method: 'get',
      path: '/sign-in/{provider}',
      summary: 'Leads to a provider, to sign in there',
      scope: 'public',
      params: providerParams,
      answer: { kind: 'redirect', about: 'To the provider, or back to /sign-in?problem=…' },
      handle: ({ params, nowMs }, { res }) =>
        leave(params.provider, null, nowMs, res).catch((error: unknown) =>
          addressAfter(problem(told(params.provider, error)), params.provider),
        ),
    }),
    route({
      method: 'get',
      path: '/sign-in/{provider}/callback',
      summary: 'Where providers lead back to: signs in whoever is linked, or links whoever went for that',
      scope: 'public',
      params: providerParams,
      answer: {
        kind: 'redirect',
        about:
          'To / when signed in; /sign-in?secondFactor=… when that must follow; /sign-up?provider=…#ticket=…&mail=…&name=… for somebody new; /security?linked=…; or /sign-in?problem=…',
      },
      handle: async ({ params, nowMs }, { req, res }) => {
        const arrival = await arrive(req, res, params.provider, nowMs).catch((error: unknown) =>
          problem(told(params.provider, error)),
        );
        if (arrival.kind === 'entered') {
          await endEarlier(database, req, nowMs);
          keepSession(res, arrival.done, nowMs);
        }
        return addressAfter(arrival, params.provider);
      },
    }),
    route({
      method: 'get',
      path: '/me/links',
      summary: 'The accounts at providers that one may sign in with',
      scope: 'signed-in',
      answer: {
        kind: 'json',
        schema: z.object({
          links: z.array(
            z.object({
              id: z.string(),
              provider: z.string(),
              label: z.string(),
              mail: z.string().nullable(),
              createdAtMs: z.number(),
              usedAtMs: z.number().nullable(),
            }),
          ),
        }),
      },
      handle: async ({ caller }) => {
        const links = await linksOf(database.read, whoAsks(caller).personId);
        return {
          links: links.map((link) => ({
            ...link,
            label: providers.find(link.provider)?.label ?? link.provider,
          })),
        };
      },
    }),
    route({
      method: 'post',
      path: '/me/links',
      summary:
        'Confirms the account at a provider that came with one’s mail address: from now on it signs in',
      scope: 'signed-in',
      remembered: false,
      body: z.object({ ticket: ticketSchema }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ caller, body, nowMs }, { req }) => {
        const { personId } = whoAsks(caller);
        const identity = openTicket(key, body.ticket, nowMs);
        // Somebody could be talked into linking what is not his; whose mail address it came with is not told.
        if (identity.personId !== personId) throw new LinkNotGood();
        await database.write(async (sql) => {
          const person = await readPerson(sql, personId);
          await addLink(sql, { person, identity, address: addressOf(req), houseLanguage, nowMs });
        });
        return { done: true };
      },
    }),
    route({
      method: 'post',
      path: '/me/links/{provider}',
      summary: 'Begins to link an account at a provider; the page goes on at the URL that it gets',
      scope: 'signed-in',
      remembered: false,
      params: providerParams,
      answer: { kind: 'json', schema: z.object({ url: z.string() }) },
      handle: async ({ caller, params, nowMs }, { res }) => ({
        url: await leave(params.provider, whoAsks(caller).personId, nowMs, res),
      }),
    }),
    route({
      method: 'delete',
      path: '/me/links/{linkId}',
      summary: 'An account at a provider signs in no more',
      scope: 'signed-in',
      params: z.object({ linkId: z.string().max(36) }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ caller, params, nowMs }, { req }) => {
        const person = await readPerson(database.read, whoAsks(caller).personId);
        await database.write((sql) =>
          removeLink(sql, params.linkId, { person, address: addressOf(req), nowMs }),
        );
        return { done: true };
      },
    }),
  ];
}

function problem(what: SignInProblem): Arrival {
  return { kind: 'problem', problem: what };
}

/** The page that somebody comes to. Tickets and mail addresses stand behind #, which browsers send to nobody. */
function addressAfter(arrival: Arrival, providerId: string): string {
  const provider = encodeURIComponent(providerId);
  switch (arrival.kind) {
    case 'entered':
      return arrival.methods.length === 0 ? '/' : `/sign-in?secondFactor=${arrival.methods.join(',')}`;
    case 'linked':
      return `/security?linked=${provider}`;
    case 'sign-up': {
      const { ticket, mail, name } = arrival;
      return `/sign-up?provider=${provider}#${new URLSearchParams({ ticket, mail, name }).toString()}`;
    }
    case 'problem': {
      const page = `/sign-in?problem=${arrival.problem}&provider=${provider}`;
      return arrival.ticket === undefined ? page : `${page}#ticket=${arrival.ticket}`;
    }
  }
}

/** With its ?; '' without one. */
function queryOf(req: Request): string {
  const at = req.originalUrl.indexOf('?');
  return at < 0 ? '' : req.originalUrl.slice(at);
}

/** Name and code of what went wrong: its text may quote a token. */
function causeOf(error: unknown): string {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  return `${String(name)} ${typeof code === 'string' ? code : ''}`.trim();
}
