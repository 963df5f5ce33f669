import { z } from 'zod';
import { readAccount } from '../../accounts/accounts-store';
import {
  cursorSchema,
  encodeCursor,
  limitSchema,
  moneyJson,
  moneySchema,
  OWN_ACCOUNT,
  type Route,
  route,
} from '../../http/route';
import { currency, money } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { listNumberFees } from './charge-number-fees';

const feeSchema = z.object({
  number: z.string(),
  period: z.string(),
  amount: moneySchema,
  state: z.enum(['due', 'posted']),
  dueAtMs: z.number(),
  postedAtMs: z.number().nullable(),
  ledgerTransactionId: z.string().nullable(),
});
const positionSchema = z.object({
  dueAtMs: z.number().int(),
  number: z.string().max(20),
  period: z.string().max(24),
});

/** URLs of what numbers cost. */
export function numberFeeRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/number-fees',
      summary: 'Fees of the account’s numbers, the newest first; `due` could not be paid yet',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      query: z.object({
        state: z.enum(['due', 'posted']).optional(),
        limit: limitSchema,
        cursor: cursorSchema(positionSchema).optional(),
      }),
      answer: {
        kind: 'json',
        schema: z.object({ fees: z.array(feeSchema), next: z.string().nullable() }),
      },
      handle: async ({ params, query }) => {
        await readAccount(database.read, params.accountId);
        const fees = await listNumberFees(database.read, {
          accountId: params.accountId,
          state: query.state ?? null,
          after: query.cursor ?? null,
          limit: query.limit,
        });
        const last = fees.length === query.limit ? fees.at(-1) : undefined;
        return {
          fees: fees.map(({ accountId: _, amountMicros, currency: unit, ...fee }) => ({
            ...fee,
            amount: moneyJson(money(amountMicros, currency(unit))),
          })),
          next: last
            ? encodeCursor({ dueAtMs: last.dueAtMs, number: last.number, period: last.period })
            : null,
        };
      },
    }),
  ];
}
