import { extendCredit } from '../billing/credit/extend-credit';
import { reserveCredit } from '../billing/credit/reserve-credit';
import { rateCdr } from '../billing/rating/rate-cdr';
import { seedDemo } from '../demo/seed-demo';
import { aCreditWish, anAccount, anEndedLeg } from '../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { trafficReport, type TrafficWanted } from './traffic-report';
import { writeCdr } from './write-cdr';

/** The night in which Brussels goes over to summer time: the day has 23 hours. */
const SPRING_NIGHT_MS = Date.parse('2026-03-29T00:00:00+01:00');
const HOUR_MS = 3_600_000;

describe.each(DIALECTS)('the traffic report on %s', (dialect) => {
  let test: TestDatabase;
  let accountId: string;
  let charged = 0n;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    await seedDemo(test.database, Date.UTC(2026, 0, 1), '123-voip');
    accountId = (await anAccount(test.database, { credit: '50' })).id;
    // 48 hours, one leg an hour; every fourth is not answered.
    for (let hour = 0; hour < 48; hour++) {
      const startedAtMs = SPRING_NIGHT_MS - 24 * HOUR_MS + hour * HOUR_MS;
      const wish = aCreditWish(accountId, { startedAtMs });
      await reserveCredit(test.database, wish);
      await extendCredit(test.database, { callId: wish.callId, untilSeconds: 300, nowMs: startedAtMs });
      const isAnswered = hour % 4 > 0;
      const leg = anEndedLeg(accountId, isAnswered ? 60_000 : null, {
        cdrId: wish.callId,
        startedAtMs,
        routedNumber: wish.number,
        ringingAtMs: isAnswered ? startedAtMs + 700 : null,
        trunkId: hour % 2 ? 'odd' : 'even',
        ...(isAnswered ? {} : { answeredAtMs: null, result: 'no-answer' as const }),
      });
      await writeCdr(test.database, leg);
      await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: leg.endedAtMs });
    }
    const rows = await test.database.read.all('SELECT charge_micros FROM cdrs');
    charged = rows.reduce((sum, row) => sum + BigInt(String(row.charge_micros)), 0n);
  });
  afterAll(() => test.drop());

  const report = (rest: Partial<TrafficWanted> = {}) =>
    trafficReport(test.database.report, {
      by: 'day',
      fromMs: SPRING_NIGHT_MS - 24 * HOUR_MS,
      toMs: SPRING_NIGHT_MS + 24 * HOUR_MS,
      direction: null,
      trunkId: null,
      zone: 'Europe/Brussels',
      ...rest,
    });

  it('begins days where the zone does, a short one too', async () => {
    const days = await report();
    expect(days.map(({ key, legs, answered }) => [key, legs, answered])).toEqual([
      ['2026-03-28', 24, 18],
      ['2026-03-29', 23, 17],
      ['2026-03-30', 1, 1],
    ]);
  });

  it.each(['day', 'trunk', 'prefix', 'result', 'account'] as const)(
    'adds up by %s to what the ledger took',
    async (by) => {
      const lines = await report({ by });
      expect(charged).toBeGreaterThan(0n);
      expect(lines.reduce((sum, { legs }) => sum + legs, 0)).toBe(48);
      const sum = lines
        .flatMap(({ charges }) => charges)
        .reduce((all, { amountMicros }) => all + amountMicros, 0n);
      expect(sum).toBe(charged);
    },
  );

  it('says how many were answered, how long they talked and how soon it rang', async () => {
    const [line] = await report({ by: 'trunk', trunkId: 'odd' });
    expect(line).toMatchObject({ key: 'odd', legs: 24, answered: 24, asrPercent: 100, pddMs: 700 });
    const [even] = await report({ by: 'trunk', trunkId: 'even' });
    expect(even).toMatchObject({ key: 'even', legs: 24, answered: 12, asrPercent: 50, pddMs: 700 });
    expect((line?.talkMs ?? 0) / 24).toBe(line?.acdMs);
  });

  it('is empty where nothing was called', async () => {
    expect(await report({ direction: 'outbound' })).toEqual([]);
  });
});
