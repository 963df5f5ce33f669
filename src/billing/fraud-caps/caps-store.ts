import { readAccount } from '../../accounts/accounts-store';
import { InvalidInput } from '../../kernel/app-error';
import { type Currency, MAX_STORED_MICROS } from '../../kernel/money';
import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import { type Caps, programCaps } from './caps';
import { isTimeZone } from './local-time';

/** Countries that one account may be at home in. */
const MAX_HOME_COUNTRIES = 40;
const MAX_COUNT = 1_000_000;
/** The longest that a country stays open: who still needs it says so again. */
export const LONGEST_OPEN_MS = 366 * 86_400_000;
/** ISO 3166 letters, or a plus and a calling code that no country has. */
const COUNTRY_FORM = /^([A-Z]{2}|\+\d{1,3})$/;

/** What was set for an account or the house; null was not. */
export type OwnCaps = { readonly [name in keyof Caps]: Caps[name] | null };

const MONEY_COLUMNS = {
  maxPricePerMinuteMicros: 'max_price_per_minute_micros',
  maxCallCostMicros: 'max_call_cost_micros',
  maxDayCostMicros: 'max_day_cost_micros',
} as const;
const COUNT_COLUMNS = {
  premiumNumbersPerDay: 'premium_numbers_per_day',
  shortCallsPerTenMinutes: 'short_calls_per_ten_minutes',
  nightCallsPerHour: 'night_calls_per_hour',
} as const;
const COLUMNS = [
  ...Object.values(MONEY_COLUMNS),
  ...Object.values(COUNT_COLUMNS),
  'home_countries',
  'time_zone',
] as const;

/** Columns and joins that add the caps of account `a` to a SELECT; `toCaps` reads the row. Home is where it dials from. */
export const CAPS_COLUMNS = COLUMNS.map((name) =>
  name === 'home_countries'
    ? `COALESCE(own.${name}, a.country, house.${name}) AS ${name}`
    : `COALESCE(own.${name}, house.${name}) AS ${name}`,
).join(', ');
export const CAPS_JOINS =
  'LEFT JOIN fraud_caps own ON own.subject = a.id LEFT JOIN fraud_caps house ON house.subject = a.currency';

/** The caps that hold for an account, from a row with CAPS_COLUMNS. */
export function toCaps(row: Row, unit: Currency): Caps {
  return merged(toOwnCaps(row), programCaps(unit));
}

function merged(own: OwnCaps, below: Caps): Caps {
  const set = Object.entries(own).filter(([, value]) => value !== null);
  return { ...below, ...(Object.fromEntries(set) as Partial<Caps>) };
}

function toOwnCaps(row: Row): OwnCaps {
  const amount = (column: string) => {
    const value = row[column];
    return value === null || value === undefined ? null : micros(value);
  };
  const countries = textOrNull(row.home_countries);
  return {
    maxPricePerMinuteMicros: amount('max_price_per_minute_micros'),
    maxCallCostMicros: amount('max_call_cost_micros'),
    maxDayCostMicros: amount('max_day_cost_micros'),
    premiumNumbersPerDay: integerOrNull(row.premium_numbers_per_day),
    shortCallsPerTenMinutes: integerOrNull(row.short_calls_per_ten_minutes),
    nightCallsPerHour: integerOrNull(row.night_calls_per_hour),
    homeCountries: countries === null ? null : countries.split(',').filter((country) => country !== ''),
    timeZone: textOrNull(row.time_zone),
  };
}

/** The caps that hold for an account. @throws NotFound */
export async function readCaps(sql: Sql, accountId: string): Promise<Caps> {
  const account = await readAccount(sql, accountId);
  const [row] = await sql.all(`SELECT ${CAPS_COLUMNS} FROM accounts a ${CAPS_JOINS} WHERE a.id = ?`, [
    accountId,
  ]);
  return toCaps(row ?? {}, account.currency);
}

/** The caps of accounts in a currency that have none of their own. */
export async function readHouseCaps(sql: Sql, unit: Currency): Promise<Caps> {
  const [row] = await sql.all(`SELECT ${COLUMNS.join(', ')} FROM fraud_caps WHERE subject = ?`, [unit]);
  return row ? merged(toOwnCaps(row), programCaps(unit)) : programCaps(unit);
}

/**
 * Sets caps of an account, or of a currency for the house; null gives the value below back, what is left out stays. Running calls meet
 * the new ones with their next extension. @throws InvalidInput
 */
