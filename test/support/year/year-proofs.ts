import { readAccount } from '../../../src/accounts/accounts-store';
import { INVOICED_KINDS } from '../../../src/billing/invoicing/invoice';
import { invoicesOfAccount, readInvoice } from '../../../src/billing/invoicing/invoices-store';
import { debtsOf } from '../../../src/billing/invoicing/open-amounts';
import { lastEndedPeriod } from '../../../src/billing/invoicing/period';
import { statementOf } from '../../../src/billing/invoicing/statement';
import { readBalanceAsOf } from '../../../src/billing/ledger/balance-as-of';
import { customerLedgerId, readBalance } from '../../../src/billing/ledger/ledger-accounts';
import { verifyLedger } from '../../../src/billing/ledger/verify-ledger';
import { levelOf, type ReminderAction } from '../../../src/billing/reminders/reminder-plan';
import { type Reminder, remindersOf } from '../../../src/billing/reminders/take-steps';
import { type Database, integer, micros, text } from '../../../src/kernel/unit-of-work';
import type { LiveYear } from './live-year';
import { YEAR_REMINDERS, type YearAccount } from './year-world';

const DAY_MS = 86_400_000;

/** What does not hold when a month has been invoiced, in words; nothing when all does. */
export async function faultsOfMonth(
  database: Database,
  accounts: readonly YearAccount[],
  nowMs: number,
): Promise<readonly string[]> {
  const period = lastEndedPeriod(nowMs);
  const faults = [
    ...(await faultsOfLedger(database)),
    ...(await faultsOfNumbers(database)),
    ...(await faultsOfTurns(database)),
    ...(await faultsOfDebts(database, nowMs)),
  ];
  const reported = database.report;
  for (const { id, name } of accounts) {
    const say = (what: string) => void faults.push(`${period.name}, ${name}: ${what}`);
    const of = await statementOf(reported, id, period);
    const sum = of.sums.reduce((total, { amountMicros }) => total + amountMicros, 0n);
    const opening = await readBalanceAsOf(reported, customerLedgerId(id), period.fromMs - 1);
    const closing = await readBalanceAsOf(reported, customerLedgerId(id), period.untilMs - 1);
    if (of.openingMicros + sum !== of.closingMicros) say('opening + lines is not closing');
    if (of.openingMicros !== opening.amountMicros) say('opening is not the balance at the begin');
    if (of.closingMicros !== closing.amountMicros) say('closing is not the balance at the end');
    const after = await statementOf(reported, id, { fromMs: period.untilMs, untilMs: nowMs + 1 });
    if (after.openingMicros !== of.closingMicros) say('the next statement opens with something else');
    if (after.closingMicros !== (await readBalance(reported, id)).balance.amountMicros)
      say('the last statement does not close with the balance');
    const charged = of.sums.filter(({ kind }) => INVOICED_KINDS.some((one) => one === kind));
    const listed = (await invoicesOfAccount(reported, id)).filter((one) => one.period === period.name);
    const invoices = await Promise.all(listed.map((one) => readInvoice(reported, one.id)));
    if (invoices.length > 1) say(`${invoices.length} invoices`);
    const exact = invoices.flatMap(({ lines }) => lines).map(({ exactMicros }) => exactMicros);
    const owed = -charged.reduce((total, { amountMicros }) => total + amountMicros, 0n);
    if (exact.reduce((total, one) => total + one, 0n) !== owed) say('lines are not what the ledger charged');
    const counted = invoices.flatMap(({ lines }) => lines).reduce((total, line) => total + line.quantity, 0);
    if (counted !== charged.reduce((total, { count }) => total + count, 0)) say('lines count other charges');
    for (const { lines, taxes, netMicros, taxMicros, totalMicros } of invoices) {
      const net = lines.reduce((total, line) => total + line.netMicros, 0n);
      const tax = taxes.reduce((total, one) => total + one.taxMicros, 0n);
      if (net !== netMicros || tax !== taxMicros || net + tax !== totalMicros)
        say('shown figures do not add up');
    }
  }
  return faults;
}

