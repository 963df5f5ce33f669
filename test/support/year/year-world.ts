import { openAccount } from '../../../src/billing/open-account';
import { createPlan } from '../../../src/billing/plans/plans-store';
import { subscribe } from '../../../src/billing/plans/subscriptions';
import { changeProfile, HOUSE } from '../../../src/billing/profiles/billing-profiles-store';
import { DEFAULT_REMINDER_PLAN, type ReminderPlan } from '../../../src/billing/reminders/reminder-plan';
import { createReminderPlan } from '../../../src/billing/reminders/reminder-plans-store';
import { addTaxRule } from '../../../src/billing/tax/tax-rules-store';
import type { ImportedCall } from '../../../src/cdr/mediation/imported-call';
import { type Currency, currency, parseMicros } from '../../../src/kernel/money';
import { e164 } from '../../../src/kernel/phone-number';
import type { Database } from '../../../src/kernel/unit-of-work';
import { aDeck, aRateLine } from '../billing-builders';
import { seededRandom } from '../seeded-random';

export const YEAR_FROM_MS = Date.UTC(2026, 0, 1);

/** How an account pays: its invoices so many days after they were issued, a share of each; or ahead. */
export type Habit = {
  readonly name: 'on time' | 'late' | 'very late' | 'half' | 'never' | 'ahead';
  readonly payAfterDays: number | null;
  readonly percent: bigint;
};

/** Out of ten accounts. An invoice is due 14 days after its issue, limits from day 28 and suspends from day 35. */
const HABITS: readonly Habit[] = [
  ...Array.from({ length: 4 }, () => ({ name: 'on time', payAfterDays: 10, percent: 100n }) as const),
  { name: 'late', payAfterDays: 30, percent: 100n },
  { name: 'very late', payAfterDays: 38, percent: 100n },
  { name: 'half', payAfterDays: 10, percent: 50n },
  { name: 'never', payAfterDays: null, percent: 0n },
  { name: 'ahead', payAfterDays: null, percent: 0n },
  { name: 'ahead', payAfterDays: null, percent: 0n },
];

export type YearAccount = {
  readonly id: string;
  readonly name: string;
  readonly currency: Currency;
  readonly habit: Habit;
  /** By bank transfer that somebody confirms, or by a top-up with the invoice's number. */
  readonly byBank: boolean;
  readonly isMailed: boolean;
};

/** The default steps with a fee on day 7. */
export const YEAR_REMINDERS: ReminderPlan = {
  ...DEFAULT_REMINDER_PLAN,
  steps: DEFAULT_REMINDER_PLAN.steps.map((step) => ({ ...step, chargesLateFee: step.days === 7 })),
  lateFee: { flatMicros: 2_000_000n, sharePpm: 10_000, mostMicros: 10_000_000n },
};

const COUNTRIES = ['BE', 'BE', 'DE', 'US'] as const;
const NUMBERS = ['+3225550123', '+32470555012', '+4930555001', '+12025550143'];

