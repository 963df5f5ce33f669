import { z } from 'zod';
import { moneyJson, moneySchema, type Route, route } from '../../http/route';
import type { Database } from '../../kernel/unit-of-work';
import { moneyOfCall } from './money-of-call';

/** URL of what a call did to the ledger. */
export function callMoneyRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/cdrs/{cdrId}/postings',
      summary:
        'The postings of a call: its charge and every correction, entry by entry, and the invoice each stands on',
      scope: 'ledger:read',
      params: z.object({ cdrId: z.string().max(36) }),
      answer: {
        kind: 'json',
        schema: z.object({
          postings: z.array(
            z.object({
              transactionId: z.string(),
              kind: z.string(),
              note: z.string(),
              postedAtMs: z.number(),
              entries: z.array(z.object({ ledgerAccountId: z.string(), amount: moneySchema })),
              invoice: z.object({ id: z.string(), number: z.string(), period: z.string() }).nullable(),
            }),
          ),
        }),
      },
      handle: async ({ params }) => {
        const postings = await moneyOfCall(database.read, params.cdrId);
        return {
          postings: postings.map((posting) => ({
            ...posting,
            entries: posting.entries.map(({ ledgerAccountId, amount }) => ({
              ledgerAccountId,
              amount: moneyJson(amount),
            })),
          })),
        };
      },
    }),
  ];
}
