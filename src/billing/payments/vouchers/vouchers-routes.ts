import { z } from 'zod';
import {
  limitSchema,
  moneyJson,
  moneySchema,
  OWN_ACCOUNT,
  type Route,
  route,
  timeSchema,
} from '../../../http/route';
import { currency, money, parseMicros } from '../../../kernel/money';
import type { Database } from '../../../kernel/unit-of-work';
import { redeemVoucher } from './redeem-voucher';
import {
  cancelVoucherBatch,
  listVoucherBatches,
  makeVoucherBatch,
  MAX_VOUCHERS,
  type VoucherBatch,
} from './voucher-batches';
import { showVoucherCode } from './voucher-code';

const batchSchema = z.object({
  id: z.string(),
  label: z.string(),
  amount: moneySchema,
  voucherCount: z.number(),
  expiresAtMs: z.number(),
  madeBy: z.string(),
  createdAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  endedBecause: z.enum(['expired', 'cancelled']).nullable(),
});
const amountText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"');

/** URLs of vouchers. */
export function voucherRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/voucher-batches',
      summary: 'Batches of vouchers in the order they were made, and how many were redeemed',
      scope: 'vouchers:write',
      query: z.object({ after: z.string().max(36).optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({
          batches: z.array(batchSchema.extend({ redeemedCount: z.number() })),
          next: z.string().nullable(),
        }),
      },
      handle: async ({ query }) => {
        const batches = await listVoucherBatches(database.read, {
          afterId: query.after ?? null,
          limit: query.limit,
        });
        return {
          batches: batches.map(({ redeemedCount, ...batch }) => ({ ...batchJson(batch), redeemedCount })),
          next: batches.length === query.limit ? (batches.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'post',
      path: '/voucher-batches',
      summary: 'Makes vouchers; their codes are told this once and kept nowhere',
      scope: 'vouchers:write',
      body: z.object({
        label: z.string().trim().min(1).max(200),
        currency: z.string().regex(/^[A-Z]{3}$/, 'is no ISO 4217 code'),
        amount: amountText,
        count: z.number().int().min(1).max(MAX_VOUCHERS),
        expiresAt: timeSchema,
      }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({ batch: batchSchema, codes: z.array(z.string()).nullable() }),
      },
      toldOnce: ['codes'],
      handle: async ({ body, caller, nowMs }) => {
        const { batch, codes } = await makeVoucherBatch(database, {
          label: body.label,
          amount: money(parseMicros(body.amount), currency(body.currency)),
          voucherCount: body.count,
          expiresAtMs: body.expiresAt,
          madeBy: caller.label.slice(0, 120),
          nowMs,
        });
        return { batch: batchJson(batch), codes: codes.map(showVoucherCode) };
      },
    }),
    route({
      method: 'post',
      path: '/voucher-batches/{batchId}/cancel',
      summary: 'Makes what is left of a batch worthless',
      scope: 'vouchers:write',
      params: z.object({ batchId: z.string().max(36) }),
      answer: { kind: 'json', schema: batchSchema },
      handle: async ({ params, nowMs }) =>
        batchJson(await cancelVoucherBatch(database, params.batchId, nowMs)),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/voucher-redemptions',
      summary: 'Turns a voucher into credit; wrong codes lock account and key for a growing while',
      scope: 'ledger:write',
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      body: z.object({ code: z.string().min(1).max(40) }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({ amount: moneySchema, transactionId: z.string() }),
      },
      handle: async ({ params, body, caller, nowMs }) => {
        const { amount, transactionId } = await redeemVoucher(database, {
          accountId: params.accountId,
          code: body.code,
          source: 'api',
          sourceId: caller.id,
          nowMs,
        });
        return { amount: moneyJson(amount), transactionId };
      },
    }),
  ];
}

function batchJson(batch: VoucherBatch): z.infer<typeof batchSchema> {
  return { ...batch, amount: moneyJson(batch.amount) };
}
