import { readAccount } from '../../accounts/accounts-store';
import { InvalidInput } from '../../kernel/app-error';
import { integer, integerOrNull, type Row, type Sql, textOrNull } from '../../kernel/unit-of-work';
import { isMailbox } from '../../mail/mail';
import { isTimeZone } from '../fraud-caps/local-time';
import { faultOfVatNumber } from '../tax/vat-number';
import { e164 } from '../../kernel/phone-number';
import { placeOf } from '../fraud-caps/number-place';

/** The profile of the seller. */
export const HOUSE = 'house';

/** Who buys, or sells, as an invoice names them; null is not known. */
export type BillingProfile = {
  readonly companyName: string | null;
  readonly street: string | null;
  readonly postalCode: string | null;
  readonly city: string | null;
  /** State or province where taxes depend on it: `CA`. */
  readonly region: string | null;
  /** ISO 3166-1 alpha-2; null: the account's. */
  readonly country: string | null;
  /** With its country's letters. */
  readonly vatNumber: string | null;
  /** Where invoices and reminders go; null: nobody is written to, notices are kept all the same. */
  readonly mail: string | null;
  /** Where a reminder call goes, E.164. */
  readonly phone: string | null;
  readonly timeZone: string | null;
  /** Days from issue to due; null: the house's, or 14. */
  readonly paymentTermsDays: number | null;
  /** Null: the house's, or the program's own. */
  readonly reminderPlanId: string | null;
  readonly wantsReminderCalls: boolean;
  /** Of the house: where money is sent to. */
  readonly bankDetails: string | null;
  /** Of the house: what numbers of invoices begin with. */
  readonly numberPrefix: string | null;
};

export const EMPTY_PROFILE: BillingProfile = {
  companyName: null,
  street: null,
  postalCode: null,
  city: null,
  region: null,
  country: null,
  vatNumber: null,
  mail: null,
  phone: null,
  timeZone: null,
  paymentTermsDays: null,
  reminderPlanId: null,
  wantsReminderCalls: false,
  bankDetails: null,
  numberPrefix: null,
};

const COLUMNS = `id, company_name, street, postal_code, city, region, country, vat_number, mail, phone, time_zone, payment_terms_days,
  reminder_plan_id, wants_reminder_calls, bank_details, number_prefix`;

/** The profile of an account or of the house; nothing known when there is none. */
export async function readProfile(sql: Sql, id: string): Promise<BillingProfile> {
  return (await readProfiles(sql, [id])).get(id) ?? EMPTY_PROFILE;
}

/** Profiles by id; those that were never set are left out. */
export async function readProfiles(
  sql: Sql,
  ids: readonly string[],
): Promise<ReadonlyMap<string, BillingProfile>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM billing_profiles WHERE id IN (${ids.map(() => '?').join(', ')})`,
    ids,
  );
  return new Map(rows.map((row) => [String(row.id), toProfile(row)]));
}

/** Sets what is given of a profile; what is left out stays. @throws InvalidInput naming the field, NotFound for an unknown account */
export async function changeProfile(
  sql: Sql,
  id: string,
  change: Partial<BillingProfile>,
  nowMs: number,
): Promise<BillingProfile> {
  if (id !== HOUSE) await readAccount(sql, id);
  const before = await readProfile(sql, id);
  const after = checkedProfile({ ...before, ...change });
  await sql.run('DELETE FROM billing_profiles WHERE id = ?', [id]);
  await sql.run(
    `INSERT INTO billing_profiles (${COLUMNS}, changed_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      id,
      after.companyName,
      after.street,
      after.postalCode,
      after.city,
      after.region,
      after.country,
      after.vatNumber,
      after.mail,
      after.phone,
      after.timeZone,
      after.paymentTermsDays,
      after.reminderPlanId,
      after.wantsReminderCalls ? 1 : 0,
      after.bankDetails,
      after.numberPrefix,
      nowMs,
    ],
  );
  return after;
}

function checkedProfile(wanted: BillingProfile): BillingProfile {
  const vatNumber =
    wanted.vatNumber === null ? null : wanted.vatNumber.replaceAll(/[\s.-]/g, '').toUpperCase();
  const fault = vatNumber === null ? null : faultOfVatNumber(vatNumber);
  if (fault) refuse('vatNumber', fault, 'write it with its country’s letters, as in BE0123456749');
  if (wanted.mail !== null && !isMailbox(wanted.mail))
    refuse('mail', 'is no mail address', 'write one address, for example name@example.org');
  if (wanted.timeZone !== null && !isTimeZone(wanted.timeZone))
    refuse('timeZone', 'is no time zone', 'write a name of IANA, for example Europe/Brussels');
  if (wanted.phone !== null && !/^\+[1-9]\d{5,14}$/.test(wanted.phone))
    refuse('phone', 'is no telephone number', 'write it in E.164, as in +3225550123');
  // The house pays for calls that remind.
  if (wanted.phone !== null && placeOf(e164(wanted.phone)).isPremium)
    refuse('phone', 'is a number that costs whoever calls it', 'give one of the usual price');
  if (wanted.numberPrefix !== null && !/^[A-Z0-9-]{0,8}$/.test(wanted.numberPrefix))
    refuse('numberPrefix', 'is no prefix', 'write up to eight capital letters, digits and hyphens');
  return { ...wanted, vatNumber };
}

function refuse(field: string, problem: string, remedy: string): never {
  throw new InvalidInput(field, problem, remedy);
}

function toProfile(row: Row): BillingProfile {
  return {
    companyName: textOrNull(row.company_name),
    street: textOrNull(row.street),
    postalCode: textOrNull(row.postal_code),
    city: textOrNull(row.city),
    region: textOrNull(row.region),
    country: textOrNull(row.country),
    vatNumber: textOrNull(row.vat_number),
    mail: textOrNull(row.mail),
    phone: textOrNull(row.phone),
    timeZone: textOrNull(row.time_zone),
    paymentTermsDays: integerOrNull(row.payment_terms_days),
    reminderPlanId: textOrNull(row.reminder_plan_id),
    wantsReminderCalls: integer(row.wants_reminder_calls) === 1,
    bankDetails: textOrNull(row.bank_details),
    numberPrefix: textOrNull(row.number_prefix),
  };
}
