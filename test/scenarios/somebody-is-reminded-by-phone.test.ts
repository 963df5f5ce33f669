import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setAccountState } from '../../src/accounts/accounts-store';
import { issueInvoices } from '../../src/billing/invoicing/issue-invoices';
import { listInvoices } from '../../src/billing/invoicing/invoices-store';
import { periodNamed } from '../../src/billing/invoicing/period';
import { REMINDER_CALL } from '../../src/billing/reminders/take-steps';
import { enqueue } from '../../src/jobs/jobs-store';
import { systemClock } from '../../src/kernel/clock';
import { integer, text } from '../../src/kernel/unit-of-work';
import { refuses } from '../support/carriers';
import { aCustomer, aHouse, charge, FEBRUARY_MS } from '../support/invoice-builders';
import { eventually } from '../support/service';
import { DigitEar, makeDigitTones } from '../support/spoken-digits';
import { makeTonePrompts } from '../support/tone-prompts';
import { aNumber, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(90_000);

const TOLD = ['reminder-greeting', 'reminder-amount-is', 'reminder-was-due', 'reminder-press-one'];
/** Beyond those that the service takes by itself meanwhile. */
const STEP = 50;
const HOW = ['reminder-transfer-to', 'reminder-invoice-number'];

/** The phrases alone; each sounds together with its language. */
const spoken = (heard: readonly string[]) => heard.filter((name) => !name.startsWith('in-'));

describe('somebody who owes is reminded by telephone', () => {
  let stage: TwoPartyStage;
  const folder = mkdtempSync(join(tmpdir(), '123-voip-reminder-calls-'));
  const promptsDir = makeTonePrompts(join(folder, 'prompts'));
  makeDigitTones(promptsDir, 'de');

  beforeAll(async () => {
    stage = await TwoPartyStage.open(24_300, { PROMPTS_DIR: promptsDir });
    // The trunk of the demo takes every number; here each story has its own.
    await stage.service.database.write((sql) => sql.run("UPDATE trunks SET state = 'disabled'"));
    await aHouse(stage.service.database);
  });
  afterAll(async () => {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => stage.clear());

  /** An account that owes an invoice of January and wants to be called at a number of its own. */
  async function debtor() {
    const { database } = stage.service;
    const number = aNumber();
    const profile = { phone: number, wantsReminderCalls: true };
    const account = await aCustomer(database, { language: 'de', profile });
    await charge(database, account, '100', Date.UTC(2026, 0, 15));
    await issueInvoices(database, { period: periodNamed('2026-01'), nowMs: FEBRUARY_MS });
    const wish = { accountId: account.id, period: null, after: null, limit: 1 };
    const [invoice] = await listInvoices(database.read, wish);
    if (!invoice) throw new Error('no invoice');
    return { account, invoice, number };
  }

  /** Has the service call the reminder out, as a step that is taken does; `key` is the job's, not the call's. */
  async function remind(invoiceId: string, key: string): Promise<void> {
    const nowMs = systemClock.nowMs();
    const payload = { invoiceId, step: STEP, quietFromHour: 0, quietUntilHour: 0, timeZone: 'UTC' };
    await stage.service.database.write((sql) =>
      enqueue(sql, { kind: REMINDER_CALL, uniqueKey: key, payload, runAtMs: nowMs, nowMs }),
    );
  }

  const stateOfJob = async (key: string) => {
    const [row] = await stage.service.database.read.all(
      'SELECT state, attempts FROM jobs WHERE kind = ? AND unique_key = ?',
      [REMINDER_CALL, key],
    );
    return `${text(row?.state ?? '')} ${integer(row?.attempts ?? 0)}`;
  };

  it('hears what is open, presses 1, hears how to pay; the same job once more calls nobody; the house pays', async () => {
    const { account, invoice, number } = await debtor();
    // In arrears an account may be suspended, and the house calls all the same.
    await stage.service.database.write((sql) => setAccountState(sql, account.id, 'suspended'));
    const phone = await stage.device({ answers: 'auto' });
    await stage.carrierAt(phone, { name: 'debtor', outward: { allowPrefixes: [number.slice(1)] } });
    await remind(invoice.id, 'first');
    const call = await phone.nextCall(20_000);
    const digits = new DigitEar();
    await eventually(20_000, () => call.sound.ear.heard.includes('reminder-press-one'));
    expect(spoken(call.sound.ear.heard)).toEqual(TOLD);
    expect(call.sound.ear.heard).toContain('in-de');
    call.sound.onFrame = (frame) => digits.take(frame);
    await call.press('1');
    await call.whenEnded(60_000);
    expect(spoken(call.sound.ear.heard)).toEqual([...TOLD, ...HOW, ...HOW, 'goodbye']);
    const once = `71096123456769${invoice.number.replace(/\D/g, '')}`;
    expect(digits.heard).toBe(once + once);
    const [leg] = await stage.legsTo(number, 1);
    expect(leg).toMatchObject({
      direction: 'outbound',
      result: 'completed',
      endedBy: 'house',
      payerAccountId: null,
      accountId: null,
      chargedFromMs: null,
    });
    expect(leg?.rating?.charge.amountMicros).toBe(0n);
    expect(leg?.rating?.cost?.amount?.amountMicros).toBeGreaterThan(0n);
    const { balance, held } = await stage.service.balance(account.id);
    expect([balance.amountMicros, held.amountMicros]).toEqual([-121_000_000n, 0n]);
    expect(await stateOfJob('first')).toBe('done 1');
    await remind(invoice.id, 'again');
    await eventually(20_000, async () => (await stateOfJob('again')) === 'done 1');
    expect(phone.taken).toHaveLength(1);
    expect(await stage.legsTo(number, 1)).toHaveLength(1);
    expect((await stage.service.ledger()).faults).toEqual([]);
  });

  it('and whoever presses nothing, a voicemail for one, hears it twice and is let go', async () => {
    const { invoice, number } = await debtor();
    const phone = await stage.device({ answers: 'auto' });
    await stage.carrierAt(phone, { name: 'voicemail', outward: { allowPrefixes: [number.slice(1)] } });
    await remind(invoice.id, 'silent');
    const call = await phone.nextCall(20_000);
    await call.whenEnded(60_000);
    expect(spoken(call.sound.ear.heard)).toEqual([...TOLD, ...TOLD, 'goodbye']);
  });

  it('a key pressed in mid-sentence breaks the reminder off, and nothing of what follows', async () => {
    const { invoice, number } = await debtor();
    const phone = await stage.device({ answers: 'auto' });
    await stage.carrierAt(phone, { name: 'hurried', outward: { allowPrefixes: [number.slice(1)] } });
    await remind(invoice.id, 'hurried');
    const call = await phone.nextCall(20_000);
    await eventually(20_000, () => call.sound.ear.heard.includes('reminder-amount-is'));
    await call.press('1');
    await call.press('1');
    await call.whenEnded(60_000);
    expect(spoken(call.sound.ear.heard)).toEqual([...TOLD.slice(0, 2), ...HOW, ...HOW, 'goodbye']);
  });

  it('a busy telephone was called; where no carrier takes the call it is tried again', async () => {
    const { invoice, number } = await debtor();
    await remind(invoice.id, 'no carrier');
    await eventually(20_000, async () => (await stateOfJob('no carrier')) === 'waiting 1');
    const begun = () =>
      stage.service.database.read.all('SELECT call_id FROM reminder_calls WHERE call_key = ?', [
        `${invoice.id}:${STEP}`,
      ]);
    expect(await begun()).toEqual([]);
    await stage.carrier(refuses('486 Busy Here'), {
      name: 'busy debtor',
      outward: { allowPrefixes: [number.slice(1)] },
    });
    await eventually(40_000, async () => (await stateOfJob('no carrier')) === 'done 2');
    const [leg] = await stage.legsTo(number, 1);
    expect(leg).toMatchObject({ result: 'busy', payerAccountId: null });
    expect(await begun()).toEqual([{ call_id: leg?.callId }]);
  });
});
