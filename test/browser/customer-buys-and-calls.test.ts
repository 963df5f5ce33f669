import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { issueInvoices } from '../../src/billing/invoicing/issue-invoices';
import { periodNamed } from '../../src/billing/invoicing/period';
import { readBalance } from '../../src/billing/ledger/ledger-accounts';
import { DEMO_DECK } from '../../src/demo/seed-demo';
import { systemClock } from '../../src/kernel/clock';
import { ANSWERS, type Carrier, carrier, TRUNK_KEY } from '../support/carriers';
import { ConsoleStage } from '../support/console';
import { FakeStripe, signedWebhook } from '../support/fake-stripe';
import { MailServer } from '../support/mail-server';
import { PASSWORD } from '../support/people';
import { eventually } from '../support/service';

const SIP_PORT = 37_950;
const WS_PORT = 37_951;
const HTTP_PORT = 37_952;
const LIMIT_MS = 15_000;
const HOUR_MS = 3_600_000;
const MAIL = 'grace@example.org';
const NUMBER = '+32255577009';
const BELGIUM = `prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from
32,Belgium,0.60,0.10,1,1,0,2020-01-01T00:00:00Z
`;

describe('a customer signs up, buys credit, calls, and finds what it cost', () => {
  const stripe = new FakeStripe();
  let mails: MailServer;
  let stage: ConsoleStage;
  let outside: Carrier;
  let page: Page;
  let accountId = '';
  let charged = 0n;

  beforeAll(async () => {
    mails = await MailServer.start();
    stage = await ConsoleStage.open(SIP_PORT, {
      HTTP_PORT: String(HTTP_PORT),
      PUBLIC_URL: `http://127.0.0.1:${HTTP_PORT}`,
      SIP_WS_PORT: String(WS_PORT),
      SIGN_UP_DECK: DEMO_DECK,
      SMTP_URL: mails.url,
      MAIL_FROM: 'house@example.org',
      STRIPE_SECRET_KEY: 'sk_test_123',
      STRIPE_WEBHOOK_SECRETS: 'whsec_abc',
      STRIPE_API_URL: await stripe.start(),
      TRUNK_KEY,
    });
    await stage.service.importRates(BELGIUM);
    outside = await carrier(stage.service, ANSWERS, { name: 'outside', addresses: [] });
    page = await stage.visitor();
  });
  afterAll(async () => {
    await outside?.stop();
    await stage?.close();
    await Promise.all([stripe.stop(), mails.stop()]);
  });

  it('tells somebody under eighteen that nothing of him is kept', async () => {
    await page.goto('/sign-up');
    await fillSignUp('2015-01-01');
    await page.getByText(/you must be 18/).waitFor();
    expect(await stage.service.database.read.all('SELECT id FROM sign_ups')).toEqual([]);
  });

  it('opens an account by the link in the mail', async () => {
    await page.goto('/sign-up');
    await fillSignUp('1990-12-31');
    await page.getByText(MAIL).waitFor();
    await eventually(LIMIT_MS, async () => mails.mails.some(({ to }) => to.includes(MAIL)));
    const text =
      mails.mails
        .at(-1)
        ?.text.replaceAll(/=\r?\n/g, '')
        .replaceAll('=3D', '=') ?? '';
    const [link = ''] = /\/confirm-mail#[\w-]+/.exec(text) ?? [];
    await page.goto(link);
    await page.getByRole('button', { name: 'Confirm the mail address' }).click();
    await page.getByRole('link', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: /Grace/ }).waitFor();
    const [person] = await stage.service.database.read.all('SELECT account_id FROM people WHERE mail = ?', [
      MAIL,
    ]);
    accountId = String(person?.account_id);
    expect(accountId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('buys credit by card, which is there once the webhook has told of it', async () => {
    await page.route('https://pay.example/**', (route) => route.fulfill({ body: 'paid elsewhere' }));
    await page.getByRole('link', { name: 'Buy credit' }).first().click();
    await page.getByRole('button', { name: 'Pay by card' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Amount').fill('15');
    await dialog.getByRole('button', { name: 'Pay by card' }).click();
    await page.getByText('paid elsewhere').waitFor();
    stripe.pay(stripe.lastSession.id);
    for (const event of stripe.events) {
      const atSeconds = Math.floor(systemClock.nowMs() / 1000);
      const { body, signature } = signedWebhook(event, { secrets: ['whsec_abc'], atSeconds });
      const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': signature };
      const url = `${stage.origin}/api/v1/payments/stripe/webhook`;
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200);
    }
    await page.goto('/home');
    await page.getByText('15.00 EUR').first().waitFor();
  });

  it('calls a telephone from the page and sees the meter move', async () => {
    await page.getByRole('link', { name: 'Phone' }).click();
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByText('Ready', { exact: true }).waitFor();
    await page.locator('input.dialled').fill(NUMBER);
    await page.getByText(/A minute costs/).waitFor();
    await page
      .locator('form', { has: page.locator('input.dialled') })
      .getByRole('button', { name: 'Call' })
      .click();
    await page.getByText('Connected').waitFor();
    await page.getByRole('link', { name: 'Overview' }).click();
    // The leg that is paid for; his own leg to us costs nothing.
    const row = page.getByRole('row').filter({ hasText: NUMBER }).filter({ hasText: 'EUR' });
    const charge = async () =>
      /(\d+\.\d+) EUR/.exec((await row.locator('td').last().textContent()) ?? '')?.[1];
    await eventually(LIMIT_MS, async () => Number(await charge()) > 0);
    const before = Number(await charge());
    await eventually(LIMIT_MS, async () => Number(await charge()) > before);
    await page.getByRole('button', { name: 'Hang up' }).click();
    await row.waitFor({ state: 'detached' });
  });

  it('finds the call in his history at what the ledger took', async () => {
    const legs = await stage.service.ratedCdrs(2);
    const paid = legs.filter(({ payerAccountId }) => payerAccountId === accountId);
    charged = paid.reduce((sum, { rating }) => sum + (rating?.charge.amountMicros ?? 0n), 0n);
    expect(charged).toBeGreaterThan(0n);
    const { balance, held } = await readBalance(stage.service.database.read, accountId);
    expect([balance.amountMicros, held.amountMicros]).toEqual([15_000_000n - charged, 0n]);
    await page.goto('/history');
    await page.getByRole('row').filter({ hasText: NUMBER }).first().click();
    await page.getByText(showEuro(charged)).first().waitFor();
  });

  it('downloads the invoice of the month as PDF', async () => {
    const nowMs = systemClock.nowMs();
    const month = new Date(nowMs).toISOString().slice(0, 7);
    const period = periodNamed(month);
    await issueInvoices(stage.service.database, { period, nowMs: period.untilMs + 2 * HOUR_MS });
    await page.goto('/my-invoices');
    await page.getByRole('row').filter({ hasText: month }).first().click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: /pdf/i }).first().click();
    const file = await (await download).path();
    expect(readFileSync(file).subarray(0, 5).toString()).toBe('%PDF-');
    expect(stage.faults).toEqual([]);
  });

  async function fillSignUp(birthDate: string): Promise<void> {
    await page.locator('input[name=name]').fill('Grace Example');
    await page.locator('input[name=birthDate]').fill(birthDate);
    await page.locator('select[name=country]').selectOption('BE');
    await page.locator('input[name=phone]').fill('+3222554433');
    await page.locator('input[name=mail]').fill(MAIL);
    await page.locator('input[name=password]').fill(PASSWORD);
    for (const box of await page.getByRole('checkbox').all()) await box.check();
    await page.locator('form button[type=submit]').click();
  }
});

/** As amounts are shown: at least two decimals, and as many as there are. */
function showEuro(micros: bigint): RegExp {
  const [whole, part = ''] = (Number(micros) / 1_000_000).toFixed(6).replace(/0+$/, '').split('.');
  return new RegExp(`${whole}\\.${part.padEnd(2, '0')}0* EUR`);
}
