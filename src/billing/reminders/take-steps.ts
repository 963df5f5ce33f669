import { recordEvents } from '../../webhooks/record-events';
import type { Account } from '../../accounts/account';
import { readAccounts } from '../../accounts/accounts-store';
import { enqueue } from '../../jobs/jobs-store';
import { currency, money, showMoney } from '../../kernel/money';
import { type Database, integerOrNull, type Sql, text } from '../../kernel/unit-of-work';
import { mailLanguage } from '../../mail/mail';
import { noteDue } from '../due-charges/due-charges';
import { timeZoneOf } from '../fraud-caps/local-time';
import { coinMicros } from '../invoicing/draft-invoice';
import type { Invoice } from '../invoicing/invoice';
import { dayText } from '../invoicing/invoice-words';
import { readInvoice } from '../invoicing/invoices-store';
import { type AccountDebt, noteWhatIsPaid } from '../invoicing/open-amounts';
import { type BillingProfile, EMPTY_PROFILE, HOUSE, readProfiles } from '../profiles/billing-profiles-store';
import { type DueReminder, dueReminders, moveOn } from './due-reminders';
import { moveDown } from './ladder';
import { addNotice } from './notices-store';
import { DEFAULT_REMINDER_PLAN, decideStep, lateFeeMicros, type ReminderPlan } from './reminder-plan';
import { readReminderPlans } from './reminder-plans-store';
import { reminderText } from './reminder-text';

/** Invoices listed at a time, and those whose accounts are read at a time. */
const PAGE = 5_000;
const CHUNK = 500;

const DAY_MS = 86_400_000;

export const SEND_REMINDER = 'send-reminder';
export const REMINDER_CALL = 'reminder-call';

/** What one run did. */
export type ReminderRun = { readonly taken: number; readonly looked: number };

/**
 * Takes every step of invoices' reminders that is due: the account is told in the application, a mail and, where wanted, a call are put on their way, and
 * what the step takes from the account is taken, all in one unit of work. Whoever runs it at the same time, each invoice's step is taken once.
 */
export async function takeDueSteps(
  database: Database,
  of: { readonly nowMs: number; readonly houseLanguage: string; readonly goesOn?: () => boolean },
): Promise<ReminderRun> {
  const { nowMs, goesOn = () => true } = of;
  let taken = 0;
  let looked = 0;
  for (let after: DueReminder | null = null; goesOn(); ) {
    const page: readonly DueReminder[] = await dueReminders(database.read, { nowMs, after, limit: PAGE });
    for (let from = 0; from < page.length && goesOn(); from += CHUNK) {
      const chunk = page.slice(from, from + CHUNK);
      const world = await readWorld(database, chunk, of);
      for (const due of chunk) {
        if (!goesOn()) break;
        if (await database.write((sql) => takeStep(sql, due, world))) taken++;
      }
    }
    looked += page.length;
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last;
  }
  return { taken, looked };
}

type StepWorld = {
  readonly nowMs: number;
  readonly houseLanguage: string;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly profiles: ReadonlyMap<string, BillingProfile>;
  readonly plans: ReadonlyMap<string, ReminderPlan>;
};

async function readWorld(
  database: Database,
  page: readonly DueReminder[],
  { nowMs, houseLanguage }: { readonly nowMs: number; readonly houseLanguage: string },
): Promise<StepWorld> {
  const ids = [...new Set(page.map(({ accountId }) => accountId))];
  const accounts = await readAccounts(database.read, ids);
  const profiles = await readProfiles(database.read, [...ids, HOUSE]);
  const planIds = [...profiles.values()].flatMap(({ reminderPlanId }) =>
    reminderPlanId ? [reminderPlanId] : [],
  );
  const plans = await readReminderPlans(database.read, [...new Set(planIds)]);
  return { nowMs, houseLanguage, accounts, profiles, plans };
}

