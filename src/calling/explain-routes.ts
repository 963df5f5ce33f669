import { z } from 'zod';
import { type Route, route, timeSchema } from '../http/route';
import { explainCall } from './explain-call';
import type { RouteParts } from './two-party/find-route';

const explanationSchema = z.object({
  caller: z.string(),
  understoodAs: z.string().nullable(),
  destination: z.string(),
  decision: z.enum(['menu', 'connect', 'echo', 'balance', 'refuse']),
  reason: z.string().nullable(),
  sipStatus: z.number(),
  payer: z.string(),
  price: z.object({ perMinute: z.string(), firstHold: z.string() }).nullable(),
  shownNumber: z.string().nullable(),
  trunks: z.array(
    z.object({
      trunk: z.string(),
      by: z.enum(['cost', 'quality', 'emergency-order']),
      threeMinutes: z.string().nullable(),
      firstMargin: z.string().nullable(),
      answeredShare: z.number().nullable(),
      isDead: z.boolean(),
    }),
  ),
  leftOut: z.array(z.object({ trunk: z.string(), reason: z.string() })),
  handling: z
    .object({
      doNotDisturb: z.boolean(),
      ringSeconds: z.number(),
      forwardBusy: z.string().nullable(),
      forwardNoAnswer: z.string().nullable(),
      forwardUnreachable: z.string().nullable(),
      voicemailTo: z.string().nullable(),
    })
    .nullable(),
});

/** The URL that says what would happen to a call. */
export function explainRoutes(parts: RouteParts): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/explain',
      summary:
        'What would happen to a call, without making it: who calls, what is decided and why, what it costs, by which trunks',
      scope: 'calls:read',
      query: z.object({
        to: z.string().min(1).max(64),
        from: z.string().max(64).default(''),
        source: z.string().max(60).default('127.0.0.1'),
        at: timeSchema.optional(),
      }),
      answer: { kind: 'json', schema: explanationSchema },
      handle: ({ query: { at, ...asked }, nowMs }) => explainCall(parts, { ...asked, atMs: at ?? nowMs }),
    }),
  ];
}
