import { z } from 'zod';
import {
  limitSchema,
  moneyJson,
  moneySchema,
  OWN_ACCOUNT,
  type Route,
  route,
  timeSchema,
} from '../../http/route';
import { Conflict } from '../../kernel/app-error';
import { currency, money, parseMicros } from '../../kernel/money';
import { showBankReference } from './bank-reference';
import {
  askBankTransfer,
  type BankTransfer,
  confirmBankTransfer,
  listBankTransfers,
  noteBankTransfer,
  rejectBankTransfer,
} from './bank-transfers';
import type { PaymentParts } from './payment-parts';
import {
  nextOf,
  type PaymentSettings,
  paymentJson,
  paymentSchema,
  wishOf,
  wishSchema,
} from './payments-routes';

const transferSchema = z.object({
  id: z.string(),
  bankKey: z.string(),
  amount: moneySchema,
  remittance: z.string(),
  payer: z.string(),
  paymentId: z.string().nullable(),
  accountId: z.string().nullable(),
  state: z.enum(['unmatched', 'matched', 'confirmed', 'rejected']),
  exchangeRate: z.string().nullable(),
  receivedAtMs: z.number(),
  decidedBy: z.string().nullable(),
  decidedAtMs: z.number().nullable(),
});
const transferParams = z.object({ transferId: z.string().max(36) });
const amountText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"');

/** URLs of bank transfers: the payer asks for a reference, the operator notes what the bank booked and confirms it. */
export function bankRoutes(parts: PaymentParts, { bankDetails }: PaymentSettings): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/accounts/{accountId}/bank-payments',
      summary: 'Gives a reference to write on a bank transfer, for credit or for an invoice',
      scope: 'ledger:write',
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      body: z.object(wishSchema),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({ payment: paymentSchema, reference: z.string(), payTo: z.string() }),
      },
      handle: async ({ params, body, nowMs }) => {
        if (bankDetails === '')
          throw new Conflict('bank transfer is not offered: BANK_TRANSFER_DETAILS is not set');
        const payment = await askBankTransfer(parts, {
          ...(await wishOf(parts, params.accountId, body)),
          nowMs,
        });
        return {
          payment: paymentJson(payment),
          reference: showBankReference(payment.bankReference ?? ''),
          payTo: bankDetails,
        };
      },
    }),
    route({
      method: 'get',
      path: '/bank-transfers',
      summary: 'Bookings of the bank, the newest first',
      scope: 'ledger:read',
      query: z.object({
        state: transferSchema.shape.state.optional(),
        before: z.string().max(36).optional(),
        limit: limitSchema,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ transfers: z.array(transferSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const transfers = await listBankTransfers(parts.database.read, {
          state: query.state ?? null,
          beforeId: query.before ?? null,
          limit: query.limit,
        });
        return { transfers: transfers.map(transferJson), next: nextOf(transfers, query.limit) };
      },
    }),
    route({
      method: 'post',
      path: '/bank-transfers',
      summary:
        'Notes a booking of the bank, once for its id; its reference says which payment it answers. Credits nothing yet',
      scope: 'ledger:write',
      body: z.object({
        bankId: z.string().trim().min(1).max(120),
        amount: amountText,
        currency: z.string().regex(/^[A-Z]{3}$/, 'is no ISO 4217 code'),
        remittance: z.string().max(500).default(''),
        payer: z.string().max(200).default(''),
        receivedAt: timeSchema,
      }),
      answer: { kind: 'json', status: 201, schema: transferSchema },
      handle: async ({ body, nowMs }) =>
        transferJson(
          await noteBankTransfer(parts, {
            bankKey: body.bankId,
            amount: money(parseMicros(body.amount), currency(body.currency)),
            remittance: body.remittance,
            payer: body.payer,
            receivedAtMs: body.receivedAt,
            nowMs,
          }),
        ),
    }),
    route({
      method: 'post',
      path: '/bank-transfers/{transferId}/confirm',
      summary:
        'Credits a booking to the account its reference names, or to another; converts it when it is in another currency',
      scope: 'ledger:write',
      params: transferParams,
      body: z.object({
        accountId: z.string().max(36).nullable().default(null),
        exchangeRate: z.string().max(30).nullable().default(null),
      }),
      answer: { kind: 'json', schema: transferSchema },
      handle: async ({ params, body, caller, nowMs }) =>
        transferJson(
          await confirmBankTransfer(parts, params.transferId, { ...body, by: caller.label, nowMs }),
        ),
    }),
    route({
      method: 'post',
      path: '/bank-transfers/{transferId}/reject',
      summary: 'Lays a booking aside that is no payment of a customer',
      scope: 'ledger:write',
      params: transferParams,
      answer: { kind: 'json', schema: transferSchema },
      handle: async ({ params, caller, nowMs }) =>
        transferJson(await rejectBankTransfer(parts, params.transferId, { by: caller.label, nowMs })),
    }),
  ];
}

function transferJson(transfer: BankTransfer): z.infer<typeof transferSchema> {
  return { ...transfer, amount: moneyJson(transfer.amount) };
}
