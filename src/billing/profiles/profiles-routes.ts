import { z } from 'zod';
import { countrySchema, OWN_ACCOUNT, type Route, route } from '../../http/route';
import type { Database } from '../../kernel/unit-of-work';
import { requireReminderPlan } from '../reminders/reminder-plans-store';
import { changeProfile, HOUSE, readProfile } from './billing-profiles-store';

const textOf = (most: number) => z.string().trim().min(1).max(most).nullable();

const profileSchema = z.object({
  companyName: textOf(200),
  street: textOf(200),
  postalCode: textOf(20),
  city: textOf(100),
  region: textOf(40),
  country: countrySchema.nullable(),
  vatNumber: textOf(20),
  mail: textOf(254),
  phone: textOf(16),
  timeZone: textOf(60),
  paymentTermsDays: z.number().int().min(0).max(365).nullable(),
  reminderPlanId: textOf(36),
  wantsReminderCalls: z.boolean(),
  bankDetails: textOf(200),
  numberPrefix: textOf(8),
});
const changes = profileSchema.partial();
const accountParams = z.object({ accountId: z.string().max(36) });

/** URLs of who is billed, and who bills. */
export function profileRoutes(database: Database): readonly Route[] {
  const change = (id: string, body: z.infer<typeof changes>, nowMs: number) =>
    database.write(async (sql) => {
      if (body.reminderPlanId) await requireReminderPlan(sql, body.reminderPlanId);
      const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      return changeProfile(sql, id, given, nowMs);
    });
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/billing-profile',
      summary: 'Who is billed for an account: name, address, VAT number, where mail goes, time zone',
      scope: 'invoices:read',
      personal: true,
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: profileSchema },
      handle: ({ params }) => readProfile(database.read, params.accountId),
    }),
    route({
      method: 'patch',
      path: '/accounts/{accountId}/billing-profile',
      summary:
        'Sets who is billed for an account; what is left out stays. Issued invoices keep what they say',
      scope: 'invoices:write',
      params: accountParams,
      body: changes,
      answer: { kind: 'json', schema: profileSchema },
      handle: ({ params, body, nowMs }) => change(params.accountId, body, nowMs),
    }),
    route({
      method: 'get',
      path: '/house-billing-profile',
      summary: 'Who sells: what invoices say of the house, its bank details and what numbers begin with',
      scope: 'invoices:read',
      answer: { kind: 'json', schema: profileSchema },
      handle: () => readProfile(database.read, HOUSE),
    }),
    route({
      method: 'patch',
      path: '/house-billing-profile',
      summary: 'Sets who sells; what is left out stays. The country decides which taxes are charged',
      scope: 'invoices:write',
      body: changes,
      answer: { kind: 'json', schema: profileSchema },
      handle: ({ body, nowMs }) => change(HOUSE, body, nowMs),
    }),
  ];
}