export async function setCaps(sql: Sql, subject: string, wanted: Partial<OwnCaps>): Promise<void> {
  const changes = Object.entries(wanted).map(([name, value]) => columnOf(name as keyof Caps, value ?? null));
  if (changes.length === 0) return;
  try {
    await sql.run('INSERT INTO fraud_caps (subject) VALUES (?)', [subject]);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
  await sql.run(
    `UPDATE fraud_caps SET ${changes.map(([column]) => `${column} = ?`).join(', ')} WHERE subject = ?`,
    [...changes.map(([, value]) => value), subject],
  );
}

function columnOf(name: keyof Caps, value: unknown): readonly [column: string, value: SqlValue] {
  if (name in MONEY_COLUMNS)
    return [MONEY_COLUMNS[name as keyof typeof MONEY_COLUMNS], checkedMicros(name, value)];
  if (name in COUNT_COLUMNS)
    return [COUNT_COLUMNS[name as keyof typeof COUNT_COLUMNS], checkedCount(name, value)];
  if (name === 'timeZone') return ['time_zone', checkedZone(value as string | null)];
  return ['home_countries', checkedCountries(value as readonly string[] | null)];
}

function checkedMicros(name: string, value: unknown): bigint | null {
  if (value === null) return null;
  if (typeof value === 'bigint' && value >= 0n && value <= MAX_STORED_MICROS) return value;
  throw new InvalidInput(name, 'is out of range', 'give zero or more');
}

function checkedCount(name: string, value: unknown): number | null {
  if (value === null) return null;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT)
    return value as number;
  throw new InvalidInput(name, 'is no count', `give a whole number from 0 to ${MAX_COUNT}`);
}

function checkedZone(zone: string | null): string | null {
  if (zone === null || isTimeZone(zone)) return zone;
  throw new InvalidInput('timeZone', `"${zone}" is none`, 'give an IANA name: Europe/Brussels');
}

function checkedCountries(countries: readonly string[] | null): string | null {
  if (countries === null) return null;
  if (countries.length > MAX_HOME_COUNTRIES)
    throw new InvalidInput('homeCountries', `are ${countries.length}`, `give at most ${MAX_HOME_COUNTRIES}`);
  for (const country of countries) requireCountry(country, 'homeCountries');
  return [...new Set(countries)].join(',');
}

function requireCountry(country: string, field: string): void {
  if (COUNTRY_FORM.test(country)) return;
  throw new InvalidInput(
    field,
    `"${country}" is no country`,
    'give two ISO 3166 letters, or a calling code of no country: BE, +881',
  );
}

/** A country that an account may call beside its home, until when. */
export type OpenedCountry = {
  readonly country: string;
  readonly openedAtMs: number;
  readonly openUntilMs: number;
  readonly openedBy: string;
};

/** Opens a country to an account until a moment; opening it again moves the moment. @throws InvalidInput, NotFound */
export async function openCountry(
  database: Database,
  wanted: {
    readonly accountId: string;
    readonly country: string;
    readonly openUntilMs: number;
    readonly openedBy: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const { accountId, country, openUntilMs, openedBy, nowMs } = wanted;
  requireCountry(country, 'country');
  if (openUntilMs <= nowMs || openUntilMs > nowMs + LONGEST_OPEN_MS)
    throw new InvalidInput('openUntil', 'is past or too far away', 'give a moment within a year from now');
  await database.write(async (sql) => {
    await readAccount(sql, accountId);
    try {
      await sql.run(
        `INSERT INTO opened_countries (account_id, country, opened_at_ms, open_until_ms, opened_by)
         VALUES (?, ?, ?, ?, ?)`,
        [accountId, country, nowMs, openUntilMs, openedBy],
      );
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      await sql.run(
        `UPDATE opened_countries SET opened_at_ms = ?, open_until_ms = ?, opened_by = ?
         WHERE account_id = ? AND country = ?`,
        [nowMs, openUntilMs, openedBy, accountId, country],
      );
    }
  });
}

/** Closes a country before its time; running calls go on. */
export async function closeCountry(
  sql: Sql,
  { accountId, country }: { readonly accountId: string; readonly country: string },
): Promise<void> {
  await sql.run('DELETE FROM opened_countries WHERE account_id = ? AND country = ?', [accountId, country]);
}

/** Countries that are open to an account now, beside its home. */
export async function openedCountries(
  sql: Sql,
  accountId: string,
  nowMs: number,
): Promise<readonly OpenedCountry[]> {
  const rows = await sql.all(
    `SELECT country, opened_at_ms, open_until_ms, opened_by FROM opened_countries
     WHERE account_id = ? AND open_until_ms > ? ORDER BY country`,
    [accountId, nowMs],
  );
  return rows.map((row) => ({
    country: text(row.country),
    openedAtMs: integer(row.opened_at_ms),
    openUntilMs: integer(row.open_until_ms),
    openedBy: text(row.opened_by),
  }));
}
