import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { FakeClock } from '../../../test/support/fake-clock';
import { aCustomer, aHouse, charge, DAY_MS, FEBRUARY_MS, pay } from '../../../test/support/invoice-builders';
import { headerOf, MailServer } from '../../../test/support/mail-server';
import type { Account } from '../../accounts/account';
import { readAccount, setAccountState } from '../../accounts/accounts-store';
import { type JobRunner, startJobRunner } from '../../jobs/job-runner';
import { silentLog } from '../../kernel/log';
import { mailBySmtp } from '../../mail/mailer-nodemailer';
import { disputeInvoice } from '../invoicing/disputes';
import { listInvoices } from '../invoicing/invoices-store';
import { issueInvoices } from '../invoicing/issue-invoices';
import { periodNamed } from '../invoicing/period';
import { verifyLedger } from '../ledger/verify-ledger';
import { changeProfile } from '../profiles/billing-profiles-store';
import { dueReminders, moveOn } from './due-reminders';
import { liftWhatIsPaid } from './ladder';
import { listNotices } from './notices-store';
import { PaymentWatch } from './payment-watch';
import { DEFAULT_REMINDER_PLAN } from './reminder-plan';
import { createReminderPlan } from './reminder-plans-store';
import { callReminder, type ReminderCall, sendReminder } from './send-reminder';
import { remindersOf, REMINDER_CALL, SEND_REMINDER, takeDueSteps } from './take-steps';
import { postDueCharges } from '../due-charges/due-charges';

const MID_JANUARY = Date.UTC(2026, 0, 15);
const DUE_MS = FEBRUARY_MS + 14 * DAY_MS;

