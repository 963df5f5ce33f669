import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';
import { InvalidInput } from '../../kernel/app-error';

/** What a file of CDRs may say of a leg. */
export const CDR_FIELDS = [
  'uniqueId',
  'account',
  'from',
  'to',
  'direction',
  'startedAt',
  'answeredAt',
  'endedAt',
  'talkSeconds',
  'durationSeconds',
] as const;

export type CdrField = (typeof CDR_FIELDS)[number];

const header = z.string().trim().min(1).max(100);

/** How a switch writes its CDRs down; kept under a name. */
export const cdrFileFormSchema = z.strictObject({
  /** The switch: its CDRs are told apart by this name. */
  source: z.string().regex(/^[a-z0-9][a-z0-9-]{0,49}$/, 'is no name; use small letters, digits and -'),
  delimiter: z.enum([',', ';', '\t', '|']).default(','),
  encoding: z.enum(['utf-8', 'latin1']).default('utf-8'),
  skipLines: z.int().min(0).max(100).default(0),
  /** Without a header columns are called 1, 2, 3 … */
  hasHeader: z.boolean().default(true),
  decimal: z.enum(['.', ',']).default('.'),
  /** ISO, unix (seconds), unix-ms, or the letters of luxon: dd/MM/yyyy HH:mm:ss. */
  timeFormat: z.string().min(1).max(40).default('ISO'),
  /** IANA time zone of moments that name none. */
  timeZone: z.string().max(64).default('UTC'),
  /** What stands before the country code, besides a plus. */
  internationalPrefix: z
    .string()
    .regex(/^\d{0,4}$/)
    .default('00'),
  columns: z.partialRecord(z.enum(CDR_FIELDS), header),
  /** For what the file does not say. */
  defaults: z
    .strictObject({
      account: z.string().max(36).optional(),
      direction: z.enum(['inbound', 'outbound']).default('outbound'),
      costDeckId: z.string().max(36).optional(),
    })
    .default({ direction: 'outbound' }),
});

export type CdrFileForm = z.infer<typeof cdrFileFormSchema>;

/** @throws InvalidInput for a form that does not say when a leg began, whom it called, how long it was talked or who pays */
export function checkCdrFileForm(form: CdrFileForm): CdrFileForm {
  const { columns, defaults } = form;
  for (const field of ['to', 'startedAt'] as const)
    if (!columns[field])
      throw new InvalidInput('columns', `name no ${field}`, `name the column that holds ${field}`);
  if (!columns.account && !defaults.account)
    throw new InvalidInput(
      'columns',
      'name no account',
      'name a column for account, or give defaults.account',
    );
  const saysTalk =
    columns.talkSeconds || (columns.answeredAt && (columns.endedAt || columns.durationSeconds));
  if (!saysTalk)
    throw new InvalidInput(
      'columns',
      'do not say how long was talked',
      'name a column for talkSeconds, or for answeredAt and endedAt; a duration with the ringing in it is not enough',
    );
  if (!IANAZone.isValidZone(form.timeZone))
    throw new InvalidInput('timeZone', `"${form.timeZone}" is none`, 'use one like Europe/Brussels');
  if (!['ISO', 'unix', 'unix-ms'].includes(form.timeFormat)) {
    const probe = DateTime.fromISO('2001-02-03T13:45:58', { zone: 'UTC' });
    const again = DateTime.fromFormat(probe.toFormat(form.timeFormat), form.timeFormat, { zone: 'UTC' });
    if (!again.isValid || Math.abs(again.toMillis() - probe.toMillis()) >= 60_000)
      throw new InvalidInput(
        'timeFormat',
        `"${form.timeFormat}" names no moment`,
        'write it like dd/MM/yyyy HH:mm:ss',
      );
  }
  return form;
}
