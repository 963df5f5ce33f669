import { z } from 'zod';
import { readAccount } from '../../accounts/accounts-store';
import { limitSchema, moneyJson, moneySchema, OWN_ACCOUNT, type Route, route } from '../../http/route';
import { money, parseMicros } from '../../kernel/money';
import { beginCheckout } from './checkout';
import { disputesOf, listDisputes } from './disputes-store';
import type { Payment, PaymentPurpose } from './payment';
import type { PaymentParts } from './payment-parts';
import { listPayments, readPayment } from './payments-store';
import { closeQuarantined, listQuarantined, type Quarantined } from './quarantine';
import { askRefund, endBankRefund, type Refund, refundsOf } from './refunds';

export type PaymentSettings = {
  readonly returnUrl: string;
  /** What payers are told of the house's bank account; empty: bank transfer is not offered. */
  readonly bankDetails: string;
};

const purposeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('credit') }),
  z.object({ kind: z.literal('invoice'), invoiceId: z.string().min(1).max(36) }),
]);
const amountText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"');

/** What somebody wants to pay: credit with an amount, or an invoice with or without one. */
export const wishSchema = {
  amount: amountText.nullable().default(null),
  invoiceId: z.string().min(1).max(36).nullable().default(null),
};

export const paymentSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  origin: z.enum(['checkout', 'auto-recharge', 'bank']),
  providerKey: z.string().nullable(),
  bankReference: z.string().nullable(),
  amount: moneySchema,
  purpose: purposeSchema,
  state: z.enum(['open', 'succeeded', 'failed', 'expired']),
  received: moneySchema,
  returned: moneySchema,
  failure: z.string().nullable(),
  madeAtMs: z.number(),
  receivedAtMs: z.number().nullable(),
});
const refundSchema = z.object({
  id: z.string(),
  paymentId: z.string(),
  accountId: z.string(),
  providerKey: z.string().nullable(),
  amount: moneySchema,
  reason: z.string(),
  state: z.enum(['pending', 'paid', 'failed']),
  askedBy: z.string(),
  madeAtMs: z.number(),
});
const disputeSchema = z.object({
  id: z.string(),
  paymentId: z.string(),
  accountId: z.string(),
  amount: moneySchema,
  state: z.enum(['open', 'won', 'lost']),
  frozen: moneySchema,
  taken: moneySchema,
  openedAtMs: z.number(),
});
const quarantinedSchema = z.object({
  id: z.string(),
  reason: z.string(),
  details: z.record(z.string(), z.unknown()),
  state: z.enum(['open', 'closed']),
  raisedAtMs: z.number(),
  closedBy: z.string().nullable(),
  closedNote: z.string().nullable(),
  closedAtMs: z.number().nullable(),
});
const paymentParams = z.object({ paymentId: z.string().max(36) });
const pageQuery = { before: z.string().max(36).optional(), limit: limitSchema };

/** URLs of payments: what can be paid with, checkouts, refunds, disputes, what is kept apart. */
export function paymentRoutes(parts: PaymentParts, settings: PaymentSettings): readonly Route[] {
  return [
    ...payingRoutes(parts, settings),
    ...paymentReads(parts),
    ...refundRoutes(parts),
    ...quarantineRoutes(parts),
  ];
}

function payingRoutes(parts: PaymentParts, settings: PaymentSettings): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/payment-options',
      summary: 'What can be paid with here, and for what cannot, why',
      scope: 'ledger:read',
      own: 'signed-in',
      answer: {
        kind: 'json',
        schema: z.object({
          card: z.object({ offered: z.boolean(), says: z.string() }),
          voucher: z.object({ offered: z.boolean(), says: z.string() }),
          bankTransfer: z.object({ offered: z.boolean(), says: z.string() }),
        }),
      },
      handle: async () => optionsOf(parts, settings),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/checkouts',
      summary:
        'Makes a page of the payment provider where credit or an invoice is paid by card; saveMethod keeps the method for recharging',
      scope: 'ledger:write',
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      body: z.object({ ...wishSchema, saveMethod: z.boolean().default(false) }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({
          paymentId: z.string(),
          url: z.string(),
          amount: moneySchema,
          expiresAtMs: z.number(),
        }),
      },
      handle: async ({ params, body, nowMs }) => {
        const checkout = await beginCheckout(parts, {
          ...(await wishOf(parts, params.accountId, body)),
          savesMethod: body.saveMethod,
          returnUrl: settings.returnUrl,
          nowMs,
        });
        return { ...checkout, amount: moneyJson(checkout.amount) };
      },
    }),
  ];
}

function optionsOf({ provider }: PaymentParts, { bankDetails }: PaymentSettings) {
  return {
    card: provider
      ? { offered: true, says: 'pay by card on a page of Stripe; no card data comes here' }
      : { offered: false, says: 'cards are not taken: STRIPE_SECRET_KEY is not set' },
    voucher: {
      offered: true,
      says: 'redeem a voucher by its sixteen digits, here or at 0# on the telephone',
    },
    bankTransfer:
      bankDetails === ''
        ? { offered: false, says: 'bank transfer is not offered: BANK_TRANSFER_DETAILS is not set' }
        : { offered: true, says: bankDetails },
  };
}

/** A wish of the API as payments understand it: in the account's currency. @throws NotFound */
export async function wishOf(
  { database }: PaymentParts,
  accountId: string,
  { amount, invoiceId }: { readonly amount: string | null; readonly invoiceId: string | null },
) {
  const { currency } = await readAccount(database.read, accountId);
  const purpose: PaymentPurpose = invoiceId === null ? { kind: 'credit' } : { kind: 'invoice', invoiceId };
  return { accountId, amount: amount === null ? null : money(parseMicros(amount), currency), purpose };
}

