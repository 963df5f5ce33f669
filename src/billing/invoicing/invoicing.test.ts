import { moneyOfCall } from './money-of-call';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import {
  aCustomer,
  aHouse,
  charge,
  DAY_MS,
  FEBRUARY_MS,
  pay,
  talk,
} from '../../../test/support/invoice-builders';
import { MailServer } from '../../../test/support/mail-server';
import { FakeClock } from '../../../test/support/fake-clock';
import { silentLog } from '../../kernel/log';
import { parseMicros } from '../../kernel/money';
import { micros, type Sql, type SqlValue } from '../../kernel/unit-of-work';
import { mailBySmtp } from '../../mail/mailer-nodemailer';
import { readBalance } from '../ledger/ledger-accounts';
import { verifyLedger } from '../ledger/verify-ledger';
import { disputeInvoice, settleDispute } from './disputes';
import { issueCreditNote } from './credit-notes';
import { itemsOf } from './invoice-items';
import { listInvoices, readInvoice } from './invoices-store';
import { type InvoiceRun, issueInvoices, MAIL_INVOICE } from './issue-invoices';
import { mailInvoice } from './mail-invoice';
import { debtsOf, noteWhatIsPaid } from './open-amounts';
import { periodNamed } from './period';
import { statementOf } from './statement';

const JANUARY = periodNamed('2026-01');
const MID_JANUARY = Date.UTC(2026, 0, 15);

/** Inserts a row as it was read. */
function copy(sql: Sql, table: string, row: Readonly<Record<string, SqlValue>>): Promise<number> {
  const columns = Object.keys(row);
  const places = columns.map(() => '?').join(', ');
  return sql.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, Object.values(row));
}