async function faultsOfLedger(database: Database): Promise<readonly string[]> {
  const report = await verifyLedger(database);
  const sums = await database.report.all(
    'SELECT currency, SUM(balance_micros) AS total FROM ledger_accounts GROUP BY currency',
  );
  return [
    ...report.faults.map((fault) => `ledger: ${JSON.stringify(fault)}`),
    ...sums.filter((row) => micros(row.total) !== 0n).map((row) => `${text(row.currency)} is not zero`),
  ];
}

/** Every schedule came to the end of its last turn. */
async function faultsOfTurns(database: Database): Promise<readonly string[]> {
  const rows = await database.report.all('SELECT name, last_error FROM schedules WHERE failures > 0');
  return rows.map((row) => `schedule ${text(row.name)} failed: ${String(row.last_error)}`);
}

/** What is due and was not posted is more than its account could pay. */
async function faultsOfDebts(database: Database, nowMs: number): Promise<readonly string[]> {
  const rows = await database.report.all(
    `SELECT d.charge_key FROM due_charges d JOIN ledger_accounts a ON a.account_id = d.account_id
     WHERE d.state = 'due' AND d.due_at_ms <= ? AND a.balance_micros + a.credit_limit_micros - a.held_micros >= d.amount_micros`,
    [nowMs],
  );
  return rows.map((row) => `${text(row.charge_key)} could have been posted`);
}

/** Numbers of a series are 1, 2, 3 … */
async function faultsOfNumbers(database: Database): Promise<readonly string[]> {
  const rows = await database.report.all('SELECT number FROM invoices ORDER BY number');
  const series = new Map<string, number[]>();
  for (const row of rows) {
    const [, prefix = '', counted = ''] = /^(.*?)(\d+)$/.exec(text(row.number)) ?? [];
    series.set(prefix, [...(series.get(prefix) ?? []), Number(counted)]);
  }
  return [...series].flatMap(([prefix, numbers]) =>
    numbers.every((number, n) => number === n + 1) ? [] : [`numbers of ${prefix} have a gap`],
  );
}

/** What does not hold at the end of the year: reminders, mails and the states of accounts. `wakeGapDays`: how long the service slept at most. */
export async function faultsOfEnd(
  database: Database,
  year: LiveYear,
  of: { readonly nowMs: number; readonly wakeGapDays: number; readonly wasKilled: boolean },
): Promise<readonly string[]> {
  const faults: string[] = [];
  const expectedMails = new Set<string>();
  const debts = await debtsOf(
    database.report,
    year.accounts.map(({ id }) => id),
  );
  for (const account of year.accounts) {
    let level: ReminderAction = 'remind';
    let mustBeClosed = false;
    for (const invoice of await invoicesOfAccount(database.report, account.id)) {
      const reminders = await remindersOf(database.report, invoice.id);
      const open = debts.get(account.id)?.invoices.find(({ id }) => id === invoice.id)?.openMicros ?? 0n;
      const about = `${account.name} (${account.habit.name}), ${invoice.number}`;
      const closesAtMs = invoice.dueAtMs + (CLOSED_AFTER_DAYS + of.wakeGapDays) * DAY_MS;
      if (account.habit.name === 'never' && closesAtMs <= of.nowMs) mustBeClosed = true;
      if (account.isMailed) expectedMails.add(`invoice-${invoice.id}@example.org`);
      for (const { step, state } of reminders)
        if (state === 'sent') expectedMails.add(`reminder-${invoice.id}-${step}@example.org`);
      faults.push(...faultsOfSteps({ about, account, invoice, reminders, ...of }));
      for (const { action, state } of reminders)
        if (open > 0n && state !== 'skipped' && levelOf(action as ReminderAction) > levelOf(level))
          level = action as ReminderAction;
    }
    faults.push(...(await faultsOfState(database, account, { level, mustBeClosed })));
  }
  for (const id of expectedMails) if (!year.mails.has(id)) faults.push(`mail ${id} never came`);
  for (const [id, times] of year.mails) {
    if (!expectedMails.has(id)) faults.push(`mail ${id} should not have come`);
    if (times > 1 && !of.wasKilled) faults.push(`mail ${id} came ${times} times`);
  }
  return faults;
}

