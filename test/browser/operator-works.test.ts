import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { PhoneCall, TestPhone } from '../../src/test-phone/test-phone';
import { ConsoleStage, OPERATOR } from '../support/console';
import { joinRoom } from '../support/join-room';
import { eventually } from '../support/service';

const SIP_PORT = 37_620;
const RTP_PORT_MIN = 37_700;
const LIMIT_MS = 15_000;
const HEADER =
  'prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from';

/** Names that are scripts, formulas, other directions of writing, and text that breaks careless programs. */
const NAUGHTY = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "=HYPERLINK('http://example.org','x')",
  '\u202Eetirw ot nohtom',
  'javascript:alert(3)',
  '{{7*7}} ${7*7} <%= 7*7 %>',
  'Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤',
  '👩‍👩‍👧‍👧 عائلة',
];

describe('an operator works with the console', () => {
  let stage: ConsoleStage;
  let page: Page;
  let phone: TestPhone;
  let call: PhoneCall;

  beforeAll(async () => {
    stage = await ConsoleStage.open(SIP_PORT);
    phone = await stage.service.phone(RTP_PORT_MIN);
  });
  afterAll(async () => {
    await phone?.close();
    await stage?.close();
  });

  it('makes himself the first administrator by the link of the first start, which works once', async () => {
    const link = stage.firstOperatorLink;
    page = await stage.firstOperator();
    expect(await page.locator('.who strong').textContent()).toBe(OPERATOR.name);
    const other = await stage.visitor();
    await other.goto(link);
    await other.getByLabel('Name').fill('Mallory');
    await other.getByLabel('Mail address').fill('mallory@example.org');
    await other.getByLabel('New password').fill(OPERATOR.password);
    await other.getByRole('button', { name: 'Make the account' }).click();
    expect(await other.getByRole('alert').textContent()).not.toBe('');
    await other.context().close();
  });

  it('sees a call the moment it arrives, and who is in the room', async () => {
    await page.goto('/live');
    await page.getByText('Nobody is calling').waitFor();
    call = await joinRoom(stage.service, phone, {
      roomNumber: stage.service.seed.roomNumber,
      pin: stage.service.seed.participantPin,
      from: '+12025550122',
    });
    const row = page.getByRole('row').filter({ hasText: '+12025550122' });
    await row.getByText('Talking').waitFor();
    await row.getByRole('link', { name: 'Room' }).click();
    const member = page.getByRole('row').filter({ hasText: 'Speaker' });
    await member.waitFor();
    expect(await member.count()).toBe(1);
  });

  it('mutes a member and takes him out; the member list follows', async () => {
    await page.getByRole('button', { name: 'Mute', exact: true }).click();
    await page.getByText('Muted', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Nobody is in this room').waitFor();
    await eventually(LIMIT_MS, async () => (await stage.service.liveCalls()) === 0);
    expect((await stage.service.cdrs()).map(({ result }) => result)).toEqual(['kicked']);
    await call.hangUp().catch(() => undefined);
  });

  it('finds the record of the call by its number, and the address of the search can be sent on', async () => {
    await stage.service.ratedCdrs(1);
    await page.goto('/calls');
    await page.getByLabel('Number', { exact: true }).fill('+12025550122');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/number=%2B12025550122/);
    await page.getByTestId('sums').getByText('1 leg').waitFor();
    await page.getByRole('table').getByRole('link').first().click();
    await page.getByRole('heading', { name: 'Call to' }).waitFor();
    await page.getByText('60/60').waitFor();
    await page.getByRole('heading', { name: 'Ledger posting' }).waitFor();
    const [cdr] = await stage.service.cdrs();
    expect(await page.locator('.sheet strong .number').first().textContent()).toBe(
      `${Number(cdr?.rating?.charge.amountMicros) / 1_000_000} EUR`,
    );
  });

  it('keeps a search under a name', async () => {
    await page.goto('/calls?direction=inbound');
    await page.getByRole('button', { name: 'Save this view' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('inbound only');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.goto('/calls');
    await page.getByLabel('Saved views').selectOption('inbound only');
    await page.waitForURL(/direction=inbound/);
    expect(await page.getByLabel('Direction').inputValue()).toBe('inbound');
  });

  it('tries a file of prices, sees what is wrong with it and what would change, and publishes it', async () => {
    const file = join(stage.service.varFolder, 'prices.csv');
    writeFileSync(file, `${HEADER}\n999,Nowhere,abc,0,60,60,0,2020-01-01\n`);
    await page.goto('/decks/import');
    await page.getByLabel('File', { exact: true }).setInputFiles(file);
    await page.getByLabel('Price list').fill('browser deck');
    await page.getByRole('button', { name: 'Try the file' }).click();
    await page.getByRole('heading', { name: '1 fault' }).waitFor();
    writeFileSync(file, `${HEADER}\n32,Belgium,0.02,0,60,60,0,2020-01-01\n`);
    await page.goto('/decks/import');
    await page.getByLabel('File', { exact: true }).setInputFiles(file);
    await page.getByLabel('Price list').fill('browser deck');
    await page.getByRole('button', { name: 'Try the file' }).click();
    await page.getByText('The file has no faults').waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('The prices count now').waitFor();
    await page.getByRole('link', { name: 'browser deck' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Belgium' });
    await row.waitFor();
    expect(await row.textContent()).toContain('0.02 EUR');
  });

  it('opens accounts whose names are scripts, formulas and other writing; they are text and nothing else', async () => {
    for (const name of NAUGHTY) {
      await page.goto('/accounts');
      await page.getByRole('button', { name: 'Open an account' }).click();
      await page.getByRole('dialog').getByLabel('Name').fill(name);
      await page.getByRole('dialog').getByRole('button', { name: 'Open an account' }).click();
      await page.getByRole('heading', { level: 1 }).filter({ hasText: name }).waitFor();
    }
    await page.goto('/accounts');
    for (const name of NAUGHTY) await page.getByRole('link', { name }).waitFor();
    expect(stage.faults).toEqual([]);
  });

  it('stands an error of the API at the field that it names', async () => {
    await page.goto('/accounts');
    await page.getByRole('button', { name: 'Open an account' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Somebody');
    await page.getByRole('dialog').getByLabel('Currency').fill('euros');
    await page.getByRole('dialog').getByRole('button', { name: 'Open an account' }).click();
    const field = page.getByRole('dialog').getByLabel('Currency');
    await page.getByRole('dialog').locator('.fault').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
  });

  it('exports calls whose caller calls himself a formula as text', async () => {
    const formula = await phone.dial({
      to: stage.service.seed.accessNumber,
      from: '=1+1',
      sipHost: '127.0.0.1',
      sipPort: stage.service.sipPort,
    });
    await formula.hangUp();
    await eventually(LIMIT_MS, async () => (await stage.service.cdrs()).length === 2);
    await page.goto('/calls');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'CSV' }).click();
    const csv = readFileSync(await (await download).path(), 'utf8');
    expect(csv).toContain('1+1');
    for (const cell of csv.split(/[,\n]/)) expect(cell).not.toMatch(/^[=@]/);
  });

  it('signs out, and the page before shows nothing any more', async () => {
    await page.goto('/calls');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto('/calls');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(stage.faults).toEqual([]);
  });
});
