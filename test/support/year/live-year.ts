import { mailInvoice } from '../../../src/billing/invoicing/mail-invoice';
import { MAIL_INVOICE } from '../../../src/billing/invoicing/issue-invoices';
import { topUp } from '../../../src/billing/ledger/movements';
import { postEntries } from '../../../src/billing/ledger/post-entries';
import { confirmBankTransfer, noteBankTransfer } from '../../../src/billing/payments/bank-transfers';
import { importCdrs } from '../../../src/billing/rating/import-cdrs';
import { rateBookOf } from '../../../src/billing/rating/rate-book';
import { findDeckHeads } from '../../../src/billing/rating/rates-store';
import { PaymentWatch } from '../../../src/billing/reminders/payment-watch';
import { sendReminder } from '../../../src/billing/reminders/send-reminder';
import { SEND_REMINDER } from '../../../src/billing/reminders/take-steps';
import type { ImportedCall } from '../../../src/cdr/mediation/imported-call';
import { readConfig } from '../../../src/config/read-config';
import { startJobRunner } from '../../../src/jobs/job-runner';
import type { Schedule } from '../../../src/jobs/schedule';
import { Scheduler } from '../../../src/jobs/scheduler';
import { hurrySchedule } from '../../../src/jobs/schedules-store';
import { silentLog } from '../../../src/kernel/log';
import { money, parseMicros } from '../../../src/kernel/money';
import { type Database, integer, micros, text } from '../../../src/kernel/unit-of-work';
import { mailRetryDelayMs } from '../../../src/mail/mail';
import { moneySchedules, ON_POSTED } from '../../../src/wiring-money';
import { paymentParts } from '../../../src/wiring-payments';
import { FakeClock } from '../fake-clock';
import { type Fate, Killed, MortalDatabase } from './mortal-database';
import { callsOfYear, makeYearWorld, YEAR_FROM_MS, untilMsOf, type YearAccount } from './year-world';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Behind the leases of turns and jobs that a dead service leaves. */
const BACK_AFTER_MS = 61_000;
const MAX_LIVES = 30;
const HOUSE_MAIL = 'house@example.org';

export type YearWanted = {
  readonly accounts: number;
  readonly calls: number;
  readonly seed: number;
  /** From January on; 12 for the year. */
  readonly months: number;
  /** Days of each month on which the service lives for a while. The first must be one of them. */
  readonly wakeDays: readonly number[];
};

/** An invoice as whoever pays it has it in hand. */
type Bill = {
  readonly number: string;
  readonly account: YearAccount;
  readonly totalMicros: bigint;
  readonly issuedAtMs: number;
};

/** One service with everything it has of the world outside: the calls of another switch, the money at the bank, and the mailboxes. */
export type LiveYear = {
  readonly accounts: readonly YearAccount[];
  readonly calls: readonly ImportedCall[];
  /** How often each message id came. */
  readonly mails: ReadonlyMap<string, number>;
  /** Goes through the year; `onMonth` is told the moment at which the service has done all of a month's end. Gives its last one. */
  run(onMonth: (nowMs: number) => Promise<void>): Promise<number>;
  /** Brings all calls and all money once more, and makes every schedule due again, at the moment the year ended with. */
  runAgain(): Promise<void>;
};