/** False when there was nothing to do, or somebody else did it. */
async function takeStep(sql: Sql, due: DueReminder, world: StepWorld): Promise<boolean> {
  const { nowMs } = world;
  const account = world.accounts.get(due.accountId);
  if (!account) return false;
  const profile = world.profiles.get(account.id) ?? EMPTY_PROFILE;
  const house = world.profiles.get(HOUSE) ?? EMPTY_PROFILE;
  const planId = profile.reminderPlanId ?? house.reminderPlanId;
  const plan = (planId ? world.plans.get(planId) : undefined) ?? DEFAULT_REMINDER_PLAN;
  const country = profile.country ?? account.country;
  const timeZone = timeZoneOf({ timeZone: profile.timeZone, homeCountries: country ? [country] : [] });
  const invoice = await readInvoice(sql, due.invoiceId);
  const [last] = await sql.all(
    "SELECT MAX(taken_at_ms) AS taken FROM reminders WHERE invoice_id = ? AND state <> 'skipped'",
    [invoice.id],
  );
  const decision = decideStep({
    plan,
    timeZone,
    dueAtMs: invoice.dueAtMs,
    nextStep: due.nextStep,
    lastTakenAtMs: integerOrNull(last?.taken ?? null),
    nowMs,
  });
  if (decision.kind !== 'take') {
    const atMs = decision.kind === 'wait' ? decision.untilMs : null;
    await moveOn(sql, due, { step: due.nextStep, atMs });
    return false;
  }
  const debt = (await noteWhatIsPaid(sql, [account.id], nowMs)).get(account.id);
  const open = debt?.invoices.find(({ id }) => id === invoice.id)?.openMicros ?? 0n;
  if (!debt || open === 0n) return false;
  if (remindedDebt(debt) < plan.thresholdMicros) {
    await moveOn(sql, due, { step: due.nextStep, atMs: nowMs + DAY_MS });
    return false;
  }
  const next = decision.next ?? { step: decision.step + 1, atMs: null };
  // Whoever moves the row on has the step; all the rest is in this unit of work.
  if (!(await moveOn(sql, due, next))) return false;
  await storeStep(sql, { invoice, account, profile, house, plan, timeZone, open, decision, world });
  return true;
}

/** What is owed beside what is disputed. */
function remindedDebt({ invoices }: AccountDebt): bigint {
  return invoices.reduce((sum, { openMicros, isDisputed }) => (isDisputed ? sum : sum + openMicros), 0n);
}

type Taken = {
  readonly invoice: Invoice;
  readonly account: Account;
  readonly profile: BillingProfile;
  readonly house: BillingProfile;
  readonly plan: ReminderPlan;
  readonly timeZone: string;
  readonly open: bigint;
  readonly decision: Extract<ReturnType<typeof decideStep>, { kind: 'take' }>;
  readonly world: StepWorld;
};

