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
  timeSchema,
} from '../../http/route';
import type { Caller } from '../../http/api-keys';
import { money, parseMicros } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import {
  type Adjustment,
  approveAdjustment,
  askAdjustment,
  listAdjustments,
  type Person,
  rejectAdjustment,
} from './adjustments';
import { readBalanceAsOf } from './balance-as-of';
import { listOpenFreezes } from './freezes';
import { customerLedgerId, listLedgerAccounts } from './ledger-accounts';
import { listEntriesOf } from './list-entries';
import { listProofs } from './prove-ledger';

const MICROS_PER_UNIT = 1_000_000n;
const MAX_FREEZES = 100;

const personSchema = z.object({ id: z.string(), name: z.string() });
const adjustmentSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  kind: z.enum(['adjustment', 'write-off']),
  amount: moneySchema,
  reason: z.string(),
  state: z.enum(['waiting', 'posted', 'rejected']),
  askedBy: personSchema,
  askedAtMs: z.number(),
  decidedBy: personSchema.nullable(),
  decidedAtMs: z.number().nullable(),
  transactionId: z.string().nullable(),
});
const accountParams = z.object({ accountId: z.string().max(36) });
const adjustmentParams = z.object({ adjustmentId: z.string().max(36) });
const signedAmount = z.string().regex(/^-?\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "-12.50"');
const positionSchema = z.object({
  postedAtMs: z.number().int(),
  transactionId: z.string().max(36),
  lineNumber: z.number().int(),
});
const pageQuery = { before: z.string().max(36).optional(), limit: limitSchema };

/** URLs of the ledger as a whole, and of corrections. `approvalAbove`: units of currency. */
export function ledgerRoutes(database: Database, approvalAbove: number): readonly Route[] {
  return [...ledgerReads(database), ...adjustmentRoutes(database, approvalAbove)];
}

function ledgerReads(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/ledger/accounts',
      summary: 'Ledger accounts with their balances: customers’, earnings, and the house’s own',
      scope: 'ledger:read',
      query: z.object({
        kind: z.string().max(30).optional(),
        after: z.string().max(80).optional(),
        limit: limitSchema,
      }),
      answer: {
        kind: 'json',
        schema: z.object({
          accounts: z.array(
            z.object({ id: z.string(), kind: z.string(), balance: moneySchema, held: moneySchema }),
          ),
          next: z.string().nullable(),
        }),
      },
      handle: async ({ query }) => {
        const accounts = await listLedgerAccounts(database.read, {
          kind: query.kind ?? null,
          afterId: query.after ?? null,
          limit: query.limit,
        });
        return {
          accounts: accounts.map(({ id, kind, balance, held }) => ({
            id,
            kind,
            balance: moneyJson(balance),
            held: moneyJson(held),
          })),
          next: accounts.length === query.limit ? (accounts.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/ledger/accounts/{ledgerAccountId}/balance-at',
      summary: 'What a ledger account had at a moment of the past',
      scope: 'ledger:read',
      params: z.object({ ledgerAccountId: z.string().max(80) }),
      query: z.object({ at: timeSchema }),
      answer: { kind: 'json', schema: z.object({ balance: moneySchema, atMs: z.number() }) },
      handle: async ({ params, query }) => ({
        balance: moneyJson(await readBalanceAsOf(database.read, params.ledgerAccountId, query.at)),
        atMs: query.at,
      }),
    }),
    route({
      method: 'get',
      path: '/ledger/accounts/{ledgerAccountId}/entries',
      summary: 'Entries of any ledger account, the newest first',
      scope: 'ledger:read',
      params: z.object({ ledgerAccountId: z.string().max(80) }),
      query: z.object({ limit: limitSchema, cursor: cursorSchema(positionSchema).optional() }),
      answer: {
        kind: 'json',
        schema: z.object({
          entries: z.array(
            z.object({
              transactionId: z.string(),
              lineNumber: z.number(),
              kind: z.string(),
              note: z.string(),
              amount: moneySchema,
              postedAtMs: z.number(),
            }),
          ),
          next: z.string().nullable(),
        }),
      },
      handle: async ({ params, query }) => {
        const entries = await listEntriesOf(database.read, {
          ledgerAccountId: params.ledgerAccountId,
          limit: query.limit,
          after: query.cursor ?? null,
        });
        const last = entries.length === query.limit ? entries.at(-1) : undefined;
        return {
          entries: entries.map(({ key: _, amount, ...line }) => ({ ...line, amount: moneyJson(amount) })),
          next: last ? encodeCursor(positionSchema.parse(last)) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/balance-at',
      summary: 'What the account had at a moment of the past',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      query: z.object({ at: timeSchema }),
      answer: { kind: 'json', schema: z.object({ balance: moneySchema, atMs: z.number() }) },
      handle: async ({ params, query }) => ({
        balance: moneyJson(
          await readBalanceAsOf(database.read, customerLedgerId(params.accountId), query.at),
        ),
        atMs: query.at,
      }),
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/freezes',
      summary: 'Credit of the account that is kept aside for something other than a call',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: {
        kind: 'json',
        schema: z.object({
          freezes: z.array(
            z.object({ id: z.string(), amount: moneySchema, reason: z.string(), madeAtMs: z.number() }),
          ),
        }),
      },
      handle: async ({ params }) => {
        await readAccount(database.read, params.accountId);
        const freezes = await listOpenFreezes(database.read, params.accountId, MAX_FREEZES);
        return {
          freezes: freezes.map(({ id, amount, reason, madeAtMs }) => ({
            id,
            amount: moneyJson(amount),
            reason,
            madeAtMs,
          })),
        };
      },
    }),
    route({
      method: 'get',
      path: '/ledger/proofs',
      summary:
        'What every night found when it proved the ledger; the hash stands for all that was sealed until then',
      scope: 'ledger:read',
      query: z.object(pageQuery),
      answer: {
        kind: 'json',
        schema: z.object({
          proofs: z.array(
            z.object({
              id: z.string(),
              provedAtMs: z.number(),
              transactions: z.number(),
              sealNumber: z.number(),
              sealHash: z.string(),
              faultCount: z.number(),
              faults: z.array(
                z.object({
                  name: z.string(),
                  subject: z.string(),
                  found: z.string(),
                  expected: z.string(),
                }),
              ),
            }),
          ),
          next: z.string().nullable(),
        }),
      },
      handle: async ({ query }) => {
        const page = { beforeId: query.before ?? null, limit: query.limit };
        const proofs = await listProofs(database.read, page);
        return { proofs, next: proofs.length === query.limit ? (proofs.at(-1)?.id ?? null) : null };
      },
    }),
  ];
}

function adjustmentRoutes(database: Database, approvalAbove: number): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/adjustments',
      summary: 'Corrections of balances and debts written off, the newest first',
      scope: 'ledger:read',
      query: z.object({
        state: z.enum(['waiting', 'posted', 'rejected']).optional(),
        account: z.string().max(36).optional(),
        ...pageQuery,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ adjustments: z.array(adjustmentSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const adjustments = await listAdjustments(database.read, {
          state: query.state ?? null,
          accountId: query.account ?? null,
          beforeId: query.before ?? null,
          limit: query.limit,
        });
        return {
          adjustments: adjustments.map(adjustmentJson),
          next: adjustments.length === query.limit ? (adjustments.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/adjustments',
      summary:
        'Gives or takes credit, or writes off a debt, with a reason; above ADJUSTMENT_APPROVAL_ABOVE it waits for a second person',
      scope: 'ledger:write',
      params: accountParams,
      body: z.object({
        kind: z.enum(['adjustment', 'write-off']).default('adjustment'),
        amount: signedAmount,
        reason: z.string().trim().min(3).max(500),
      }),
      answer: { kind: 'json', status: 201, schema: adjustmentSchema },
      handle: async ({ params, body, caller, nowMs }) => {
        const { currency } = await readAccount(database.read, params.accountId);
        return adjustmentJson(
          await askAdjustment(database, {
            accountId: params.accountId,
            kind: body.kind,
            amount: money(parseMicros(body.amount), currency),
            reason: body.reason,
            by: personOf(caller),
            approvalAboveMicros: BigInt(approvalAbove) * MICROS_PER_UNIT,
            nowMs,
          }),
        );
      },
    }),
    route({
      method: 'post',
      path: '/adjustments/{adjustmentId}/approve',
      summary: 'Posts a correction that somebody else asked for',
      scope: 'ledger:approve',
      params: adjustmentParams,
      answer: { kind: 'json', schema: adjustmentSchema },
      handle: async ({ params, caller, nowMs }) =>
        adjustmentJson(
          await approveAdjustment(database, params.adjustmentId, { by: personOf(caller), nowMs }),
        ),
    }),
    route({
      method: 'post',
      path: '/adjustments/{adjustmentId}/reject',
      summary: 'Lays a correction aside',
      scope: 'ledger:write',
      params: adjustmentParams,
      answer: { kind: 'json', schema: adjustmentSchema },
      handle: async ({ params, caller, nowMs }) =>
        adjustmentJson(
          await rejectAdjustment(database, params.adjustmentId, { by: personOf(caller), nowMs }),
        ),
    }),
  ];
}

function personOf({ id, label }: Caller): Person {
  return { id, name: label };
}

function adjustmentJson(adjustment: Adjustment): z.infer<typeof adjustmentSchema> {
  return { ...adjustment, amount: moneyJson(adjustment.amount) };
}