/** A year of a service that lives for a moment at a time, and is killed as `fate` wills; then another one takes its place. */
export async function liveYear(database: Database, wanted: YearWanted, fate: Fate): Promise<LiveYear> {
  const accounts = await makeYearWorld(database, wanted.accounts);
  const calls = callsOfYear(accounts, wanted);
  const outside: Outside = { accounts, calls, paid: new Set(), mails: new Map() };
  const moments = momentsOfYear(wanted);
  let imported = 0;
  let last = YEAR_FROM_MS;
  return {
    accounts,
    calls,
    mails: outside.mails,
    run: async (onMonth) => {
      for (const moment of moments) {
        let until = imported;
        while (until < calls.length && (calls[until]?.endedAtMs ?? 0) <= moment.atMs) until++;
        // A part of the file before comes again with each file.
        const file = calls.slice(Math.max(0, imported - 5), until);
        last = await live(database, { atMs: moment.atMs, fate, outside, file });
        imported = until;
        if (moment.endsMonth) await onMonth(last);
      }
      return last;
    },
    runAgain: async () => {
      outside.paid.clear();
      // A minute later, for the turns of schedules; nothing of money falls due in it.
      const atMs = last + BACK_AFTER_MS;
      await database.write(async (sql) => {
        const rows = await sql.all('SELECT name FROM schedules');
        for (const row of rows) await hurrySchedule(sql, text(row.name), atMs);
      });
      last = await live(database, { atMs, fate, outside, file: calls });
    },
  };
}

/** On the first at twenty to one, when plans are due, and at three, when invoices are; each waking day at noon. */
function momentsOfYear({ months, wakeDays }: YearWanted): readonly { atMs: number; endsMonth: boolean }[] {
  const moments: { atMs: number; endsMonth: boolean }[] = [];
  for (let dayMs = YEAR_FROM_MS; dayMs <= untilMsOf(months); dayMs += DAY_MS) {
    const day = new Date(dayMs).getUTCDate();
    const isFirst = day === 1;
    if (isFirst) moments.push({ atMs: dayMs + (40 * HOUR_MS) / 60, endsMonth: false });
    if (isFirst) moments.push({ atMs: dayMs + 3 * HOUR_MS, endsMonth: dayMs > YEAR_FROM_MS });
    if (wakeDays.includes(day)) moments.push({ atMs: dayMs + 12 * HOUR_MS, endsMonth: false });
  }
  return moments;
}

type Outside = {
  readonly accounts: readonly YearAccount[];
  readonly calls: readonly ImportedCall[];
  readonly paid: Set<string>;
  readonly mails: Map<string, number>;
};

type Moment = {
  readonly atMs: number;
  readonly fate: Fate;
  readonly outside: Outside;
  readonly file: readonly ImportedCall[];
};