describe.each(DIALECTS)('invoices on %s', (dialect) => {
  let test: TestDatabase;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
    await aHouse(test.database);
  });
  afterEach(() => test.drop());

  const run = (nowMs = FEBRUARY_MS, period = JANUARY): Promise<InvoiceRun> =>
    issueInvoices(test.database, { period, nowMs });
  const invoicesOf = (accountId: string) =>
    listInvoices(test.database.read, { accountId, period: null, after: null, limit: 50 });
  const balanceOf = async (accountId: string) =>
    (await readBalance(test.database.read, accountId)).balance.amountMicros;
  const openOf = async (accountId: string) =>
    (await debtsOf(test.database.read, [accountId]))
      .get(accountId)
      ?.invoices.map(({ openMicros }) => openMicros);

  it('document a month’s charges, add the tax, and make the ledger owe exactly what they show', async () => {
    const account = await aCustomer(test.database);
    await talk(test.database, account, 61, MID_JANUARY);
    await charge(test.database, account, '3.10', MID_JANUARY);
    expect(await run()).toMatchObject({ state: 'done', accountsDone: 1, invoicesMade: 1 });
    const [invoice] = await invoicesOf(account.id);
    expect(invoice).toMatchObject({
      number: '2026-000001',
      lines: [
        { kind: 'call-charge', quantity: 1, exactMicros: 12_551n, netMicros: 10_000n },
        { kind: 'number-fee', quantity: 1, exactMicros: 3_100_000n, netMicros: 3_100_000n },
      ],
      taxes: [{ name: 'VAT', ratePpm: 210_000, baseMicros: 3_110_000n, taxMicros: 650_000n }],
      totalMicros: 3_760_000n,
      taxTreatment: 'domestic',
      dueAtMs: FEBRUARY_MS + 14 * DAY_MS,
    });
    expect(await balanceOf(account.id)).toBe(-3_760_000n);
    expect(await openOf(account.id)).toEqual([3_760_000n]);
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('are made once for account and period, however often and by how many they are run', async () => {
    const accounts = [];
    for (let n = 0; n < 12; n++) {
      const account = await aCustomer(test.database, { name: `customer ${n}` });
      await charge(test.database, account, `${n + 1}.123456`, MID_JANUARY);
      accounts.push(account);
    }
    await Promise.all([run(), run(), run(), run(), run()]);
    await run(FEBRUARY_MS + DAY_MS);
    const all = await listInvoices(test.database.read, {
      accountId: null,
      period: '2026-01',
      after: null,
      limit: 50,
    });
    expect(all.map(({ number }) => number).toSorted()).toEqual(
      accounts.map((_, n) => `2026-${String(n + 1).padStart(6, '0')}`),
    );
    for (const { accountId, totalMicros } of all) expect(await balanceOf(accountId)).toBe(-totalMicros);
  });

  it('go on where a run was cut off, without a gap in the numbers', async () => {
    for (let n = 0; n < 450; n++) {
      const account = await aCustomer(test.database, { name: `customer ${n}` });
      await charge(test.database, account, '1', MID_JANUARY);
    }
    let steps = 0;
    const seen: number[] = [];
    const first = await issueInvoices(test.database, {
      period: JANUARY,
      nowMs: FEBRUARY_MS,
      goesOn: () => steps++ < 1,
      onProgress: ({ accountsDone, accounts }) => seen.push(accountsDone, accounts),
    });
    expect([first.state, first.invoicesMade, seen]).toEqual(['running', 200, [200, 450]]);
    expect(await run()).toMatchObject({ state: 'done', accountsDone: 450, invoicesMade: 450 });
    const [row] = await test.database.read.all(
      'SELECT COUNT(*) AS n, MAX(series_number) AS highest, COUNT(DISTINCT series_number) AS numbers FROM invoices',
    );
    expect([row?.n, row?.highest, row?.numbers].map(Number)).toEqual([450, 450, 450]);
  });

  it('are refused before the period is over for an hour', async () => {
    await expect(run(JANUARY.untilMs + 59 * 60_000)).rejects.toThrow('an hour after its end');
  });

  it.each([
    'UPDATE invoices SET total_micros = 0, net_micros = 0, tax_micros = 0',
    'DELETE FROM invoices',
    'UPDATE invoice_lines SET net_micros = 1',
    'DELETE FROM invoice_lines',
    'UPDATE invoice_taxes SET tax_micros = 1',
    'DELETE FROM invoice_taxes',
  ])('are never changed, whoever has the database: %s', async (statement) => {
    const account = await aCustomer(test.database);
    await charge(test.database, account, '5', MID_JANUARY);
    await run();
    const before = await invoicesOf(account.id);
    await expect(test.database.write((sql) => sql.run(statement))).rejects.toMatchObject({
      message: expect.stringMatching(/never changed/),
    });
    expect(await invoicesOf(account.id)).toEqual(before);
  });

  it('cannot have a line of another customer', async () => {
    const ada = await aCustomer(test.database);
    const ben = await aCustomer(test.database, { name: 'Ben' });
    await charge(test.database, ada, '5', MID_JANUARY);
    await run();
    const [invoice] = await invoicesOf(ada.id);
    const foreign = test.database.write((sql) =>
      sql.run("INSERT INTO invoice_lines VALUES (?, 9, ?, 'call-charge', 1, 1, 1)", [
        invoice?.id ?? '',
        ben.id,
      ]),
    );
    await expect(foreign).rejects.toMatchObject({ message: expect.stringMatching(/constraint/i) });
  });

  it('whose tax the credit does not reach for owe it until it is paid', async () => {
    const account = await aCustomer(test.database, { credit: '10', limit: '0' });
    await charge(test.database, account, '9.50', MID_JANUARY);
    await run();
    expect(await balanceOf(account.id)).toBe(500_000n);
    expect(await openOf(account.id)).toEqual([1_500_000n]);
    await pay(test.database, account, '5', 'next', FEBRUARY_MS + DAY_MS);
    await run(FEBRUARY_MS + DAY_MS);
    expect(await balanceOf(account.id)).toBe(3_500_000n);
    expect(await openOf(account.id)).toEqual([0n]);
  });

  it('are paid by the payment that names them first, else the oldest first, and not by what comes after them', async () => {
    const account = await aCustomer(test.database);
    await charge(test.database, account, '100', MID_JANUARY);
    await run();
    await charge(test.database, account, '50', FEBRUARY_MS + DAY_MS);
    await run(Date.UTC(2026, 2, 1, 2), periodNamed('2026-02'));
    await charge(test.database, account, '7', Date.UTC(2026, 2, 2));
    expect(await openOf(account.id)).toEqual([parseMicros('121'), parseMicros('60.50')]);
    await pay(test.database, account, '60.50', '2026-000002', Date.UTC(2026, 2, 3));
    expect(await openOf(account.id)).toEqual([parseMicros('121'), 0n]);
    await pay(test.database, account, '21', 'bank transfer', Date.UTC(2026, 2, 4));
    expect(await openOf(account.id)).toEqual([parseMicros('100'), 0n]);
    await pay(test.database, account, '100', 'the rest', Date.UTC(2026, 2, 5));
    await test.database.write((sql) => noteWhatIsPaid(sql, [account.id], Date.UTC(2026, 2, 5)));
    expect(await openOf(account.id)).toEqual([0n, 0n]);
  });

  it('are paid first by a payment that was made for them, as far as it was not returned', async () => {
    const account = await aCustomer(test.database);
    await charge(test.database, account, '100', MID_JANUARY);
    await run();
    await charge(test.database, account, '50', FEBRUARY_MS + DAY_MS);
    await run(Date.UTC(2026, 2, 1, 2), periodNamed('2026-02'));
    const [newest] = await invoicesOf(account.id);
    await pay(test.database, account, '60.50', 'by card', Date.UTC(2026, 2, 3));
    await test.database.write((sql) =>
      sql.run(
        `INSERT INTO payments (id, account_id, origin, currency, amount_micros, purpose, invoice_id, state, received_micros, returned_micros,
           made_at_ms, changed_at_ms) VALUES ('p', ?, 'checkout', 'EUR', 60500000, 'invoice', ?, 'succeeded', 60500000, 0, 0, 0)`,
        [account.id, newest?.id ?? ''],
      ),
    );
    expect(await openOf(account.id)).toEqual([parseMicros('121'), 0n]);
  });

  it('that are disputed are paid last', async () => {
    const account = await aCustomer(test.database);
    await charge(test.database, account, '100', MID_JANUARY);
    await run();
    const [first] = await invoicesOf(account.id);
    const disputed = { invoiceId: first?.id ?? '', reason: 'not my calls', nowMs: FEBRUARY_MS };
    await test.database.write((sql) => disputeInvoice(sql, disputed));
    await charge(test.database, account, '50', FEBRUARY_MS + DAY_MS);
    await run(Date.UTC(2026, 2, 1, 2), periodNamed('2026-02'));
    await pay(test.database, account, '60.50', 'bank transfer', Date.UTC(2026, 2, 3));
    expect(await openOf(account.id)).toEqual([parseMicros('121'), 0n]);
    await test.database.write((sql) => settleDispute(sql, first?.id ?? '', FEBRUARY_MS));
    expect(await openOf(account.id)).toEqual([parseMicros('60.50'), parseMicros('60.50')]);
  });

  it('are taken back in parts by credit notes that never exceed them, taxes included', async () => {
    const account = await aCustomer(test.database);
    await charge(test.database, account, '10.01', MID_JANUARY);
    await run();
    const [invoice] = await invoicesOf(account.id);
    const credit = (reference: string, netMicros: bigint | null) =>
      issueCreditNote(test.database, {
        invoiceId: invoice?.id ?? '',
        netMicros,
        reason: 'line was dead',
        reference,
        nowMs: FEBRUARY_MS + DAY_MS,
      });
    expect(await credit('a', 3_330_000n)).toMatchObject({
      number: 'CN2026-000001',
      totalMicros: -4_030_000n,
    });
    expect((await credit('a', 3_330_000n)).number).toBe('CN2026-000001');
    await credit('b', 3_330_000n);
    await expect(credit('c', 3_360_000n)).rejects.toThrow('what is left of the invoice');
    expect(await credit('d', null)).toMatchObject({ number: 'CN2026-000003', netMicros: -3_350_000n });
    expect(await balanceOf(account.id)).toBe(0n);
    expect(await openOf(account.id)).toEqual([0n]);
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('consist of items that add up to the micro, calls with what their owner may know', async () => {
    const account = await aCustomer(test.database);
    for (let n = 0; n < 3; n++) await talk(test.database, account, 10 + n, MID_JANUARY + n * DAY_MS);
    await charge(test.database, account, '2', MID_JANUARY);
    await run();
    const [invoice] = await invoicesOf(account.id);
    if (!invoice) throw new Error('no invoice');
    const items = [];
    for await (const item of itemsOf(test.database.read, invoice, { numbers: 'masked' })) items.push(item);
    expect(items.reduce((sum, { owedMicros }) => sum + owedMicros, 0n)).toBe(invoice.exactMicros);
    expect(items.filter(({ call }) => call).map(({ call }) => call?.talkSeconds)).toEqual([10, 11, 12]);
    expect(items.find(({ call }) => call)?.call?.number).not.toBe('+4930555001');
  });

  it('are judged together, more than a thousand open ones at once', async () => {
    const account = await aCustomer(test.database);
    await charge(test.database, account, '5', MID_JANUARY);
    await run();
    const [row] = await test.database.read.all('SELECT * FROM invoices WHERE account_id = ?', [account.id]);
    const [progress] = await test.database.read.all('SELECT * FROM invoice_progress WHERE invoice_id = ?', [
      String(row?.id),
    ]);
    await test.database.write(async (sql) => {
      for (let n = 0; n < 1_100; n++) {
        const id = `copy-${n}-${account.id}`.slice(0, 36);
        const named = { id, document_key: id, series_number: 500_000 + n, number: `COPY-${n}-${dialect}` };
        await copy(sql, 'invoices', { ...(row as Record<string, SqlValue>), ...named });
        await copy(sql, 'invoice_progress', { ...(progress as Record<string, SqlValue>), invoice_id: id });
      }
    });
    const debts = await test.database.write((sql) => noteWhatIsPaid(sql, [account.id], FEBRUARY_MS));
    const open = debts.get(account.id)?.invoices.filter(({ openMicros }) => openMicros > 0n) ?? [];
    expect(open.reduce((sum, { openMicros }) => sum + openMicros, 0n)).toBe(-(await balanceOf(account.id)));
  });

  it('are found from a call: its posting sums to zero and names the invoice once there is one', async () => {
    const account = await aCustomer(test.database);
    await talk(test.database, account, 20, MID_JANUARY);
    const [cdr] = await test.database.read.all('SELECT id FROM cdrs WHERE payer_account_id = ?', [
      account.id,
    ]);
    const postings = () => moneyOfCall(test.database.read, String(cdr?.id));
    const [before] = await postings();
    expect(before).toMatchObject({ kind: 'call-charge', invoice: null });
    expect(before?.entries.map(({ amount }) => amount.amountMicros).reduce((sum, one) => sum + one)).toBe(0n);
    await run();
    const [invoice] = await invoicesOf(account.id);
    expect((await postings())[0]?.invoice).toEqual({
      id: invoice?.id,
      number: invoice?.number,
      period: '2026-01',
    });
    expect(await moneyOfCall(test.database.read, 'none')).toEqual([]);
  });

  it('stand in statements whose opening and lines make the closing', async () => {
    const account = await aCustomer(test.database, { credit: '5.000001' });
    await talk(test.database, account, 33, MID_JANUARY);
    await charge(test.database, account, '2', MID_JANUARY);
    await run();
    const of = (fromMs: number, untilMs: number) =>
      statementOf(test.database.read, account.id, { fromMs, untilMs });
    const january = await of(JANUARY.fromMs, JANUARY.untilMs);
    const february = await of(JANUARY.untilMs, Date.UTC(2026, 2, 1));
    expect(january.openingMicros).toBe(0n);
    expect(february.openingMicros).toBe(january.closingMicros);
    expect(february.closingMicros).toBe(await balanceOf(account.id));
    expect(february.sums.map(({ kind }) => kind)).toEqual(['invoice-tax']);
  });

  it('are mailed with their PDF in the account’s language, once for each', async () => {
    const server = await MailServer.start();
    const account = await aCustomer(test.database, { language: 'fr', profile: { mail: 'ada@example.org' } });
    await charge(test.database, account, '5', MID_JANUARY);
    await run();
    const [job] = await test.database.read.all('SELECT * FROM jobs WHERE kind = ?', [MAIL_INVOICE]);
    const parts = {
      database: test.database,
      clock: new FakeClock(FEBRUARY_MS),
      log: silentLog,
      send: mailBySmtp(server.url, 'house@example.org'),
      from: 'house@example.org',
      houseLanguage: 'en',
      linkKey: 'ab'.repeat(32),
      publicUrl: 'https://voip.example.org',
    };
    const payload = JSON.parse(String(job?.payload)) as Record<string, unknown>;
    await mailInvoice(parts, { id: '1', kind: MAIL_INVOICE, uniqueKey: '', payload, attempt: 1 });
    await server.stop();
    expect(server.mails).toHaveLength(1);
    expect(server.mails[0]?.text).toMatch(/Subject: Facture 2026-000001/);
    expect(server.mails[0]?.text).toMatch(/https:\/\/voip\.example\.org\/api\/v1\/invoice-files/);
    expect(server.mails[0]?.text).toMatch(/Content-Type: application\/pdf/);
  });

  it('have a fingerprint of all they say', async () => {
    const account = await aCustomer(test.database);
    await charge(test.database, account, '5', MID_JANUARY);
    await run();
    const [listed] = await invoicesOf(account.id);
    expect(await readInvoice(test.database.read, listed?.id ?? '')).toEqual(listed);
    expect(listed?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(micros(listed?.openingMicros)).toBe(0n);
  });
});
