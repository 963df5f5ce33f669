import { z } from 'zod';
import type { Metrics } from '../observability/metrics';
import { type Route, route } from './route';

/** Whether a part of the service can do its work. */
export type PartHealth = { readonly part: string; readonly ready: boolean };

/** URLs about the service itself. */
export function serviceRoutes(parts: {
  health: () => Promise<readonly PartHealth[]>;
  metrics: Metrics;
  version: string;
}): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/health/live',
      summary: 'Whether the process answers',
      scope: 'public',
      answer: { kind: 'json', schema: z.object({ live: z.literal(true), version: z.string() }) },
      handle: async () => ({ live: true, version: parts.version }),
    }),
    route({
      method: 'get',
      path: '/health/ready',
      summary: 'Whether calls can be taken, part by part; status 503 when not',
      scope: 'public',
      answer: {
        kind: 'json',
        schema: z.object({
          ready: z.boolean(),
          parts: z.array(z.object({ part: z.string(), ready: z.boolean() })),
        }),
      },
      handle: async (_, { res }) => {
        const found = await parts.health();
        const ready = found.every((part) => part.ready);
        // The body says which part; the status is for machines that read nothing else.
        if (!ready) res.statusCode = 503;
        return { ready, parts: found };
      },
    }),
    route({
      method: 'get',
      path: '/metrics',
      summary: 'Figures for Prometheus',
      scope: 'metrics:read',
      answer: { kind: 'stream', contentType: 'text/plain', about: 'Prometheus text format' },
      handle: async (_, { res }) => {
        const { contentType, body } = await parts.metrics.text();
        res.setHeader('Content-Type', contentType);
        res.end(body);
      },
    }),
  ];
}