describe.each(DIALECTS)('payment reminders on %s', (dialect) => {
  let test: TestDatabase;
  let server: MailServer;
  let clock: FakeClock;
  let runner: JobRunner;
  const calls: ReminderCall[] = [];
  let linesAreBusy = false;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
    server = await MailServer.start();
    clock = new FakeClock(FEBRUARY_MS);
    calls.length = 0;
    linesAreBusy = false;
    await aHouse(test.database, { reminderPlanId: null });
    runner = aRunner();
  });
  afterEach(async () => {
    await runner.stop();
    await server.stop();
    await test.drop();
  });

  const parts = () => ({
    database: test.database,
    clock,
    log: silentLog,
    send: mailBySmtp(server.url, 'house@example.org'),
    from: 'house@example.org',
    houseLanguage: 'en',
    placeReminderCall: async (call: ReminderCall) => {
      if (linesAreBusy) throw new Error('no line is free');
      calls.push(call);
    },
  });
  const aRunner = () =>
    startJobRunner({
      database: test.database,
      clock,
      log: silentLog,
      handlers: {
        [SEND_REMINDER]: (job) => sendReminder(parts(), job),
        [REMINDER_CALL]: (job) => callReminder(parts(), job),
      },
      // Nobody waits for a poll: each story asks the runner itself.
      pollMs: 400 * DAY_MS,
    });
  const take = () => takeDueSteps(test.database, { nowMs: clock.nowMs(), houseLanguage: 'en' });
  const dayOf = async (day: number) => {
    await clock.advance(DUE_MS + day * DAY_MS + 9 * 3_600_000 - clock.nowMs());
    await take();
    await runner.idle();
  };
  const anInvoice = async (account: Account, amount = '100') => {
    await charge(test.database, account, amount, MID_JANUARY);
    await issueInvoices(test.database, { period: periodNamed('2026-01'), nowMs: FEBRUARY_MS });
    const [invoice] = await listInvoices(test.database.read, {
      accountId: account.id,
      period: null,
      after: null,
      limit: 1,
    });
    if (!invoice) throw new Error('no invoice');
    return invoice;
  };
  const stateOf = async ({ id }: Account) => (await readAccount(test.database.read, id)).state;
  const ada = (rest: Parameters<typeof aCustomer>[1] = {}) =>
    aCustomer(test.database, { profile: { mail: 'ada@example.org', timeZone: 'UTC' }, ...rest });

  it('go down the ladder day by day, each step told once, and up again by payment', async () => {
    const account = await ada();
    const invoice = await anInvoice(account);
    const states = [];
    for (const day of [-10, -3, 0, 7, 14, 21]) {
      await dayOf(day);
      await dayOf(day);
      states.push(await stateOf(account));
    }
    expect(states).toEqual(['active', 'active', 'active', 'active', 'limited', 'suspended']);
    expect(server.mails.map((mail) => headerOf(mail, 'Message-ID'))).toEqual(
      [0, 1, 2, 3, 4].map((step) => `<reminder-${invoice.id}-${step}@example.org>`),
    );
    expect(await remindersOf(test.database.read, invoice.id)).toMatchObject(
      ['remind', 'remind', 'remind', 'limit', 'suspend'].map((action) => ({ action, state: 'sent' })),
    );
    await pay(test.database, account, '121', 'transfer', clock.nowMs());
    const watch = new PaymentWatch({ database: test.database, clock, log: silentLog, onPosted: {} });
    watch.start();
    await clock.advance(500);
    await watch.idle();
    await watch.stop();
    expect(await stateOf(account)).toBe('active');
    await dayOf(90);
    expect(server.mails).toHaveLength(5);
  });

  it('announce what will be taken, in the account’s language, and are kept as notices', async () => {
    const account = await ada({ language: 'de' });
    await anInvoice(account);
    await dayOf(7);
    const [notice] = await listNotices(test.database.read, { accountId: account.id, after: null, limit: 5 });
    expect(notice?.title).toBe('Zahlungserinnerung: Rechnung 2026-000001');
    expect(notice?.body).toContain('121.00 EUR der Rechnung 2026-000001, fällig am 2026-02-15');
    expect(notice?.body).toContain('Ohne Zahlung bis zum 2026-03-01');
    expect(notice?.body).toContain('BE71 0961 2345 6769');
  });

  it('stop with the payment, though a mail was on its way already', async () => {
    const account = await ada();
    const invoice = await anInvoice(account);
    await runner.stop();
    await clock.advance(DUE_MS - clock.nowMs() + 9 * 3_600_000);
    await take();
    await pay(test.database, account, '121', 'transfer', clock.nowMs());
    runner = aRunner();
    await runner.idle();
    expect(server.mails).toEqual([]);
    expect((await remindersOf(test.database.read, invoice.id)).at(-1)?.state).toBe('stopped');
  });

  it('are not sent for what is disputed, and lift what a disputed invoice had brought about', async () => {
    const account = await ada();
    const invoice = await anInvoice(account);
    for (const day of [0, 7, 14]) await dayOf(day);
    expect(await stateOf(account)).toBe('limited');
    await test.database.write(async (sql) => {
      await disputeInvoice(sql, { invoiceId: invoice.id, reason: 'wrong', nowMs: clock.nowMs() });
      await liftWhatIsPaid(sql, account.id, clock.nowMs());
    });
    expect(await stateOf(account)).toBe('active');
    await dayOf(21);
    expect(await stateOf(account)).toBe('active');
  });

  it('leave small debts in peace until they have grown', async () => {
    const account = await ada();
    await anInvoice(account, '0.50');
    await dayOf(10);
    expect(server.mails).toEqual([]);
    await charge(test.database, account, '10', clock.nowMs());
    await clock.advance(20 * DAY_MS);
    await issueInvoices(test.database, { period: periodNamed('2026-02'), nowMs: clock.nowMs() });
    await clock.advance(DAY_MS);
    await take();
    await runner.idle();
    expect(server.mails).toHaveLength(1);
  });

  it('keep a state that staff has set', async () => {
    const account = await ada();
    await anInvoice(account);
    for (const day of [0, 7, 14]) await dayOf(day);
    await test.database.write((sql) => setAccountState(sql, account.id, 'suspended'));
    await pay(test.database, account, '121', 'transfer', clock.nowMs());
    await test.database.write((sql) => liftWhatIsPaid(sql, account.id, clock.nowMs()));
    expect(await stateOf(account)).toBe('suspended');
  });

  it('are called out to whoever wants it, with what is owed at that moment', async () => {
    const account = await ada({
      profile: { timeZone: 'UTC', phone: '+3225550123', wantsReminderCalls: true },
      language: 'fr',
    });
    await anInvoice(account);
    await pay(test.database, account, '21', 'a part', FEBRUARY_MS);
    for (const day of [0, 7]) await dayOf(day);
    expect(calls).toMatchObject([
      { to: '+3225550123', language: 'fr', amountText: '100.00 EUR', invoiceNumber: '2026-000001' },
    ]);
  });

  it('are not called out in quiet hours when no line was free before', async () => {
    const account = await ada({
      profile: { timeZone: 'UTC', phone: '+3225550123', wantsReminderCalls: true },
    });
    await anInvoice(account);
    await dayOf(0);
    linesAreBusy = true;
    await dayOf(7);
    linesAreBusy = false;
    await clock.advance(12 * 3_600_000);
    await runner.idle();
    expect(calls).toEqual([]);
    await clock.advance(11 * 3_600_000);
    await runner.idle();
    await runner.idle();
    expect(calls).toHaveLength(1);
  });

  it('are called out at no number that costs whoever calls it', async () => {
    const account = await ada();
    const premium = test.database.write((sql) => changeProfile(sql, account.id, { phone: '+3290012345' }, 0));
    await expect(premium).rejects.toThrow(/phone/);
  });

  it('charge a late fee once by a plan that has one', async () => {
    const plan = await test.database.write((sql) =>
      createReminderPlan(sql, {
        ...DEFAULT_REMINDER_PLAN,
        steps: [
          { days: 0, action: 'remind', byCall: false, chargesLateFee: false },
          { days: 7, action: 'remind', byCall: false, chargesLateFee: true },
        ],
        lateFee: { flatMicros: 5_000_000n, sharePpm: 10_000, mostMicros: 50_000_000n },
        name: 'strict',
        nowMs: 0,
      }),
    );
    const account = await ada();
    await test.database.write((sql) => changeProfile(sql, account.id, { reminderPlanId: plan.id }, 0));
    await anInvoice(account);
    for (const day of [0, 7, 8]) await dayOf(day);
    await postDueCharges(test.database, { nowMs: clock.nowMs() });
    await postDueCharges(test.database, { nowMs: clock.nowMs() });
    const rows = await test.database.read.all(
      "SELECT amount_micros, state FROM due_charges WHERE kind = 'late-fee'",
    );
    expect(rows.map((row) => [Number(row.amount_micros), row.state])).toEqual([[6_210_000, 'posted']]);
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('take each step once, though twenty look at once', async () => {
    for (let n = 0; n < 10; n++) {
      const account = await ada({ name: `customer ${n}` });
      await charge(test.database, account, '10', MID_JANUARY);
    }
    await issueInvoices(test.database, { period: periodNamed('2026-01'), nowMs: FEBRUARY_MS });
    await clock.advance(DUE_MS - clock.nowMs() + 9 * 3_600_000);
    const runs = await Promise.all(Array.from({ length: 20 }, () => take()));
    expect(runs.reduce((sum, { taken }) => sum + taken, 0)).toBe(10);
    const rows = await test.database.read.all("SELECT * FROM jobs WHERE kind = 'send-reminder'");
    expect(rows).toHaveLength(10);
  });

  it('move an invoice on once for all who saw it due', async () => {
    await anInvoice(await ada());
    const [due] = await dueReminders(test.database.read, { nowMs: clock.nowMs(), after: null, limit: 1 });
    if (!due) throw new Error('nothing is due');
    const move = () => test.database.write((sql) => moveOn(sql, due, { step: 1, atMs: DUE_MS }));
    expect((await Promise.all(Array.from({ length: 8 }, move))).filter(Boolean)).toHaveLength(1);
  });
});
