import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';
import { InvalidInput } from '../../kernel/app-error';

/** What a file of prices may say of a rate. */
export const RATE_FIELDS = [
  'prefix',
  'countryCode',
  'areaCodes',
  'destination',
  'pricePerMinute',
  'connectFee',
  'increments',
  'firstIncrement',
  'nextIncrement',
  'minimumSeconds',
  'graceSeconds',
  'effectiveFrom',
  'effectiveUntil',
  'minimumCharge',
  'maximumCharge',
] as const;

export type RateField = (typeof RATE_FIELDS)[number];

/** Dates as ISO 8601 writes them: a date, or a moment in UTC. */
export const ISO_DATES = 'ISO';

const header = z.string().trim().min(1).max(100);
const bandName = z.string().regex(/^[a-z][a-z0-9_-]{0,29}$/);
const seconds = z.int().min(0).max(86_400);

/** How a carrier writes its prices down; kept under a name and used for every file of that carrier. */
export const rateFileFormSchema = z.strictObject({
  delimiter: z.enum([',', ';', '\t', '|']).default(','),
  encoding: z.enum(['utf-8', 'latin1']).default('utf-8'),
  /** Lines above the header that are no part of the table. */
  skipLines: z.int().min(0).max(100).default(0),
  /** Without a header columns are called 1, 2, 3 … */
  hasHeader: z.boolean().default(true),
  decimal: z.enum(['.', ',']).default('.'),
  thousands: z.enum(['', '.', ',', ' ', "'"]).default(''),
  /** ISO, or the letters of luxon: dd/MM/yyyy HH:mm. */
  dateFormat: z.string().min(1).max(40).default(ISO_DATES),
  /** IANA time zone of dates that name none. */
  timeZone: z.string().max(64).default('UTC'),
  /** An end that is a day means its last moment. */
  untilIsInclusive: z.boolean().default(false),
  /** Our field → the column of the file. */
  columns: z.partialRecord(z.enum(RATE_FIELDS), header),
  /** Time band of the deck → the column with its price per minute. */
  bandPrices: z.record(bandName, header).default({}),
  /** For what the file does not say. */
  defaults: z
    .strictObject({
      firstIncrementSeconds: seconds.min(1).optional(),
      nextIncrementSeconds: seconds.min(1).optional(),
      minimumSeconds: seconds.default(0),
      graceSeconds: seconds.default(0),
    })
    .default({ minimumSeconds: 0, graceSeconds: 0 }),
});

export type RateFileForm = z.infer<typeof rateFileFormSchema>;

/** Our own form, which export writes; its columns are all the file may have. */
export const OWN_FORM: RateFileForm = {
  delimiter: ',',
  encoding: 'utf-8',
  skipLines: 0,
  hasHeader: true,
  decimal: '.',
  thousands: '',
  dateFormat: ISO_DATES,
  timeZone: 'UTC',
  untilIsInclusive: false,
  columns: {
    prefix: 'prefix',
    destination: 'destination',
    pricePerMinute: 'price_per_minute',
    connectFee: 'connect_fee',
    firstIncrement: 'first_increment',
    nextIncrement: 'next_increment',
    minimumSeconds: 'minimum_seconds',
    effectiveFrom: 'effective_from',
    minimumCharge: 'minimum_charge',
    maximumCharge: 'maximum_charge',
    graceSeconds: 'grace_seconds',
    effectiveUntil: 'effective_until',
  },
  bandPrices: {},
  defaults: { minimumSeconds: 0, graceSeconds: 0 },
};

/** Columns of our own form that may be missing. */
export const OPTIONAL_FIELDS: readonly RateField[] = [
  'minimumCharge',
  'maximumCharge',
  'graceSeconds',
  'effectiveUntil',
];

/** What stands before the name of a band in the header of our own form: price_per_minute:evening. */
export const BAND_COLUMN = 'price_per_minute:';

/**
 * Refuses a form by which no file could be read.
 * @throws InvalidInput without a column for prefix, destination or price, without increments, for an unknown time zone or date format, or a sign of two meanings
 */
export function checkRateFileForm(form: RateFileForm): RateFileForm {
  const { columns, defaults } = form;
  if (!columns.prefix && !columns.countryCode)
    throw new InvalidInput('columns', 'name no prefix', 'name a column for prefix, or for countryCode');
  if (columns.prefix && columns.countryCode)
    throw new InvalidInput('columns', 'name prefix and countryCode', 'name one of the two');
  if (columns.areaCodes && !columns.countryCode)
    throw new InvalidInput('columns', 'name areaCodes without countryCode', 'name a column for countryCode');
  for (const field of ['destination', 'pricePerMinute'] as const)
    if (!columns[field])
      throw new InvalidInput('columns', `name no ${field}`, `name the column that holds ${field}`);
  const saysIncrements =
    columns.increments ||
    ((columns.firstIncrement || defaults.firstIncrementSeconds) &&
      (columns.nextIncrement || defaults.nextIncrementSeconds));
  if (!saysIncrements)
    throw new InvalidInput('columns', 'name no increments', 'name a column for increments, or give defaults');
  if (form.decimal === form.thousands)
    throw new InvalidInput('thousands', 'is the decimal sign too', 'use two signs');
  if (!IANAZone.isValidZone(form.timeZone))
    throw new InvalidInput('timeZone', `"${form.timeZone}" is none`, 'use one like Europe/Brussels');
  checkDateFormat(form.dateFormat);
  return form;
}

/** @throws InvalidInput for a format that cannot read what it wrote */
export function checkDateFormat(format: string): void {
  if (format === ISO_DATES) return;
  const probe = DateTime.fromISO('2001-02-03T13:45:00', { zone: 'UTC' });
  const again = DateTime.fromFormat(probe.toFormat(format), format, { zone: 'UTC' });
  if (!again.isValid || again.toISODate() !== probe.toISODate())
    throw new InvalidInput(
      'dateFormat',
      `"${format}" names no day`,
      'write it like dd/MM/yyyy or yyyy-MM-dd HH:mm',
    );
}
