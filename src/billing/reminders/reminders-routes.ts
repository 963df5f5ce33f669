import { z } from 'zod';
import { cursorSchema, encodeCursor, limitSchema, OWN_ACCOUNT, type Route, route } from '../../http/route';
import { parseMicros } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { listNotices, readNotice } from './notices-store';
import { DEFAULT_REMINDER_PLAN, REMINDER_ACTIONS, type ReminderPlan } from './reminder-plan';
import { createReminderPlan, listReminderPlans } from './reminder-plans-store';
import { remindersOf } from './take-steps';

const amountText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"');
const stepSchema = z.object({
  days: z.number().int().min(-60).max(400),
  action: z.enum(REMINDER_ACTIONS),
  byCall: z.boolean().default(false),
  chargesLateFee: z.boolean().default(false),
});
const planSchema = z.object({
  id: z.string().nullable(),
  name: z.string(),
  steps: z.array(stepSchema),
  thresholdMicros: z.string(),
  quietFromHour: z.number(),
  quietUntilHour: z.number(),
  lateFee: z.object({ flatMicros: z.string(), sharePpm: z.number(), mostMicros: z.string() }).nullable(),
});
const noticeSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  kind: z.string(),
  title: z.string(),
  body: z.string(),
  createdAtMs: z.number(),
  readAtMs: z.number().nullable(),
});
const reminderSchema = z.object({
  invoiceId: z.string(),
  step: z.number(),
  accountId: z.string(),
  action: z.string(),
  state: z.string(),
  openMicros: z.string(),
  takenAtMs: z.number().nullable(),
  sentAtMs: z.number().nullable(),
});

/** URLs of reminders, their plans, and what accounts were told. */
export function reminderRoutes(database: Database): readonly Route[] {
  return [...planRoutes(database), ...noticeRoutes(database)];
}

function planRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/reminder-plans',
      summary: 'Plans of payment reminders; the one without an id holds where none was chosen',
      scope: 'invoices:read',
      answer: { kind: 'json', schema: z.object({ plans: z.array(planSchema) }) },
      handle: async () => ({
        plans: [
          planJson({ ...DEFAULT_REMINDER_PLAN, id: null, name: 'default' }),
          ...(await listReminderPlans(database.read)).map(planJson),
        ],
      }),
    }),
    route({
      method: 'post',
      path: '/reminder-plans',
      summary: 'Makes a plan: steps by days around the due date, threshold, quiet hours, late fee',
      scope: 'invoices:write',
      body: z.object({
        name: z.string().trim().min(1).max(100),
        steps: z.array(stepSchema).min(1).max(20),
        threshold: amountText.default('1'),
        quietFromHour: z.number().int().min(0).max(23).default(20),
        quietUntilHour: z.number().int().min(0).max(23).default(8),
        lateFee: z
          .object({
            flat: amountText.default('0'),
            sharePpm: z.number().int().min(0).max(1_000_000).default(0),
            most: amountText,
          })
          .nullable()
          .default(null),
      }),
      answer: { kind: 'json', status: 201, schema: planSchema },
      handle: async ({ body: { threshold, lateFee, ...body }, nowMs }) =>
        planJson(
          await database.write((sql) =>
            createReminderPlan(sql, {
              ...body,
              thresholdMicros: parseMicros(threshold),
              lateFee: lateFee && {
                flatMicros: parseMicros(lateFee.flat),
                sharePpm: lateFee.sharePpm,
                mostMicros: parseMicros(lateFee.most),
              },
              nowMs,
            }),
          ),
        ),
    }),
  ];
}

function noticeRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/invoices/{invoiceId}/reminders',
      summary: 'Steps that were taken for an invoice: what was told, when, and what followed',
      scope: 'invoices:read',
      own: { thing: 'invoice', at: 'path.invoiceId' },
      params: z.object({ invoiceId: z.string().max(36) }),
      answer: { kind: 'json', schema: z.object({ reminders: z.array(reminderSchema) }) },
      handle: async ({ params }) => ({ reminders: await remindersOf(database.read, params.invoiceId) }),
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/notices',
      summary: 'What an account was told in the application, the newest first',
      scope: 'invoices:read',
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      query: z.object({
        limit: limitSchema,
        cursor: cursorSchema(z.object({ createdAtMs: z.number().int(), id: z.string().max(36) })).optional(),
      }),
      answer: {
        kind: 'json',
        schema: z.object({ notices: z.array(noticeSchema), next: z.string().nullable() }),
      },
      handle: async ({ params, query }) => {
        const page = { accountId: params.accountId, after: query.cursor ?? null, limit: query.limit };
        const notices = await listNotices(database.read, page);
        const last = notices.length === query.limit ? notices.at(-1) : undefined;
        return { notices, next: last ? encodeCursor({ createdAtMs: last.createdAtMs, id: last.id }) : null };
      },
    }),
    route({
      method: 'post',
      path: '/notices/{noticeId}/read',
      summary: 'Marks a notice as read',
      scope: 'accounts:write',
      own: { thing: 'notice', at: 'path.noticeId' },
      params: z.object({ noticeId: z.string().max(36) }),
      answer: { kind: 'json', schema: noticeSchema },
      handle: ({ params, nowMs }) => database.write((sql) => readNotice(sql, params.noticeId, nowMs)),
    }),
  ];
}

function planJson({ thresholdMicros, lateFee, ...plan }: ReminderPlan & { id: string | null; name: string }) {
  return {
    ...plan,
    thresholdMicros: thresholdMicros.toString(),
    lateFee: lateFee && {
      flatMicros: lateFee.flatMicros.toString(),
      sharePpm: lateFee.sharePpm,
      mostMicros: lateFee.mostMicros.toString(),
    },
  };
}