async function storeStep(sql: Sql, taken: Taken): Promise<void> {
  const { invoice, account, profile, plan, open, decision, world } = taken;
  const { nowMs } = world;
  const step = plan.steps[decision.step];
  if (!step) throw new Error(`there is no step ${decision.step}`);
  const isMailed = profile.mail !== null;
  const insert = (number: number, action: string, state: string) =>
    sql.run(
      'INSERT INTO reminders (invoice_id, step, account_id, action, state, open_micros, taken_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
      [invoice.id, number, account.id, action, state, open, nowMs],
    );
  for (const skipped of decision.skipped) await insert(skipped, 'remind', 'skipped');
  await insert(decision.step, step.action, isMailed ? 'queued' : 'noted');
  const key = `${invoice.id}:${decision.step}`;
  const following = decision.next && plan.steps[decision.next.step];
  const announced =
    decision.next && following ? { action: following.action, day: dayText(decision.next.atMs) } : null;
  const language = mailLanguage(account.language ?? world.houseLanguage);
  const told = reminderText(language, {
    number: invoice.number,
    amount: showMoney(money(open, invoice.currency)),
    dueDay: dayText(invoice.dueAtMs),
    isDue: nowMs >= invoice.dueAtMs,
    action: step.action,
    announced,
    bankDetails: taken.house.bankDetails,
  });
  await addNotice(sql, {
    key: `reminder:${key}`,
    accountId: account.id,
    kind: 'payment-reminder',
    title: told.subject,
    body: told.text,
    nowMs,
  });
  await recordEvents(
    sql,
    [
      {
        kind: 'reminder.sent',
        objectKey: `invoice:${invoice.id}`,
        accountId: account.id,
        facts: {
          invoiceId: invoice.id,
          number: invoice.number,
          step: decision.step,
          action: step.action,
          openMicros: open.toString(),
          currency: invoice.currency,
        },
      },
    ],
    nowMs,
  );
  const job = { uniqueKey: key, runAtMs: nowMs, nowMs };
  const facts = { invoiceId: invoice.id, step: decision.step };
  if (isMailed) await enqueue(sql, { ...job, kind: SEND_REMINDER, payload: facts });
  if (step.byCall && profile.wantsReminderCalls && profile.phone !== null)
    await enqueue(sql, {
      ...job,
      kind: REMINDER_CALL,
      payload: {
        ...facts,
        quietFromHour: plan.quietFromHour,
        quietUntilHour: plan.quietUntilHour,
        timeZone: taken.timeZone,
      },
    });
  if (step.action !== 'remind') await moveDown(sql, { accountId: account.id, action: step.action, nowMs });
  const fee = step.chargesLateFee ? lateFeeMicros(plan.lateFee, open, coinMicros(invoice.currency)) : 0n;
  if (fee > 0n)
    await noteDue(sql, {
      key: `late-fee:${key}`,
      accountId: account.id,
      kind: 'late-fee',
      currency: invoice.currency,
      amountMicros: fee,
      taxMicros: 0n,
      note: `invoice ${invoice.number} was not paid in time`,
      details: facts,
      dueAtMs: nowMs,
    });
}

/** A reminder as it was taken. */
export type Reminder = {
  readonly invoiceId: string;
  readonly step: number;
  readonly accountId: string;
  readonly action: string;
  readonly state: string;
  readonly openMicros: string;
  readonly takenAtMs: number | null;
  readonly sentAtMs: number | null;
};

/** The steps that were taken for an invoice, in their order. */
export async function remindersOf(sql: Sql, invoiceId: string): Promise<readonly Reminder[]> {
  const rows = await sql.all('SELECT * FROM reminders WHERE invoice_id = ? ORDER BY step', [invoiceId]);
  return rows.map((row) => ({
    invoiceId: text(row.invoice_id),
    step: integerOrNull(row.step) ?? 0,
    accountId: text(row.account_id),
    action: text(row.action),
    state: text(row.state),
    openMicros: String(row.open_micros),
    takenAtMs: integerOrNull(row.taken_at_ms),
    sentAtMs: integerOrNull(row.sent_at_ms),
  }));
}

/** Facts of a reminder that is about to go out, as they are at this moment; null when there is nothing to remind of any more. */
export async function stillOwed(
  database: Database,
  { invoiceId, step }: { readonly invoiceId: string; readonly step: number },
  nowMs: number,
): Promise<{ readonly invoice: Invoice; readonly openMicros: bigint } | null> {
  const invoice = await readInvoice(database.read, invoiceId);
  return database.write(async (sql) => {
    const debt = (await noteWhatIsPaid(sql, [invoice.accountId], nowMs)).get(invoice.accountId);
    const open = debt?.invoices.find(({ id }) => id === invoiceId);
    const [later] = await sql.all('SELECT step FROM reminders WHERE invoice_id = ? AND step > ? LIMIT 1', [
      invoiceId,
      step,
    ]);
    if (!open || open.openMicros === 0n || open.isDisputed || later) return null;
    return { invoice: { ...invoice, currency: currency(invoice.currency) }, openMicros: open.openMicros };
  });
}
