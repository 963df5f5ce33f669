import { z } from 'zod';
import {
  FORM_KINDS,
  forgetForm,
  type KeptForm,
  keepForm,
  listForms,
  readForm,
} from '../../csv/import-forms-store';
import { limitSchema, route, type Route } from '../../http/route';
import type { Database } from '../../kernel/unit-of-work';
import { cdrFileFormSchema, checkCdrFileForm } from '../../cdr/mediation/cdr-file-form';
import { checkRateFileForm, rateFileFormSchema } from './rate-file-form';

const formSchema = z.object({
  kind: z.enum(FORM_KINDS),
  name: z.string(),
  form: z.record(z.string(), z.unknown()),
  changedAtMs: z.number(),
});
const kindParams = z.object({ kind: z.enum(FORM_KINDS) });
const nameParams = z.object({ name: z.string().min(1).max(60) });
const formParams = kindParams.extend({ name: z.string().max(60) });

/** URLs of forms: how carriers write prices down, and switches their CDRs. */
export function importFormRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/import-forms/{kind}',
      summary: 'How files of prices (rates) or of CDRs are written, by name',
      scope: 'decks:read',
      params: kindParams,
      query: z.object({ after: z.string().max(60).optional(), limit: limitSchema }),
      answer: { kind: 'json', schema: z.object({ forms: z.array(formSchema), next: z.string().nullable() }) },
      handle: async ({ params, query }) => {
        const page = { after: query.after ?? null, limit: query.limit };
        const forms = await listForms(database.read, params.kind, page);
        const last = forms.length === query.limit ? forms.at(-1) : undefined;
        return { forms, next: last?.name ?? null };
      },
    }),
    route({
      method: 'get',
      path: '/import-forms/{kind}/{name}',
      summary: 'One form',
      scope: 'decks:read',
      params: formParams,
      answer: { kind: 'json', schema: formSchema },
      handle: ({ params }) => readForm(database.read, params.kind, params.name),
    }),
    route({
      method: 'post',
      path: '/import-forms/rates/{name}',
      summary: 'Keeps how a carrier writes its prices down, in the place of what was kept under this name',
      scope: 'decks:write',
      params: nameParams,
      body: rateFileFormSchema,
      answer: { kind: 'json', schema: formSchema },
      handle: ({ params, body, nowMs }) =>
        keep(database, {
          kind: 'rates',
          name: params.name,
          form: checkRateFileForm(body),
          changedAtMs: nowMs,
        }),
    }),
    route({
      method: 'post',
      path: '/import-forms/cdrs/{name}',
      summary: 'Keeps how a switch writes its CDRs down, in the place of what was kept under this name',
      scope: 'decks:write',
      params: nameParams,
      body: cdrFileFormSchema,
      answer: { kind: 'json', schema: formSchema },
      handle: ({ params, body, nowMs }) =>
        keep(database, { kind: 'cdrs', name: params.name, form: checkCdrFileForm(body), changedAtMs: nowMs }),
    }),
    route({
      method: 'delete',
      path: '/import-forms/{kind}/{name}',
      summary: 'Forgets a form',
      scope: 'decks:write',
      params: formParams,
      answer: { kind: 'json', schema: z.object({ forgotten: z.string() }) },
      handle: async ({ params }) => {
        await database.write((sql) => forgetForm(sql, params.kind, params.name));
        return { forgotten: params.name };
      },
    }),
  ];
}

async function keep(database: Database, form: KeptForm): Promise<KeptForm> {
  await database.write((sql) => keepForm(sql, form));
  return form;
}
