import type { Page } from 'playwright-core';
import { ConsoleStage, overflowPx, seriousFindings } from '../support/console';
import { aPerson } from '../support/people';
import { eventually } from '../support/service';

const SIP_PORT = 37_640;
const LIMIT_MS = 15_000;

const FRONT = ['/sign-in', '/sign-up', '/forgot-password', '/first-operator#x', '/reset-password#x', '/join'];
const OPERATOR = [
  '/live',
  '/calls',
  '/traffic',
  '/explain?to=%2B3225550100',
  '/cases',
  '/trunks',
  '/numbers',
  '/decks',
  '/decks/import',
  '/accounts',
  '/rooms',
  '/invoices',
  '/reminders',
  '/payments',
  '/vouchers',
  '/plans',
  '/ledger',
  '/alerts',
  '/jobs',
  '/webhooks',
  '/audit',
  '/people',
  '/policies',
  '/keys',
  '/health',
  '/settings',
  '/security',
];
const OWNER = [
  '/home',
  '/phone',
  '/history',
  '/my-rooms',
  '/messages',
  '/devices',
  '/my-numbers',
  '/credit',
  '/my-invoices',
  '/my-plan',
];

/** Waits until nothing of the page is on its way. */
async function settle(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await eventually(LIMIT_MS, async () => (await page.locator('.skeleton').count()) === 0);
}

describe('the console is for all', () => {
  let stage: ConsoleStage;
  let operator: Page;
  let owner: Page;

  beforeAll(async () => {
    stage = await ConsoleStage.open(SIP_PORT);
    const { database, seed } = stage.service;
    operator = await stage.firstOperator();
    const person = await aPerson(database, { role: 'user', accountId: seed.accountId });
    owner = await stage.signIn(person.mail);
  });
  afterAll(() => stage?.close());

  it.each([
    ['whoever is not signed in', () => stage.visitor(), FRONT],
    ['operators', async () => operator, OPERATOR],
    [
      'operators in the dark, from right to left',
      () => stage.again(operator, { language: 'ar', dark: true }),
      OPERATOR.slice(0, 12),
    ],
    ['whoever has an account', async () => owner, OWNER],
  ] as const)('no page for %s has a serious finding of axe-core', async (_, open, paths) => {
    const page = await open();
    const findings: string[] = [];
    for (const path of paths) {
      await page.goto(path);
      await settle(page);
      findings.push(...(await seriousFindings(page)).map((finding) => `${path} ${finding}`));
    }
    expect(findings).toEqual([]);
  });

  it.each(['de', 'ar'])('no page is wider than a telephone in %s', async (language) => {
    const tooWide: string[] = [];
    for (const [whose, paths] of [
      [operator, OPERATOR],
      [owner, OWNER],
    ] as const) {
      const page = await stage.again(whose, { width: 390, language });
      for (const path of paths) {
        await page.goto(path);
        await settle(page);
        if ((await overflowPx(page)) > 0) tooWide.push(path);
      }
      await page.context().close();
    }
    expect(tooWide).toEqual([]);
  });

  it('is worked by keyboard alone: the content by its skip link, a page by the navigation, a dialog and back', async () => {
    const page = operator;
    await page.goto('/accounts');
    await settle(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('By keyboard');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'By keyboard' }).waitFor();
    await page.goto('/accounts');
    await settle(page);
    await page.getByRole('link', { name: 'Demo' }).first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Second demo account');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Second demo account' }).waitFor();
  });

  it('an owner makes a room, is told its secrets once, and adds a telephone', async () => {
    await owner.goto('/my-rooms');
    await owner.getByRole('button', { name: 'Make a room' }).click();
    await owner.getByRole('dialog').getByLabel('Name').fill('My room');
    await owner.getByRole('dialog').getByRole('button', { name: 'Make a room' }).click();
    await owner.getByText('are shown this once').waitFor();
    expect(await owner.locator('.secret').first().textContent()).toMatch(/^\d{6,9}$/);
    await owner.getByRole('button', { name: 'Close' }).click();
    await owner.getByRole('link', { name: 'My room' }).click();
    await owner.getByRole('heading', { level: 1, name: 'My room' }).waitFor();
    expect(await owner.locator('.secret').count()).toBe(0);
    await owner.goto('/devices');
    await owner.getByRole('button', { name: 'Add a telephone' }).click();
    await owner.getByRole('dialog').getByLabel('Name').fill('Desk');
    await owner.getByRole('dialog').getByRole('button', { name: 'Add a telephone' }).click();
    await owner.locator('svg.qr').waitFor();
  });

  it('the money of an owner changes on his page while it is open', async () => {
    await owner.goto('/home');
    await settle(owner);
    const available = owner.locator('.figure dd').first();
    const before = await available.textContent();
    await stage.service.addCredit(stage.service.seed.accountId, '7');
    await eventually(LIMIT_MS, async () => (await available.textContent()) !== before);
    expect(Number.parseFloat((await available.textContent()) ?? '')).toBeCloseTo(
      Number.parseFloat(before ?? '') + 7,
    );
  });

  it('speaks five languages, and Arabic from right to left', async () => {
    const page = await stage.visitor();
    await page.goto('/sign-in');
    for (const [language, title] of [
      ['es', 'Iniciar sesión'],
      ['fr', 'Se connecter'],
      ['de', 'Anmelden'],
      ['ar', 'تسجيل الدخول'],
    ] as const) {
      await page.locator('header select').selectOption(language);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
    expect(stage.faults).toEqual([]);
  });

  it('asks a visitor once whether his use may be analysed, and remembers the answer', async () => {
    const page = await stage.visitor({ hasChosen: false });
    await page.goto('/sign-in');
    const refuse = page.getByRole('button', { name: 'Only what is needed' });
    await refuse.click();
    await refuse.waitFor({ state: 'detached' });
    await page.goto('/sign-up');
    await settle(page);
    expect(await refuse.count()).toBe(0);
    expect((await page.context().cookies()).map(({ name }) => name)).toEqual(['__Host-cookie-choice']);
    await page.context().close();
  });

  it('pages have addresses, and files that are asked for again are kept by the browser', async () => {
    const page = await fetch(`${stage.origin}/calls/some-id?x=1`);
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).not.toContain('unsafe');
    const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text()) ?? [];
    const file = await fetch(stage.origin + script, { headers: { 'Accept-Encoding': 'br' } });
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(file.headers.get('content-encoding')).toBe('br');
    expect((await fetch(`${stage.origin}/assets/missing.js`)).status).toBe(404);
    expect((await fetch(`${stage.origin}/api/v1/missing`)).status).toBe(404);
  });
});
