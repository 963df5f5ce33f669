import supertest from 'supertest';
import { isCustomer, ROLES, type Role } from '../../src/http/roles';
import type { Route } from '../../src/http/route';
import { testApi } from '../support/api';
import { anAccount } from '../support/billing-builders';
import { emptyDatabase, type TestDatabase } from '../support/databases';
import { Page } from '../support/page';
import { aPerson, PASSWORD } from '../support/people';
import { EXPECTED } from '../support/roles-expected';

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const pathOf = ({ path }: Route) => path.replaceAll(/\{\w+\}/g, 'none');
const isRefused = (status: number) => status === 401 || status === 403;

describe('every route', () => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase('sqlite');
  });
  // One address may send so many requests a minute; each test has a service of its own.
  beforeEach(() => {
    api = testApi(test.database);
  });
  afterAll(() => test.drop());

  /** Routes that answer at once; signing out comes last, since nothing is open after it. */
  const tried = () =>
    api.routes
      .filter(({ answer }) => answer.kind === 'json')
      .toSorted((a, b) => Number(nameOf(a) === 'delete /session') - Number(nameOf(b) === 'delete /session'));

  it('has a line that says who may ask it, and each line has a route', () => {
    expect(api.routes.map(nameOf).toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  });

  it('that is not public refuses whoever is nobody', async () => {
    for (const route of tried().filter((one) => EXPECTED[nameOf(one)] !== 'public')) {
      const answer = await supertest(api.app)[route.method](`/api/v1${pathOf(route)}`);
      expect([nameOf(route), answer.status]).toEqual([nameOf(route), 401]);
    }
  });

  it.each(Object.keys(ROLES) as Role[])(
    'opens to somebody signed in as %s where his line says so',
    async (role) => {
      const accountId = isCustomer(role) ? (await anAccount(test.database, { credit: '5' })).id : null;
      const page = new Page(api.app);
      await page.signIn((await aPerson(test.database, { role, accountId })).mail, PASSWORD);
      await page.post('/session/reason', { reason: 'a test of every route' });
      for (const route of tried()) {
        const words = (EXPECTED[nameOf(route)] ?? '').split(' ');
        // A customer asks for what is not there: refused as somebody else's. That his own is open, own-things.test.ts shows.
        if (words[0] === 'public' || (isCustomer(role) && words.includes('own'))) continue;
        const { status } =
          route.method === 'get' || route.method === 'delete'
            ? await page[route.method](pathOf(route))
            : await page[route.method](pathOf(route), {});
        const may = words[0] === 'signed-in' || words.includes(role);
        expect([nameOf(route), isRefused(status) ? 'refused' : 'open']).toEqual([
          nameOf(route),
          may ? 'open' : 'refused',
        ]);
      }
    },
  );

  it.each(['admin', 'user'] as const)(
    'for people who are signed in refuses the key of the role %s',
    async (role) => {
      const key = await api.keyFor(role);
      for (const route of tried().filter((one) => EXPECTED[nameOf(one)] === 'signed-in')) {
        const request = supertest(api.app)[route.method](`/api/v1${pathOf(route)}`);
        const answer = await request.set('Authorization', `Bearer ${key}`);
        expect([nameOf(route), answer.status]).toEqual([nameOf(route), 403]);
      }
    },
  );
});
