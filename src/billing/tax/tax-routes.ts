import { z } from 'zod';
import { countrySchema, type Route, route, timeSchema } from '../../http/route';
import type { Database } from '../../kernel/unit-of-work';
import { addTaxRule, listTaxRules } from './tax-rules-store';

const ruleSchema = z.object({
  id: z.string(),
  country: z.string(),
  region: z.string(),
  name: z.string(),
  ratePpm: z.number(),
  validFromMs: z.number(),
  validUntilMs: z.number().nullable(),
});

/** URLs of taxes that the house has entered. */
export function taxRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/tax-rules',
      summary: 'Taxes by place and date that the house has entered, beside the standard rates of the EU',
      scope: 'invoices:read',
      answer: { kind: 'json', schema: z.object({ rules: z.array(ruleSchema) }) },
      handle: async () => ({ rules: await listTaxRules(database.read) }),
    }),
    route({
      method: 'post',
      path: '/tax-rules',
      summary: 'Enters a tax of a country, or of a region in it; ratePpm in millionths: 62500 is 6.25 %',
      scope: 'invoices:write',
      body: z.object({
        country: countrySchema,
        region: z.string().trim().max(40).default(''),
        name: z.string().trim().min(1).max(60),
        ratePpm: z.number().int().min(0).max(1_000_000),
        validFrom: timeSchema,
        validUntil: timeSchema.nullable().default(null),
      }),
      answer: { kind: 'json', status: 201, schema: ruleSchema },
      handle: ({ body: { validFrom, validUntil, ...rule }, nowMs }) =>
        database.write((sql) =>
          addTaxRule(sql, { ...rule, validFromMs: validFrom, validUntilMs: validUntil, nowMs }),
        ),
    }),
  ];
}
