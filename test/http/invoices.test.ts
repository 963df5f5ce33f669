import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import type { Account } from '../../src/accounts/account';
import { issueInvoices } from '../../src/billing/invoicing/issue-invoices';
import { periodNamed } from '../../src/billing/invoicing/period';
import { currency } from '../../src/kernel/money';
import { testApi } from '../support/api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { aCustomer, aHouse, charge, FEBRUARY_MS, pay, talk } from '../support/invoice-builders';

const MID_JANUARY = Date.UTC(2026, 0, 15);

describe.each(DIALECTS)('invoices by the API on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let keys: Record<string, string>;
  let account: Account;
  let yen: Account;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
    await api.clock.advance(FEBRUARY_MS - api.clock.nowMs());
    keys = {
      finance: await api.keyFor('finance'),
      support: await api.keyFor('support'),
      network: await api.keyFor('network'),
    };
    await aHouse(test.database);
    account = await aCustomer(test.database, {
      name: 'Ada & <Sons>',
      profile: { country: 'LU', vatNumber: 'LU15027442', street: '2 "Mill" Street', city: 'Luxembourg' },
    });
    yen = await aCustomer(test.database, { name: 'Ben', currency: currency('JPY'), limit: '100000' });
    await talk(test.database, account, 90, MID_JANUARY);
    await charge(test.database, account, '12.34', MID_JANUARY);
    await charge(test.database, yen, '1234.5', MID_JANUARY);
    await issueInvoices(test.database, { period: periodNamed('2026-01'), nowMs: FEBRUARY_MS });
  });
  afterAll(() => test.drop());

  const ask = (method: 'get' | 'post' | 'patch', path: string, body?: object, role = 'finance') => {
    const agent = supertest(api.app);
    const request = agent[method](`/api/v1${path}`)
      .set('Authorization', `Bearer ${keys[role] ?? ''}`)
      .set('Idempotency-Key', randomUUID());
    return body ? request.send(body) : request;
  };
  const invoiceOf = async ({ id }: Account) => {
    const { body } = await ask('get', `/invoices?accountId=${id}`);
    return (body as { invoices: { id: string; number: string; total: { text: string } }[] }).invoices[0];
  };
  const text = async (path: string) => (await ask('get', path).buffer(true).parse(asText)).body as string;

  it('are listed and shown with what is open of them', async () => {
    const invoice = await invoiceOf(account);
    const { body } = await ask('get', `/invoices/${invoice?.id}`, undefined, 'support');
    expect(body).toMatchObject({
      state: 'open',
      taxTreatment: 'reverse-charge',
      net: { text: '12.36 EUR' },
      total: { text: '12.36 EUR' },
      open: { text: '12.36 EUR' },
    });
    expect((await ask('get', '/invoices', undefined, 'network')).status).toBe(403);
    expect((await ask('get', '/invoices/nothing')).status).toBe(404);
  });

  it('are told to other programs once they have their numbers', async () => {
    const admin = await api.keyFor('admin');
    const told = await supertest(api.app)
      .get('/api/v1/events?kind=invoice.issued')
      .set('Authorization', `Bearer ${admin}`);
    const invoice = await invoiceOf(account);
    expect(told.body.events).toContainEqual(
      expect.objectContaining({
        objectKey: `invoice:${invoice?.id}`,
        accountId: account.id,
        facts: expect.objectContaining({ number: invoice?.number, totalMicros: '12360000', currency: 'EUR' }),
      }),
    );
  });

  it('have whole coins in currencies without hundredths', async () => {
    expect((await invoiceOf(yen))?.total.text).toBe('1494 JPY');
  });

  it.each([
    ['the reverse charge', () => account, 'AE', '12.36', '0.00', '12.36'],
    ['a domestic rate', () => yen, 'S', '1235', '259', '1494'],
  ])('are told in UBL with equal totals: %s', async (_, whose, category, net, tax, total) => {
    const invoice = await invoiceOf(whose());
    const xml = await text(`/invoices/${invoice?.id}/file?format=xml`);
    const amounts = (name: string) =>
      [...xml.matchAll(new RegExp(`<cbc:${name} currencyID="\\w+">([^<]+)`, 'g'))].map(([, found]) => found);
    expect(amounts('PayableAmount')).toEqual([total]);
    expect(amounts('TaxExclusiveAmount')).toEqual([net]);
    expect(amounts('TaxAmount')).toEqual([tax, tax]);
    const lines = amounts('LineExtensionAmount').map(Number);
    expect(lines.slice(1).reduce((sum, line) => sum + line, 0)).toBeCloseTo(lines[0] ?? 0, 6);
    expect(xml).toContain(`<cbc:ID>${category}</cbc:ID>`);
    expect(xml).toContain('urn:cen.eu:en16931:2017');
    isWellFormed(xml);
  });

  it('are fetched as PDF, and their charges as CSV and JSON that add up', async () => {
    const invoice = await invoiceOf(account);
    const pdf = await ask('get', `/invoices/${invoice?.id}/file`).buffer(true).parse(asText);
    expect([pdf.headers['content-type'], (pdf.body as string).slice(0, 5)]).toEqual([
      'application/pdf',
      '%PDF-',
    ]);
    const csv = (await text(`/invoices/${invoice?.id}/file?format=csv`)).trim().split('\n');
    expect(csv).toHaveLength(3);
    const items = JSON.parse(await text(`/invoices/${invoice?.id}/file?format=json`)) as {
      amountMicros: string;
    }[];
    expect(items.reduce((sum, { amountMicros }) => sum + BigInt(amountMicros), 0n)).toBe(12_358_518n);
  });

  it('are fetched by a link until it expires, and by no other', async () => {
    const invoice = await invoiceOf(account);
    const made = await ask('post', `/invoices/${invoice?.id}/links`, { seconds: 60 });
    const path = new URL(String(made.body.url)).pathname;
    const fetched = () => supertest(api.app).get(path);
    expect((await fetched()).status).toBe(200);
    const changed = path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect((await supertest(api.app).get(changed)).status).toBe(404);
    expect((await supertest(api.app).get('/api/v1/invoice-files/e30.x')).status).toBe(404);
    await api.clock.advance(60_000);
    expect((await fetched()).status).toBe(404);
  });

  it('are disputed, settled and taken back', async () => {
    const invoice = await invoiceOf(account);
    const dispute = await ask('post', `/invoices/${invoice?.id}/dispute`, { reason: 'not mine' });
    expect(dispute.body).toMatchObject({ state: 'disputed', disputeReason: 'not mine' });
    expect((await ask('post', `/invoices/${invoice?.id}/dispute`, { reason: 'again' })).status).toBe(409);
    expect((await ask('post', `/invoices/${invoice?.id}/settle-dispute`, {})).body.state).toBe('open');
    const credit = { net: '2.36', reason: 'a line was dead', reference: 'case 1' };
    const note = await ask('post', `/invoices/${invoice?.id}/credit-notes`, credit);
    expect(note.body).toMatchObject({
      kind: 'credit-note',
      number: 'CN2026-000001',
      total: { text: '-2.36 EUR' },
    });
    isWellFormed(await text(`/invoices/${String(note.body.id)}/file?format=xml`));
    const tooMuch = await ask('post', `/invoices/${invoice?.id}/credit-notes`, {
      ...credit,
      net: '99',
      reference: 'b',
    });
    expect(tooMuch.status).toBe(422);
    await pay(test.database, account, '10', 'rest', api.clock.nowMs());
    expect((await ask('get', `/invoices/${invoice?.id}`)).body).toMatchObject({
      state: 'paid',
      open: { text: '0.00 EUR' },
    });
  });

  it('name whoever the profile names, which is checked', async () => {
    const path = `/accounts/${account.id}/billing-profile`;
    const changed = await ask('patch', path, { mail: 'ada@example.org', timeZone: 'Europe/Luxembourg' });
    expect(changed.body).toMatchObject({ mail: 'ada@example.org', vatNumber: 'LU15027442' });
    for (const wrong of [
      { vatNumber: 'LU15027443' },
      { mail: 'x' },
      { timeZone: 'Mars/North' },
      { phone: '123' },
    ])
      expect((await ask('patch', path, wrong)).status).toBe(422);
    expect((await ask('patch', path, { reminderPlanId: 'none' })).status).toBe(404);
    expect((await ask('patch', path, {}, 'support')).status).toBe(403);
  });

  it('have statements, plans of reminders, taxes and plans beside them', async () => {
    const statement = await ask(
      'get',
      `/accounts/${account.id}/statement?from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z`,
    );
    expect(statement.body).toMatchObject({
      opening: { text: '0.00 EUR' },
      closing: { text: '-12.358518 EUR' },
    });
    const plan = {
      name: 'soft',
      steps: [
        { days: 0, action: 'remind' },
        { days: 1, action: 'limit' },
      ],
    };
    expect((await ask('post', '/reminder-plans', plan)).status).toBe(422);
    expect(
      (await ask('post', '/reminder-plans', { ...plan, steps: [{ days: 0, action: 'remind' }] })).status,
    ).toBe(201);
    expect((await ask('get', '/reminder-plans')).body.plans).toHaveLength(2);
    const tax = {
      country: 'US',
      region: 'CA',
      name: 'Sales tax',
      ratePpm: 72_500,
      validFrom: '2026-01-01T00:00:00Z',
    };
    expect((await ask('post', '/tax-rules', tax)).status).toBe(201);
    expect((await ask('post', '/tax-rules', tax)).status).toBe(409);
    const offered = await ask('post', '/plans', { name: 'Basic', currency: 'EUR', monthlyFee: '9.99' });
    const begun = await ask('post', `/accounts/${account.id}/plans`, { planId: offered.body.id });
    expect([begun.status, begun.body.planId]).toEqual([201, offered.body.id]);
    expect((await ask('post', `/accounts/${account.id}/plans`, { planId: offered.body.id })).status).toBe(
      409,
    );
    expect((await ask('post', `/accounts/${account.id}/plans/cancel`, {})).body.endsAtMs).toBe(
      Date.UTC(2026, 2, 1),
    );
    expect((await ask('get', '/invoice-runs/2026-01')).body).toMatchObject({
      state: 'done',
      invoicesMade: 2,
    });
    expect((await ask('get', `/accounts/${account.id}/notices`)).body).toEqual({ notices: [], next: null });
  });
});

function asText(answer: supertest.Response, done: (error: Error | null, body: string) => void): void {
  const parts: Buffer[] = [];
  const res = answer as unknown as NodeJS.ReadableStream;
  res.on('data', (part: Buffer) => parts.push(part));
  res.on('end', () => done(null, Buffer.concat(parts).toString('latin1')));
}

/** Every element is closed by its own end, and no text holds a bare < or &. */
function isWellFormed(xml: string): void {
  const open: string[] = [];
  const wrong = [...xml.matchAll(/<(\/?)([A-Za-z:]+)[^<>]*>/g)].filter(([, slash, name = '']) => {
    if (slash) return open.pop() !== name;
    open.push(name);
    return false;
  });
  expect([wrong, open]).toEqual([[], []]);
  expect(xml.replaceAll(/<[^<>]*>/g, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
}