/** Services come to life one after another until one lives through the moment; gives when that was. */
async function live(database: Database, moment: Moment): Promise<number> {
  for (let lives = 0; lives < MAX_LIVES; lives++) {
    const nowMs = moment.atMs + lives * BACK_AFTER_MS;
    const mortal = new MortalDatabase(database, moment.fate);
    try {
      await liveOnce(mortal, nowMs, moment);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    if (!mortal.isDead) return nowMs;
  }
  throw new Error(`no service lived through ${new Date(moment.atMs).toISOString()}`);
}

async function liveOnce(database: MortalDatabase, nowMs: number, { outside, file }: Moment): Promise<void> {
  const clock = new FakeClock(nowMs);
  const world = { config: readConfig({}), log: silentLog, clock };
  const scheduler = new Scheduler({
    database,
    clock,
    log: silentLog,
    schedules: moneySchedules(world, database).map(oftenEnough),
  });
  const watch = new PaymentWatch({ database, clock, log: silentLog, onPosted: ON_POSTED });
  const runner = aMailRunner(database, clock, outside.mails);
  const lookAtPayers = async () => {
    watch.look();
    await watch.idle();
  };
  // A service that lives for longer has its decks compiled by its second file.
  const decks = (await database.read.all('SELECT id FROM rate_decks')).map(({ id }) => text(id));
  for (const head of (await findDeckHeads(database.read, decks)).values())
    await rateBookOf(database).load(head);
  for (const { outcome } of await importCdrs(database, file, nowMs))
    if (outcome === 'refused') throw new Error('a call was refused');
  await payAll(database, nowMs, outside);
  await lookAtPayers();
  await scheduler.start();
  await scheduler.idle();
  await scheduler.stop();
  await lookAtPayers();
  await runner.idle();
  await runner.stop();
}

/** The nightly proof of the whole ledger once a month: else it is most of what a year takes. The month's end is proved beside it. */
function oftenEnough(schedule: Schedule): Schedule {
  return schedule.name === 'prove-ledger' ? { ...schedule, cron: '20 2 1 * *' } : schedule;
}

/** The runner that `startMoney` has, with mailboxes of ours at the end. */
function aMailRunner(database: Database, clock: FakeClock, mails: Map<string, number>) {
  const parts = {
    database,
    clock,
    log: silentLog,
    from: HOUSE_MAIL,
    houseLanguage: 'en',
    linkKey: 'k'.repeat(32),
    publicUrl: '',
    send: async ({ messageId }: { readonly messageId: string }) => {
      mails.set(messageId, (mails.get(messageId) ?? 0) + 1);
    },
  };
  return startJobRunner({
    database,
    clock,
    log: silentLog,
    handlers: {
      [MAIL_INVOICE]: (job) => mailInvoice(parts, job),
      [SEND_REMINDER]: (job) => sendReminder(parts, job),
    },
    retryDelayMs: mailRetryDelayMs,
    pollMs: HOUR_MS,
  });
}

/** Money that has come by now: for invoices by the habits of those who got them, and ahead by those who pay so. */
async function payAll(database: Database, nowMs: number, outside: Outside): Promise<void> {
  const ofId = new Map(outside.accounts.map((account) => [account.id, account]));
  const rows = await database.read.all(
    "SELECT number, account_id, total_micros, issued_at_ms FROM invoices WHERE kind = 'invoice' ORDER BY number",
  );
  for (const row of rows) {
    const account = ofId.get(text(row.account_id));
    if (!account) continue;
    const bill = {
      number: text(row.number),
      account,
      totalMicros: micros(row.total_micros),
      issuedAtMs: integer(row.issued_at_ms),
    };
    await once(outside, bill.number, () => payBill(database, bill, nowMs));
  }
  for (const account of outside.accounts.filter(({ habit }) => habit.name === 'ahead'))
    for (let month = 0; YEAR_FROM_MS + month * 30 * DAY_MS <= nowMs; month++)
      await once(outside, `${account.name} ${month}`, async () => {
        await topUpOf(database, account, parseMicros('10'), `${account.name} ${month}`, nowMs);
        return true;
      });
}

/** What was paid stays paid, also when the service dies after it; what failed is brought again. */
async function once(outside: Outside, key: string, pay: () => Promise<boolean>): Promise<void> {
  if (!outside.paid.has(key) && (await pay())) outside.paid.add(key);
}

async function payBill(database: Database, bill: Bill, nowMs: number): Promise<boolean> {
  const { account, number } = bill;
  const { payAfterDays, percent } = account.habit;
  if (payAfterDays === null) return true;
  if (nowMs < bill.issuedAtMs + payAfterDays * DAY_MS) return false;
  const amountMicros = (bill.totalMicros * percent) / 100n;
  if (!account.byBank) {
    await topUpOf(database, account, amountMicros, number, nowMs);
    return true;
  }
  const parts = paymentParts(readConfig({}), database);
  const booking = await noteBankTransfer(parts, {
    bankKey: `booking ${number}`,
    amount: money(amountMicros, account.currency),
    remittance: `invoice ${number}`,
    payer: account.name,
    receivedAtMs: nowMs,
    nowMs,
  });
  if (booking.state !== 'confirmed')
    await confirmBankTransfer(parts, booking.id, {
      accountId: account.id,
      exchangeRate: null,
      by: 'staff',
      nowMs,
    });
  return true;
}

async function topUpOf(
  database: Database,
  account: YearAccount,
  amountMicros: bigint,
  reference: string,
  nowMs: number,
): Promise<void> {
  const movement = topUp({
    accountId: account.id,
    amount: money(amountMicros, account.currency),
    reference,
  });
  await database.write((sql) => postEntries(sql, movement, nowMs));
}
