import { ConsoleStage } from '../support/console';
import { OidcProvider } from '../support/oidc-provider';
import { aPerson, PASSWORD } from '../support/people';

const SIP_PORT = 36_320;
const HTTP_PORT = 36_330;

describe('another provider', () => {
  const provider = new OidcProvider('our-client', 'a-client-secret');
  let stage: ConsoleStage;

  beforeAll(async () => {
    await provider.start();
    const acme = { id: 'acme', label: 'Acme', issuer: provider.issuer, clientId: provider.clientId };
    stage = await ConsoleStage.open(SIP_PORT, {
      HTTP_PORT: String(HTTP_PORT),
      PUBLIC_URL: `http://127.0.0.1:${HTTP_PORT}`,
      OIDC_PROVIDERS: JSON.stringify([acme]),
      OIDC_CLIENT_SECRETS: JSON.stringify({ acme: provider.clientSecret }),
    });
  });
  afterAll(async () => {
    await stage?.close();
    await provider.stop();
  });

  it('signs somebody in who has confirmed that the account there is his', async () => {
    const { database, seed } = stage.service;
    const { mail } = await aPerson(database, { role: 'user', accountId: seed.accountId });
    provider.at = { sub: 'subject of Ada', email: mail, email_verified: true, name: 'Ada' };
    const page = await stage.visitor();
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Sign in with Acme' }).click();
    await page.getByText('You have an account with this mail address.').waitFor();
    await page.getByLabel('Mail address').fill(mail);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: 'Link the account' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Link the account' }).click();
    await page.getByRole('region', { name: 'Accounts elsewhere' }).getByText(mail).waitFor();

    const later = await stage.visitor();
    await later.goto('/sign-in');
    await later.getByRole('link', { name: 'Sign in with Acme' }).click();
    await later.locator('nav.side').waitFor({ state: 'attached' });
    expect(new URL(later.url()).search).toBe('');
  });

  it('fills in who somebody new is', async () => {
    provider.at = { sub: 'subject of Bo', email: 'bo@example.org', email_verified: true, name: 'Bo Berg' };
    const page = await stage.visitor();
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Sign in with Acme' }).click();
    await page.getByRole('heading', { name: 'Sign up' }).waitFor();
    expect(await page.getByLabel('Mail address').inputValue()).toBe('bo@example.org');
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Bo Berg');
  });

  it('says when it did not', async () => {
    provider.at = null;
    const page = await stage.visitor();
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Sign in with Acme' }).click();
    await page.getByText('Signing in by the other provider did not succeed.').waitFor();
  });

  it('shows pages that break nothing', () => {
    expect(stage.faults).toEqual([]);
  });
});
