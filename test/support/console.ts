import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './chromium';
import { PASSWORD } from './people';
import { TestService } from './service';

const ROOT = resolve(__dirname, '../..');
const LIMIT_MS = 15_000;

/** Who signs in first. */
export const OPERATOR = { name: 'Ada Operator', mail: 'ada@example.org', password: PASSWORD };

/** How a page is looked at. */
export type Look = {
  readonly width?: number;
  readonly language?: string;
  readonly dark?: boolean;
  /** False: he has not been asked about cookies yet. */
  readonly hasChosen?: boolean;
};

/** The console of a real service in Chromium: whoever opens a page sees what a person would. */
export class ConsoleStage {
  /** What went wrong in any page: uncaught errors, and what the content policy stopped. */
  readonly faults: string[] = [];

  private constructor(
    readonly service: TestService,
    private readonly browser: Browser,
  ) {}

  /** `settings` are those of the service's environment. */
  static async open(sipPort: number, settings: Readonly<Record<string, string>> = {}): Promise<ConsoleStage> {
    const service = await TestService.start({
      SIP_PORT: String(sipPort),
      RTP_PORT_MIN: '37800',
      RTP_PORT_MAX: '37899',
      ...settings,
    });
    const browser = await launchChromium();
    return new ConsoleStage(service, browser);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.service.httpPort}`;
  }

  /** The link that the first start wrote down for the first administrator. */
  get firstOperatorLink(): string {
    const link = readFileSync(join(this.service.varFolder, 'first-operator-link'), 'utf8').trim();
    return `/first-operator${new URL(link).hash}`;
  }

  /** A browser of somebody who is not signed in. */
  async visitor({ width = 1280, language = 'en', dark = false, hasChosen = true }: Look = {}): Promise<Page> {
    const context = await this.browser.newContext({
      baseURL: this.origin,
      viewport: { width, height: 850 },
      locale: language,
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      acceptDownloads: true,
    });
    context.setDefaultTimeout(LIMIT_MS);
    // The question about cookies would lie over what is tested.
    if (hasChosen)
      await context.addCookies([
        { name: '__Host-cookie-choice', value: 'needed', domain: '127.0.0.1', path: '/', secure: true },
      ]);
    return this.#watched(await context.newPage());
  }

  /** Another page of the same person, seen otherwise. */
  async again(page: Page, look: Look): Promise<Page> {
    const other = await this.visitor(look);
    await other.context().addCookies(await page.context().cookies());
    await other.goto('/security');
    // Who is not signed in would be shown another page.
    await other.locator('nav.side').waitFor({ state: 'attached' });
    return other;
  }

  /** Makes the first administrator by the link, as its operator would. */
  async firstOperator(look: Look = {}): Promise<Page> {
    const page = await this.visitor(look);
    await page.goto(this.firstOperatorLink);
    await page.getByLabel('Name').fill(OPERATOR.name);
    await page.getByLabel('Mail address').fill(OPERATOR.mail);
    await page.getByLabel('New password').fill(OPERATOR.password);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByRole('heading', { name: 'Live', exact: true }).waitFor();
    await this.stateReason(page);
    return page;
  }

  /** Says what he looks at things of people for, where he is first asked. */
  async stateReason(page: Page): Promise<void> {
    await page.goto('/people');
    await page.getByRole('textbox', { name: 'Reason' }).fill('looking after the house');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('table').waitFor();
  }

  /** Signs in by mail and password. */
  async signIn(mail: string, look: Look = {}): Promise<Page> {
    const page = await this.visitor(look);
    await page.goto('/sign-in');
    await page.locator('input[name=mail]').fill(mail);
    await page.locator('input[name=password]').fill(PASSWORD);
    await page.locator('form button[type=submit]').click();
    await page.locator('nav.side').waitFor({ state: 'attached' });
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.service.close();
  }

  #watched(page: Page): Page {
    page.on('pageerror', (error) => this.faults.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && message.text().includes('Content Security Policy'))
        this.faults.push(`${page.url()}: ${message.text()}`);
    });
    page.on('dialog', (dialog) => {
      this.faults.push(`${page.url()}: a script opened a dialog that says ${dialog.message()}`);
      void dialog.dismiss();
    });
    return page;
  }
}

/** Serious findings of axe-core about the page as it is, each on a line. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  // By the debugger, which the content policy does not bind.
  await page.evaluate(readFileSync(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(options: object): Promise<{
          violations: readonly {
            id: string;
            impact: string;
            help: string;
            nodes: readonly { target: readonly string[] }[];
          }[];
        }>;
      };
    };
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target.join(' ')).join(', ')})`,
      );
  });
}

/** How far the page is wider than its window. */
export async function overflowPx(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { documentElement } = (
      globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } }
    ).document;
    return documentElement.scrollWidth - documentElement.clientWidth;
  });
}
