import { IANAZone } from 'luxon';
import { z } from 'zod';
import { moneyJson, moneySchema, type Route, route, timeSchema } from '../http/route';
import { InvalidInput } from '../kernel/app-error';
import type { Database } from '../kernel/unit-of-work';
import { MAX_REPORT_DAYS, REPORT_KEYS, trafficReport } from './traffic-report';

const DAY_MS = 86_400_000;

const lineSchema = z.object({
  key: z.string().nullable(),
  legs: z.number(),
  answered: z.number(),
  talkMs: z.number(),
  asrPercent: z.number(),
  acdMs: z.number().nullable(),
  pddMs: z.number().nullable(),
  charges: z.array(moneySchema),
  costs: z.array(moneySchema).nullable(),
  margins: z.array(moneySchema).nullable(),
});

/** URL of the traffic report: minutes, ASR, ACD, PDD and what was earned, by day, trunk, prefix, result or payer. */
export function trafficRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/reports/traffic',
      summary:
        'Minutes, ASR, ACD, PDD, charges and, for those who may see them, cost and margin, by day, trunk, prefix, result or payer',
      scope: 'cdrs:read',
      query: z.object({
        from: timeSchema,
        to: timeSchema,
        by: z.enum(REPORT_KEYS).default('day'),
        direction: z.enum(['inbound', 'outbound']).optional(),
        trunk: z.string().max(36).optional(),
        zone: z
          .string()
          .max(64)
          .refine(
            (zone) => IANAZone.isValidZone(zone),
            'is no zone; write one of the IANA names, for example Europe/Brussels',
          )
          .default('UTC'),
      }),
      answer: { kind: 'json', schema: z.object({ lines: z.array(lineSchema) }) },
      handle: async ({ query, caller }) => {
        if (query.to <= query.from) throw new InvalidInput('to', 'is not after from', 'choose a later time');
        if (query.to - query.from > MAX_REPORT_DAYS * DAY_MS)
          throw new InvalidInput(
            'to',
            `is more than ${MAX_REPORT_DAYS} days after from`,
            'choose a shorter time',
          );
        const { scopes } = caller;
        const wanted = {
          by: query.by,
          fromMs: query.from,
          toMs: query.to,
          direction: query.direction ?? null,
          trunkId: query.trunk ?? null,
          zone: query.zone,
        };
        const showsCosts = scopes.includes('costs:read');
        const lines = await trafficReport(database.report, wanted);
        return {
          lines: lines.map((line) => ({
            ...line,
            charges: line.charges.map(moneyJson),
            costs: showsCosts ? line.costs.map(moneyJson) : null,
            margins: showsCosts ? line.margins.map(moneyJson) : null,
          })),
        };
      },
    }),
  ];
}
