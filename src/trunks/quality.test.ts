import { anEndedLeg } from '../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { writeCdr } from '../cdr/write-cdr';
import {
  emptyWindow,
  QUALITY_WINDOW_MS,
  qualityFromCdrs,
  qualityOf,
  type TrunkAttempt,
  withAttempt,
} from './quality';

const NOW_MS = Date.UTC(2026, 0, 15, 12);

const attempt = (endedAtMs: number, of: { rangMs?: number; talkMs?: number } = {}): TrunkAttempt => {
  const answeredAtMs = of.talkMs === undefined ? null : endedAtMs - of.talkMs;
  const startedAtMs = (answeredAtMs ?? endedAtMs) - 10_000;
  return {
    startedAtMs,
    ringingAtMs: of.rangMs === undefined ? null : startedAtMs + of.rangMs,
    answeredAtMs,
    endedAtMs,
  };
};
const windowOf = (...attempts: readonly TrunkAttempt[]) => attempts.reduce(withAttempt, emptyWindow());

describe('the quality of a trunk', () => {
  it('is not known without a call', () => {
    expect(qualityOf(emptyWindow(), NOW_MS)).toEqual({
      attempts: 0,
      answered: 0,
      answeredShare: null,
      talkSeconds: null,
      ringDelayMs: null,
    });
  });

  it('is the share of answered calls, their average talk, and the average wait for ringing', () => {
    const window = windowOf(
      attempt(NOW_MS, { rangMs: 1_000, talkMs: 60_000 }),
      attempt(NOW_MS, { rangMs: 3_000, talkMs: 120_000 }),
      attempt(NOW_MS, { rangMs: 5_000 }),
      attempt(NOW_MS),
    );
    expect(qualityOf(window, NOW_MS)).toEqual({
      attempts: 4,
      answered: 2,
      answeredShare: 0.5,
      talkSeconds: 90,
      ringDelayMs: 3_000,
    });
  });

  it('forgets what ended before the window, also when calls are told late', () => {
    const old = attempt(NOW_MS - QUALITY_WINDOW_MS);
    expect(qualityOf(windowOf(attempt(NOW_MS), old), NOW_MS).attempts).toBe(1);
    expect(qualityOf(windowOf(old, attempt(NOW_MS)), NOW_MS).attempts).toBe(1);
    expect(qualityOf(windowOf(attempt(NOW_MS)), NOW_MS + QUALITY_WINDOW_MS).attempts).toBe(0);
    expect(qualityOf(windowOf(attempt(NOW_MS - QUALITY_WINDOW_MS / 2)), NOW_MS).attempts).toBe(1);
  });

  it('stays small, however many calls there are', () => {
    let window = emptyWindow();
    for (let n = 0; n < 10_000; n++) window = withAttempt(window, attempt(NOW_MS + n * 1_000));
    expect(window.parts.length).toBeLessThanOrEqual(12);
  });
});

describe.each(DIALECTS)('the quality of trunks by CDRs on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  it('is counted by trunk, of calls that went out in the time asked for', async () => {
    const leg = (of: Parameters<typeof anEndedLeg>[2]) =>
      writeCdr(test.database, anEndedLeg(null, null, { direction: 'outbound', startedAtMs: NOW_MS, ...of }));
    const answered = {
      ringingAtMs: NOW_MS + 2_000,
      answeredAtMs: NOW_MS + 5_000,
      endedAtMs: NOW_MS + 65_000,
    };
    await leg({ trunkId: 'one', ...answered });
    await leg({ trunkId: 'one', ringingAtMs: NOW_MS + 4_000, answeredAtMs: null, endedAtMs: NOW_MS + 9_000 });
    await leg({ trunkId: 'two', answeredAtMs: null, endedAtMs: NOW_MS + 9_000 });
    await leg({ trunkId: 'one', direction: 'inbound', ...answered });
    await leg({ trunkId: 'one', startedAtMs: NOW_MS - 1, ...answered });
    const found = await qualityFromCdrs(test.database.read, { fromMs: NOW_MS, toMs: NOW_MS + 1 });
    expect([...found.keys()].toSorted()).toEqual(['one', 'two']);
    expect(found.get('one')).toEqual({
      attempts: 2,
      answered: 1,
      answeredShare: 0.5,
      talkSeconds: 60,
      ringDelayMs: 3_000,
    });
    expect(found.get('two')).toMatchObject({
      attempts: 1,
      answeredShare: 0,
      talkSeconds: null,
      ringDelayMs: null,
    });
  });
});
