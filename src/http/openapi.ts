import { extendZodWithOpenApi, OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { problemSchema } from './error-response';
import type { Route } from './route';
import { SESSION_COOKIE } from './session-door';

extendZodWithOpenApi(z);

/** The OpenAPI 3.1 document of the routes, made from the schemas that also check their requests. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const registry = new OpenAPIRegistry();
  const key = registry.registerComponent('securitySchemes', 'apiKey', { type: 'http', scheme: 'bearer' });
  const cookie = registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description:
      'A request that changes something also needs the header X-CSRF-Token, which GET /session tells, and comes from a page of this service.',
  });
  const problem = { 'application/problem+json': { schema: problemSchema } };
  for (const route of routes) {
    registry.registerPath({
      method: route.method,
      path: `/api/v1${route.path}`,
      summary: route.summary,
      description: whoMay(route),
      security: {
        public: [],
        'signed-in': [{ [cookie.name]: [] }],
        scope: [{ [key.name]: [] }, { [cookie.name]: [] }],
      }[route.scope === 'public' || route.scope === 'signed-in' ? route.scope : 'scope'],
      request: {
        ...(route.params ? { params: route.params } : {}),
        ...(route.query ? { query: route.query } : {}),
        ...(route.body
          ? { body: { content: { 'application/json': { schema: route.body } }, required: true } }
          : {}),
        ...(route.upload
          ? { body: { content: { [route.upload.contentType]: { schema: z.string() } }, required: true } }
          : {}),
        ...(route.method === 'post' && route.remembered
          ? { headers: z.object({ 'Idempotency-Key': z.string().min(1).max(255) }) }
          : {}),
      },
      responses: {
        ...responseOf(route),
        default: { description: 'A problem (RFC 9457)', content: problem },
      },
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: '123-voip',
      version,
      description: 'Calls, rooms, CDRs, accounts and money of a 123-voip service.',
    },
    servers: [{ url: '/' }],
  });
}

function responseOf({ answer, summary }: Route): Parameters<OpenAPIRegistry['registerPath']>[0]['responses'] {
  switch (answer.kind) {
    case 'json':
      return {
        [answer.status ?? 200]: {
          description: summary,
          content: { 'application/json': { schema: answer.schema } },
        },
      };
    case 'stream':
      return {
        200: { description: answer.about, content: { [answer.contentType]: { schema: z.string() } } },
      };
    case 'redirect':
      return { 302: { description: answer.about } };
  }
}

function whoMay({ scope }: Route): string {
  if (scope === 'public') return 'Open to everybody.';
  return scope === 'signed-in' ? 'For whoever is signed in.' : `Needs the scope \`${scope}\`.`;
}
