import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { setAccountPlace } from '../../accounts/accounts-store';
import { listAlerts } from '../../alerts/alerts-store';
import { writeCdr } from '../../cdr/write-cdr';
import { InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { currency } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import {
  aCreditWish,
  aDeck,
  anAccount,
  anEndedLeg,
  aRateLine,
  EUR,
  eur,
  START_MS,
} from '../../../test/support/billing-builders';
import type { CreditWanted } from '../credit/credit-wanted';
import { CapReached, DestinationClosed } from '../credit/credit-errors';
import { extendCredit } from '../credit/extend-credit';
import { releaseCredit } from '../credit/release-credit';
import { reserveCredit } from '../credit/reserve-credit';
import { readBalance, readDaySpent } from '../ledger/ledger-accounts';
import { verifyLedger } from '../ledger/verify-ledger';
import { rateCdr } from '../rating/rate-cdr';
import type { Caps } from './caps';
import {
  closeCountry,
  LONGEST_OPEN_MS,
  openCountry,
  openedCountries,
  readCaps,
  readHouseCaps,
  setCaps,
} from './caps-store';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const SOMALIA = e164('+2522123456');
/** Two in the night in Brussels. */
const NIGHT_MS = Date.UTC(2026, 0, 16, 1);
const TODAY = 20260115;

describe.each(DIALECTS)('caps against fraud on %s', (dialect) => {
  let test: TestDatabase;
  let deckId: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    const deck = await aDeck(test.database, [
      aRateLine({ prefix: '3', price: '0.60' }),
      aRateLine({ prefix: '3290', price: '1.50' }),
      aRateLine({ prefix: '252', price: '0.90' }),
      aRateLine({ prefix: '4490', price: '3.00' }),
    ]);
    deckId = deck.id;
  });
  afterAll(() => test.drop());

  const accountWith = async (own: Partial<Caps> = {}, credit = '500') => {
    const account = await anAccount(test.database, { credit, deckId });
    await test.database.write((sql) => setCaps(sql, account.id, { homeCountries: ['BE'], ...own }));
    return account;
  };
  const call = (payerAccountId: string, rest: Partial<CreditWanted> = {}) =>
    reserveCredit(
      test.database,
      aCreditWish(payerAccountId, { direction: 'outbound', kind: 'call', ...rest }),
    );
  const extend = (callId: string, untilSeconds: number, nowMs = START_MS) =>
    extendCredit(test.database, { callId, untilSeconds, nowMs });
  const end = async (accountId: string, callId: string, talkMs: number, startedAtMs = START_MS) => {
    const leg = anEndedLeg(accountId, talkMs, { cdrId: callId, direction: 'outbound', startedAtMs });
    await writeCdr(test.database, leg);
    return rateCdr(test.database, { cdrId: callId, nowMs: leg.endedAtMs });
  };
  const alertsOf = async (ownerAccountId: string) =>
    (
      await listAlerts(test.database.read, { ownerAccountId, after: null, limit: 200, numbers: 'full' })
    ).alerts.map(({ kind }) => kind);

  it('close every country but home until one is opened, and it closes by itself', async () => {
    const account = await accountWith();
    await expect(call(account.id, { number: SOMALIA })).rejects.toMatchObject({
      code: 'destination-closed',
      country: 'SO',
    });
    await openCountry(test.database, {
      accountId: account.id,
      country: 'SO',
      openUntilMs: START_MS + DAY_MS,
      openedBy: 'owner',
      nowMs: START_MS,
    });
    expect((await call(account.id, { number: SOMALIA })).held).toEqual(eur('0.90'));
    await expect(call(account.id, { number: SOMALIA, nowMs: START_MS + DAY_MS })).rejects.toBeInstanceOf(
      DestinationClosed,
    );
    expect(await openedCountries(test.database.read, account.id, START_MS)).toMatchObject([
      { country: 'SO', openedBy: 'owner' },
    ]);
    await test.database.write((sql) => closeCountry(sql, { accountId: account.id, country: 'SO' }));
    await expect(call(account.id, { number: SOMALIA })).rejects.toBeInstanceOf(DestinationClosed);
  });

  it('are not about legs that come in', async () => {
    const account = await accountWith({ maxPricePerMinuteMicros: 0n, maxDayCostMicros: 0n });
    const grant = await reserveCredit(test.database, aCreditWish(account.id));
    expect(await extend(grant.callId, 600)).toMatchObject({ paidSeconds: 600, limitedBy: null });
  });

  it('refuse a price per minute, and the account hears of each cap once an hour', async () => {
    const account = await accountWith({ homeCountries: ['BE', 'GB'] });
    const dear = (nowMs: number) => call(account.id, { number: e164('+449098790123'), nowMs });
    for (let n = 0; n < 3; n++)
      await expect(dear(START_MS + n)).rejects.toMatchObject({
        code: 'cap-reached',
        cap: 'price-per-minute',
      });
    await expect(call(account.id, { number: SOMALIA })).rejects.toBeInstanceOf(DestinationClosed);
    expect((await alertsOf(account.id)).toSorted()).toEqual(['cap-destination', 'cap-price-per-minute']);
    await expect(dear(START_MS + HOUR_MS)).rejects.toBeInstanceOf(CapReached);
    expect(await alertsOf(account.id)).toHaveLength(3);
  });

  it('let a call run until it has cost what a call may, and say that it is a cap', async () => {
    const account = await accountWith({ maxCallCostMicros: 2_000_000n });
    const { callId } = await call(account.id);
    expect(await extend(callId, 120)).toMatchObject({ paidSeconds: 120, limitedBy: null });
    // Two euros pay for three whole minutes.
    expect(await extend(callId, 600)).toMatchObject({ paidSeconds: 180, limitedBy: 'cap' });
    await test.database.write((sql) => setCaps(sql, account.id, { maxCallCostMicros: null }));
    expect(await extend(callId, 600)).toMatchObject({ paidSeconds: 600, limitedBy: null });
    expect(await alertsOf(account.id)).toEqual(['cap-call-cost']);
  });

  it('count a day’s money over all calls, give back what was not talked, and begin anew at midnight', async () => {
    const account = await accountWith({ maxDayCostMicros: 2_000_000n });
    const first = await call(account.id);
    expect(await extend(first.callId, 180)).toMatchObject({ paidSeconds: 180, held: eur('1.80') });
    await expect(call(account.id)).rejects.toMatchObject({ cap: 'day-cost' });
    expect(await extend(first.callId, 300)).toMatchObject({ paidSeconds: 180, limitedBy: 'cap' });
    await end(account.id, first.callId, 60_000);
    expect(await readDaySpent(test.database.read, account.id, TODAY)).toBe(600_000n);
    const second = await call(account.id);
    await releaseCredit(test.database, { callId: second.callId, nowMs: START_MS });
    expect(await readDaySpent(test.database.read, account.id, TODAY)).toBe(600_000n);
    const tomorrowMs = START_MS + 12 * HOUR_MS;
    const third = await call(account.id, { nowMs: tomorrowMs });
    expect(await extend(third.callId, 180, tomorrowMs)).toMatchObject({ paidSeconds: 180, limitedBy: null });
    expect(await readDaySpent(test.database.read, account.id, TODAY + 1)).toBe(1_800_000n);
  });

  it('do not give the new day what a call over midnight held on the old one', async () => {
    const account = await accountWith({ maxDayCostMicros: 2_000_000n });
    const lateMs = Date.UTC(2026, 0, 15, 22, 59);
    const over = await call(account.id, { nowMs: lateMs });
    await extend(over.callId, 180, lateMs);
    const nextMs = lateMs + 2 * MINUTE_MS;
    expect(await extend(over.callId, 240, nextMs)).toMatchObject({ paidSeconds: 240 });
    expect(await readDaySpent(test.database.read, account.id, TODAY + 1)).toBe(600_000n);
    const other = await call(account.id, { nowMs: nextMs });
    await end(account.id, over.callId, 1_000, lateMs);
    // Only the 0.60 that was held today and not talked comes back; the other call's 0.60 stays.
    expect(await readDaySpent(test.database.read, account.id, TODAY + 1)).toBe(600_000n);
    await releaseCredit(test.database, { callId: other.callId, nowMs: nextMs });
  });

  it('let different premium numbers be called so often a day, one of them as often as one likes', async () => {
    const account = await accountWith({ premiumNumbersPerDay: 2 });
    for (const n of [1, 2, 1, 2, 1]) await call(account.id, { number: premium(n) });
    await expect(call(account.id, { number: premium(3) })).rejects.toMatchObject({ cap: 'premium-numbers' });
    await call(account.id, { number: premium(3), nowMs: START_MS + DAY_MS });
  });

  it('let no more premium numbers through when 50 are called at once', async () => {
    const account = await accountWith({ premiumNumbersPerDay: 2 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => call(account.id, { number: premium(n) })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('refuse calls after a burst of short ones, until it is over', async () => {
    const account = await accountWith({ shortCallsPerTenMinutes: 3 });
    for (let n = 0; n < 3; n++) {
      const { callId } = await call(account.id);
      await end(account.id, callId, 4_000);
    }
    await expect(call(account.id)).rejects.toMatchObject({ cap: 'short-calls' });
    await call(account.id, { nowMs: START_MS + 11 * MINUTE_MS });
  });

  it('do not count calls of some length, and none that nobody answered', async () => {
    const account = await accountWith({ shortCallsPerTenMinutes: 1 });
    const long = await call(account.id);
    await end(account.id, long.callId, 11_000);
    const unanswered = await call(account.id);
    await writeCdr(test.database, anEndedLeg(account.id, null, { cdrId: unanswered.callId }));
    await rateCdr(test.database, { cdrId: unanswered.callId, nowMs: START_MS });
    expect((await call(account.id)).paidSeconds).toBe(60);
  });

  it('bound the calls abroad of a night, not those at home and not those of the day', async () => {
    const account = await accountWith({ nightCallsPerHour: 2 });
    await openCountry(test.database, {
      accountId: account.id,
      country: 'SO',
      openUntilMs: START_MS + 10 * DAY_MS,
      openedBy: 'owner',
      nowMs: START_MS,
    });
    const abroad = (nowMs: number) => call(account.id, { number: SOMALIA, nowMs });
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => abroad(NIGHT_MS)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    await expect(abroad(NIGHT_MS + 59 * MINUTE_MS)).rejects.toMatchObject({ cap: 'night-calls' });
    await call(account.id, { nowMs: NIGHT_MS });
    await abroad(NIGHT_MS + HOUR_MS);
    for (let n = 0; n < 4; n++) await abroad(START_MS + DAY_MS);
  });

  it('are the account’s, else the house’s for its currency, else the program’s', async () => {
    const account = await anAccount(test.database, { credit: '0', deckId });
    expect(await readCaps(test.database.read, account.id)).toEqual(
      await readHouseCaps(test.database.read, EUR),
    );
    await test.database.write((sql) =>
      setCaps(sql, 'EUR', { maxDayCostMicros: 7n, homeCountries: ['BE'], timeZone: 'Europe/Paris' }),
    );
    await test.database.write((sql) => setCaps(sql, account.id, { maxDayCostMicros: 9n }));
    expect(await readCaps(test.database.read, account.id)).toMatchObject({
      maxDayCostMicros: 9n,
      maxPricePerMinuteMicros: 2_000_000n,
      homeCountries: ['BE'],
      timeZone: 'Europe/Paris',
    });
    await test.database.write((sql) => setCaps(sql, account.id, { maxDayCostMicros: null }));
    expect((await readCaps(test.database.read, account.id)).maxDayCostMicros).toBe(7n);
    expect((await readHouseCaps(test.database.read, currency('JPY'))).maxDayCostMicros).toBe(10_000_000_000n);
    await test.database.write((sql) =>
      setCaps(sql, 'EUR', { maxDayCostMicros: null, homeCountries: null, timeZone: null }),
    );
  });

  it.each([
    ['an amount below zero', { maxDayCostMicros: -1n }],
    ['a count that is none', { premiumNumbersPerDay: 1.5 }],
    ['a country that is none', { homeCountries: ['Belgium'] }],
    ['a time zone that is none', { timeZone: 'Belgium' }],
  ])('refuse %s', async (_, wrong) => {
    await expect(test.database.write((sql) => setCaps(sql, 'EUR', wrong))).rejects.toBeInstanceOf(
      InvalidInput,
    );
  });

  it('take home from the account’s country, unless something else was set', async () => {
    const account = await anAccount(test.database, { credit: '5', deckId });
    const homeOf = async () => (await readCaps(test.database.read, account.id)).homeCountries;
    expect(await homeOf()).toEqual([]);
    await test.database.write((sql) => setAccountPlace(sql, account.id, { country: 'BE' }));
    expect(await homeOf()).toEqual(['BE']);
    await expect(call(account.id, { number: SOMALIA })).rejects.toBeInstanceOf(DestinationClosed);
    await test.database.write((sql) => setCaps(sql, account.id, { homeCountries: ['SO', 'BE'] }));
    expect(await homeOf()).toEqual(['SO', 'BE']);
    expect((await call(account.id, { number: SOMALIA })).paidSeconds).toBe(60);
  });

  it('open a country for no longer than a year, and to accounts that there are', async () => {
    const { id: accountId } = await accountWith();
    const opening = { accountId, country: 'SO', openedBy: 'owner', nowMs: START_MS };
    for (const openUntilMs of [START_MS, START_MS + LONGEST_OPEN_MS + 1])
      await expect(openCountry(test.database, { ...opening, openUntilMs })).rejects.toBeInstanceOf(
        InvalidInput,
      );
    await expect(
      openCountry(test.database, { ...opening, accountId: 'nobody', openUntilMs: START_MS + 1 }),
    ).rejects.toBeInstanceOf(NotFound);
  });

  it('hold 50 lines of a thief to what a day may cost, and all are silent within a minute of it', async () => {
    const account = await accountWith({ maxDayCostMicros: 40_000_000n, nightCallsPerHour: 1_000 });
    const lines = 50;
    const stepSeconds = 20;
    type Line = { callId: string; startedAtMs: number; paidSeconds: number } | null;
    const talking: Line[] = Array.from({ length: lines }, () => null);
    let firstRefusalMs = Number.POSITIVE_INFINITY;
    let lastTalkMs = 0;
    for (let nowMs = START_MS; nowMs < START_MS + 20 * MINUTE_MS; nowMs += stepSeconds * 1_000) {
      await Promise.all(
        talking.map(async (line, n) => {
          if (!line) {
            // The thief dials again at once, other premium numbers too.
            const number = premium(n % 3);
            const grant = await call(account.id, { number, startedAtMs: nowMs, nowMs }).catch(() => null);
            if (!grant) firstRefusalMs = Math.min(firstRefusalMs, nowMs);
            talking[n] = grant && {
              callId: grant.callId,
              startedAtMs: nowMs,
              paidSeconds: grant.paidSeconds,
            };
            return;
          }
          const talked = (nowMs - line.startedAtMs) / 1_000;
          lastTalkMs = Math.max(lastTalkMs, nowMs);
          const { paidSeconds, limitedBy } = await extend(line.callId, talked + stepSeconds, nowMs);
          if (limitedBy === null || talked < paidSeconds) return;
          await end(account.id, line.callId, paidSeconds * 1_000 - 1, line.startedAtMs);
          talking[n] = null;
        }),
      );
    }
    const { balance } = await readBalance(test.database.read, account.id);
    const lostMicros = 500_000_000n - balance.amountMicros;
    expect(lostMicros).toBeLessThanOrEqual(40_000_000n);
    expect(lostMicros).toBeGreaterThan(30_000_000n);
    expect(talking.filter(Boolean)).toEqual([]);
    expect(lastTalkMs - firstRefusalMs).toBeLessThanOrEqual(MINUTE_MS);
    expect(await alertsOf(account.id)).toEqual(['cap-day-cost']);
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  }, 60_000);

  it('let 200 legs out at once hold no more than the day may cost', async () => {
    const account = await accountWith({ maxDayCostMicros: 12_340_000n });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, () => call(account.id, { callId: newId(START_MS) })),
    );
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [],
    );
    expect(outcomes.length - refusals.length).toBe(20);
    expect(new Set(refusals)).toEqual(new Set(['cap-reached']));
    expect((await readBalance(test.database.read, account.id)).held).toEqual(eur('12'));
  });
});

/** The n-th of some Belgian premium numbers. */
function premium(n: number) {
  return e164(`+329021${1000 + n}`);
}