/** Steps of an invoice are 0, 1, 2 …, each once; none for who pays in time, and every one that has fallen due for who never pays. */
function faultsOfSteps(of: {
  readonly about: string;
  readonly account: YearAccount;
  readonly invoice: { readonly dueAtMs: number; readonly totalMicros: bigint };
  readonly reminders: readonly Reminder[];
  readonly nowMs: number;
  readonly wakeGapDays: number;
}): readonly string[] {
  const { about, account, invoice, reminders, nowMs } = of;
  const faults: string[] = [];
  if (!reminders.every(({ step }, n) => step === n)) faults.push(`${about}: a step is missing`);
  if (account.habit.name === 'on time' && reminders.length > 0) faults.push(`${about}: reminded though paid`);
  if (account.habit.name !== 'never') return faults;
  const due = YEAR_REMINDERS.steps.filter(
    ({ days }) => invoice.dueAtMs + (days + of.wakeGapDays) * DAY_MS <= nowMs,
  ).length;
  const most = YEAR_REMINDERS.steps.filter(({ days }) => invoice.dueAtMs + days * DAY_MS <= nowMs).length;
  if (reminders.length < due) faults.push(`${about}: ${reminders.length} steps taken, ${due} are due`);
  if (reminders.length > most) faults.push(`${about}: ${reminders.length} steps taken, only ${most} are due`);
  return faults;
}

const CLOSED_AFTER_DAYS = YEAR_REMINDERS.steps.at(-1)?.days ?? 0;

const STATES = { remind: 'active', limit: 'limited', suspend: 'suspended', close: 'closed' } as const;

async function faultsOfState(
  database: Database,
  account: YearAccount,
  { level, mustBeClosed }: { readonly level: ReminderAction; readonly mustBeClosed: boolean },
): Promise<readonly string[]> {
  const { state } = await readAccount(database.report, account.id);
  const about = `${account.name} (${account.habit.name})`;
  const faults: string[] = [];
  // Closed is final, whatever was paid since.
  if (state !== STATES[level] && state !== 'closed')
    faults.push(`${about}: is ${state}, should be ${STATES[level]}`);
  if (mustBeClosed && state !== 'closed') faults.push(`${about}: never paid and is ${state}`);
  if (account.habit.name === 'on time' && state !== 'active')
    faults.push(`${about}: always paid and is ${state}`);
  return faults;
}

/** Figures of a year, so that a reader sees that something happened. */
export async function figuresOf(
  database: Database,
  year: LiveYear,
): Promise<Readonly<Record<string, number>>> {
  const count = async (statement: string) => integer((await database.report.all(statement))[0]?.n ?? 0);
  const states = await Promise.all(
    ['active', 'limited', 'suspended', 'closed'].map(async (state) => [
      state,
      await count(`SELECT COUNT(*) AS n FROM accounts WHERE state = '${state}'`),
    ]),
  );
  return {
    cdrs: await count('SELECT COUNT(*) AS n FROM cdrs'),
    transactions: await count('SELECT COUNT(*) AS n FROM ledger_transactions'),
    invoices: await count('SELECT COUNT(*) AS n FROM invoices'),
    reminders: await count("SELECT COUNT(*) AS n FROM reminders WHERE state <> 'skipped'"),
    lateFees: await count("SELECT COUNT(*) AS n FROM due_charges WHERE kind = 'late-fee'"),
    capped: await count('SELECT COUNT(*) AS n FROM cdrs WHERE held_capped = 1'),
    mails: year.mails.size,
    ...Object.fromEntries(states),
  };
}
