import { z } from 'zod';
import { findCdr } from '../cdr/cdrs-store';
import type { Caller } from '../http/api-keys';
import { type Route, route } from '../http/route';
import { NotFound } from '../kernel/app-error';
import type { Database } from '../kernel/unit-of-work';
import { withoutNumbers } from './mask-sip';
import { messagesOf } from './traces-store';

const messageSchema = z.object({
  seenAtMs: z.number(),
  way: z.enum(['in', 'out']),
  transport: z.string(),
  peer: z.string(),
  startLine: z.string(),
  message: z.string(),
});

/** URL of what was said in SIP on a leg. */
export function traceRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/cdrs/{cdrId}/trace',
      summary:
        'SIP messages of a leg in their order, with secrets masked; empty once they are older than SIP_TRACE_DAYS',
      scope: 'traces:read',
      personal: 'full-numbers',
      params: z.object({ cdrId: z.string().max(36) }),
      answer: { kind: 'json', schema: z.object({ messages: z.array(messageSchema) }) },
      handle: async ({ params, caller }) => {
        const cdr = await findCdr(database.read, params.cdrId);
        if (!cdr) throw new NotFound('CDR', params.cdrId);
        const messages = await messagesOf(database.read, cdr.sipCallId);
        const seesNumbers = maySeeNumbers(caller, cdr.isWithheld);
        return {
          messages: messages.map(({ seenAtMs, way, transport, peer, message }) => {
            const shown = seesNumbers ? message : withoutNumbers(message);
            return {
              seenAtMs,
              way,
              transport,
              peer,
              startLine: shown.split('\r\n', 1)[0] ?? '',
              message: shown,
            };
          }),
        };
      },
    }),
  ];
}

/** The same rules as for CDRs. */
function maySeeNumbers({ scopes }: Caller, isWithheld: boolean): boolean {
  return scopes.includes('numbers:withheld') || (!isWithheld && scopes.includes('numbers:full'));
}