function paymentReads({ database }: PaymentParts): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/payments',
      summary: 'Payments, the newest first',
      scope: 'ledger:read',
      own: { thing: 'account', at: 'query.account' },
      query: z.object({
        account: z.string().max(36).optional(),
        state: paymentSchema.shape.state.optional(),
        ...pageQuery,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ payments: z.array(paymentSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const payments = await listPayments(database.read, {
          accountId: query.account ?? null,
          state: query.state ?? null,
          beforeId: query.before ?? null,
          limit: query.limit,
        });
        return { payments: payments.map(paymentJson), next: nextOf(payments, query.limit) };
      },
    }),
    route({
      method: 'get',
      path: '/payments/{paymentId}',
      summary: 'One payment with its refunds and disputes',
      scope: 'ledger:read',
      own: { thing: 'payment', at: 'path.paymentId' },
      params: paymentParams,
      answer: {
        kind: 'json',
        schema: paymentSchema.extend({
          refunds: z.array(refundSchema),
          disputes: z.array(disputeSchema),
        }),
      },
      handle: async ({ params }) => ({
        ...paymentJson(await readPayment(database.read, params.paymentId)),
        refunds: (await refundsOf(database.read, params.paymentId)).map(refundJson),
        disputes: (await disputesOf(database.read, params.paymentId)).map(disputeJson),
      }),
    }),
    route({
      method: 'get',
      path: '/disputes',
      summary: 'Disputed payments, the newest first, and how much of each is frozen or was taken',
      scope: 'ledger:read',
      query: z.object({
        state: z.enum(['open', 'won', 'lost']).optional(),
        account: z.string().max(36).optional(),
        limit: limitSchema,
      }),
      answer: { kind: 'json', schema: z.object({ disputes: z.array(disputeSchema) }) },
      handle: async ({ query }) => {
        const wanted = {
          state: query.state ?? null,
          accountId: query.account ?? null,
          limit: query.limit,
        };
        return { disputes: (await listDisputes(database.read, wanted)).map(disputeJson) };
      },
    }),
  ];
}

function refundRoutes(parts: PaymentParts): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/payments/{paymentId}/refunds',
      summary:
        'Pays credit back to where it was paid from: no more than is unspent and is left of the payment',
      scope: 'ledger:write',
      params: paymentParams,
      body: z.object({ amount: amountText, reason: z.string().trim().min(3).max(500) }),
      answer: { kind: 'json', status: 201, schema: refundSchema },
      handle: async ({ params, body, caller, nowMs }) => {
        const { amount } = await readPayment(parts.database.read, params.paymentId);
        const refund = await askRefund(parts, {
          paymentId: params.paymentId,
          amount: money(parseMicros(body.amount), amount.currency),
          reason: body.reason,
          askedBy: caller.label,
          nowMs,
        });
        return refundJson(refund);
      },
    }),
    route({
      method: 'post',
      path: '/refunds/{refundId}/end',
      summary: 'Says that a bank transfer was sent back, or could not be',
      scope: 'ledger:write',
      params: z.object({ refundId: z.string().max(36) }),
      body: z.object({ state: z.enum(['paid', 'failed']) }),
      answer: { kind: 'json', schema: refundSchema },
      handle: async ({ params, body, nowMs }) =>
        refundJson(await endBankRefund(parts, params.refundId, { state: body.state, nowMs })),
    }),
  ];
}

function quarantineRoutes({ database }: PaymentParts): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/payment-quarantine',
      summary: 'Money and events that do not fit what was asked for, the newest first',
      scope: 'ledger:read',
      query: z.object({ state: z.enum(['open', 'closed']).optional(), ...pageQuery }),
      answer: {
        kind: 'json',
        schema: z.object({ quarantined: z.array(quarantinedSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const quarantined: readonly Quarantined[] = await listQuarantined(database.read, {
          state: query.state ?? null,
          beforeId: query.before ?? null,
          limit: query.limit,
        });
        return { quarantined, next: nextOf(quarantined, query.limit) };
      },
    }),
    route({
      method: 'post',
      path: '/payment-quarantine/{quarantineId}/close',
      summary: 'Notes what was done about it; money is moved by refunds and adjustments',
      scope: 'ledger:write',
      params: z.object({ quarantineId: z.string().max(36) }),
      body: z.object({ note: z.string().trim().min(3).max(500) }),
      answer: { kind: 'json', schema: quarantinedSchema },
      handle: ({ params, body, caller, nowMs }): Promise<Quarantined> =>
        closeQuarantined(database, params.quarantineId, { name: caller.label, note: body.note, nowMs }),
    }),
  ];
}

/** Where the page after a full one begins. */
export function nextOf(page: readonly { readonly id: string }[], limit: number): string | null {
  return page.length === limit ? (page.at(-1)?.id ?? null) : null;
}

export function paymentJson(payment: Payment): z.infer<typeof paymentSchema> {
  const { customerKey: _, amount, received, returned, ...rest } = payment;
  return {
    ...rest,
    amount: moneyJson(amount),
    received: moneyJson(received),
    returned: moneyJson(returned),
  };
}

function refundJson(refund: Refund): z.infer<typeof refundSchema> {
  return { ...refund, amount: moneyJson(refund.amount) };
}

function disputeJson(dispute: Awaited<ReturnType<typeof disputesOf>>[number]): z.infer<typeof disputeSchema> {
  const { amount, frozen, taken, ...rest } = dispute;
  return { ...rest, amount: moneyJson(amount), frozen: moneyJson(frozen), taken: moneyJson(taken) };
}