/** A house that sells in two currencies, its taxes, plans, decks and accounts. */
export async function makeYearWorld(database: Database, accounts: number): Promise<readonly YearAccount[]> {
  const nowMs = YEAR_FROM_MS;
  await makeHouse(database);
  const units = [currency('EUR'), currency('USD')];
  const offers = [];
  for (const unit of units) {
    const rates = [
      aRateLine({ price: '0.019' }),
      aRateLine({ prefix: '3247', destination: 'Belgium mobile', price: '0.12345' }),
      aRateLine({ prefix: '49', destination: 'Germany', price: '0.03', nextIncrementSeconds: 1 }),
      aRateLine({ prefix: '1', destination: 'North America', price: '0.0411', connectFeeMicros: 5_000 }),
    ];
    const deck = await aDeck(database, rates, unit);
    const plan = await database.write((sql) =>
      createPlan(sql, {
        name: `office ${unit}`,
        currency: unit,
        monthlyFeeMicros: parseMicros('9.99'),
        trialDays: 0,
        included: { name: 'included', seconds: 6_000, prefixes: ['32'], priority: 1 },
        nowMs,
      }),
    );
    offers.push({ unit, deck, plan });
  }
  const made: YearAccount[] = [];
  for (let n = 0; n < accounts; n++) {
    const { unit, deck, plan } = offers[n % 7 === 3 ? 1 : 0] as (typeof offers)[number];
    const habit = HABITS[n % HABITS.length] as Habit;
    const name = `account ${String(n).padStart(4, '0')}`;
    const country = COUNTRIES[n % COUNTRIES.length] as string;
    const { id } = await openAccount(database, {
      name,
      currency: unit,
      deckId: deck.id,
      country,
      language: n % 3 === 0 ? 'de' : 'en',
      creditLimitMicros: habit.name === 'ahead' ? 0n : parseMicros(habit.name === 'never' ? '400' : '5000'),
      // Their ids are in one order whenever this is done.
      nowMs: nowMs + n,
    });
    // A third, of every habit: each mail has a PDF, which takes longer than all else of it.
    const isMailed = (n + Math.floor(n / 10)) % 3 === 1;
    const mail = isMailed ? `a${n}@example.org` : null;
    await database.write((sql) => changeProfile(sql, id, { country, mail, timeZone: 'UTC' }, nowMs));
    if (n % 3 === 0)
      await database.write((sql) =>
        subscribe(sql, { accountId: id, planId: plan.id, wantsTrial: false, nowMs: nowMs + n }),
      );
    made.push({ id, name, currency: unit, habit, byBank: n % 2 === 0, isMailed });
  }
  return made;
}

async function makeHouse(database: Database): Promise<void> {
  const nowMs = YEAR_FROM_MS;
  const { id } = await database.write((sql) =>
    createReminderPlan(sql, { name: 'with a late fee', ...YEAR_REMINDERS, nowMs }),
  );
  const house = {
    companyName: 'House of Calls',
    street: '1 Exchange Street',
    postalCode: '1000',
    city: 'Brussels',
    country: 'BE',
    vatNumber: 'BE0123456749',
    bankDetails: 'BE71 0961 2345 6769',
    reminderPlanId: id,
  };
  await database.write((sql) => changeProfile(sql, HOUSE, house, nowMs));
  // The tax of the second half of the year is another one.
  const middleMs = Date.UTC(2026, 6, 1);
  for (const rule of [
    { ratePpm: 210_000, validFromMs: 0, validUntilMs: middleMs },
    { ratePpm: 220_000, validFromMs: middleMs, validUntilMs: null },
  ])
    await database.write((sql) =>
      addTaxRule(sql, { country: 'BE', region: '', name: 'VAT', ...rule, nowMs }),
    );
}

/** When the last month has ended. */
export function untilMsOf(months: number): number {
  return Date.UTC(2026, months);
}

/** Calls spread over the months, in the order of their beginnings; every tenth is not answered. */
export function callsOfYear(
  accounts: readonly YearAccount[],
  { calls, seed, months }: { readonly calls: number; readonly seed: number; readonly months: number },
): readonly ImportedCall[] {
  const random = seededRandom(seed);
  const apartMs = (untilMsOf(months) - YEAR_FROM_MS - 2 * 3_600_000) / calls;
  return Array.from({ length: calls }, (_, n) => {
    const account = accounts[Math.floor(random() * accounts.length)] as YearAccount;
    const number = NUMBERS[Math.floor(random() * NUMBERS.length)] as string;
    const startedAtMs = Math.floor(YEAR_FROM_MS + (n + random()) * apartMs);
    const talkMs = Math.floor(-Math.log(1 - random()) * 240_000);
    const isAnswered = random() >= 0.1;
    return {
      source: 'year',
      uniqueId: `leg-${n}`,
      payerAccountId: account.id,
      direction: 'outbound',
      fromNumber: '+3225550100',
      dialledNumber: number,
      number: e164(number),
      startedAtMs,
      answeredAtMs: isAnswered ? startedAtMs + 5_000 : null,
      endedAtMs: startedAtMs + 5_000 + (isAnswered ? talkMs : 0),
      costDeckId: null,
    };
  });
}
