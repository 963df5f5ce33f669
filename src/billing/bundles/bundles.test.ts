import fc from 'fast-check';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { writeCdr } from '../../cdr/write-cdr';
import { InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { integer } from '../../kernel/unit-of-work';
import {
  aCreditWish,
  aDeck,
  anAccount,
  anEndedLeg,
  aRate,
  aRateLine,
  eur,
  START_MS,
} from '../../../test/support/billing-builders';
import { InsufficientCredit } from '../credit/credit-errors';
import { extendCredit } from '../credit/extend-credit';
import { releaseCredit } from '../credit/release-credit';
import { reserveCredit } from '../credit/reserve-credit';
import { readBalance } from '../ledger/ledger-accounts';
import { verifyLedger } from '../ledger/verify-ledger';
import { affordableSeconds, UNLIMITED_TALK_SECONDS } from '../rating/affordable-seconds';
import { rateCall } from '../rating/rate-call';
import { rateCdr } from '../rating/rate-cdr';
import { addParts, type Bundle, firstSeconds, periodStartMs, shareOut } from './bundle';
import { endBundle, grantBundle, listBundles } from './bundles-store';

const DAY_MS = 86_400_000;

describe('the price of a call that a bundle pays a part of', () => {
  const price = { price: '0.60' };
  const by = (first: number, next: number) => ({
    ...price,
    firstIncrementSeconds: first,
    nextIncrementSeconds: next,
  });

  it.each([
    ['all of it is included', by(60, 60), 60, 60, '0.00 EUR'],
    ['the bundle ends within the second block: only the rest is charged', by(60, 60), 61, 90, '0.30 EUR'],
    ['by the second beyond the bundle', by(1, 1), 100, 70, '0.30 EUR'],
    ['the bundle ends within the first block: its rest is charged', by(60, 60), 10, 20, '0.40 EUR'],
    ['30/6, the bundle pays the first block', by(30, 6), 31, 30, '0.06 EUR'],
    ['no bundle', by(60, 60), 61, 0, '1.20 EUR'],
  ])('%s', (_, terms, talkSeconds, includedSeconds, charge) => {
    expect(rateCall(aRate(terms), talkSeconds, includedSeconds).charge).toEqual(
      eur(charge.split(' ')[0] ?? ''),
    );
  });

  it('has the connect fee unless the whole first block is included', () => {
    const rate = aRate({ ...by(30, 6), connectFeeMicros: 50_000 });
    expect(rateCall(rate, 20, 29).charge).toEqual(eur('0.06'));
    expect(rateCall(rate, 20, 30).charge).toEqual(eur('0'));
    expect(rateCall(rate, 36, 30).charge).toEqual(eur('0.06'));
  });

  it('has no minimum: it would charge the free seconds after all', () => {
    const rate = aRate({ ...by(1, 1), minimumChargeMicros: 500_000 });
    expect(rateCall(rate, 11, 10).charge).toEqual(eur('0.01'));
    expect(rateCall(rate, 11).charge).toEqual(eur('0.50'));
  });

  it('says in its working how much was included', () => {
    expect(rateCall(aRate(by(60, 60)), 61, 90)).toMatchObject({
      usedSeconds: 90,
      working: { includedSeconds: 90 },
    });
  });

  const someRate = fc
    .record({
      pricePerMinuteMicros: fc.integer({ min: 1, max: 2_000_000 }),
      connectFeeMicros: fc.oneof(fc.constant(0), fc.nat(300_000)),
      firstIncrementSeconds: fc.integer({ min: 1, max: 90 }),
      nextIncrementSeconds: fc.integer({ min: 1, max: 60 }),
      minimumSeconds: fc.oneof(fc.constant(0), fc.nat(60)),
      minimumChargeMicros: fc.oneof(fc.constant(0), fc.nat(100_000)),
      chargeDecimals: fc.nat(6),
    })
    .map((terms) => ({ ...aRate({ price: '0' }), ...terms }));

  it('never falls as talk grows, never rises with more included seconds, and is never above the price without', () => {
    const talk = fc.nat(5_000);
    fc.assert(
      fc.property(someRate, talk, talk, talk, talk, (rate, one, other, few, many) => {
        const [shorter, longer] = [Math.min(one, other), Math.max(one, other)];
        const [less, more] = [Math.min(few, many), Math.max(few, many)];
        const cost = (talkSeconds: number, included: number) =>
          rateCall(rate, talkSeconds, included).charge.amountMicros;
        expect(cost(longer, less)).toBeGreaterThanOrEqual(cost(shorter, less));
        expect(cost(longer, more)).toBeLessThanOrEqual(cost(longer, less));
        expect(cost(longer, less)).toBeLessThanOrEqual(cost(longer, 0));
      }),
      { numRuns: 2_000 },
    );
  });

  it('and what an amount affords agree: a second more costs more', () => {
    fc.assert(
      fc.property(
        someRate,
        fc.bigInt({ min: 0n, max: 10_000_000n }),
        fc.nat(2_000),
        (rate, amount, included) => {
          const seconds = affordableSeconds(rate, amount, included);
          if (seconds === UNLIMITED_TALK_SECONDS) return;
          expect(rateCall(rate, seconds, included).charge.amountMicros).toBeLessThanOrEqual(amount);
          expect(rateCall(rate, seconds + 1, included).charge.amountMicros).toBeGreaterThan(amount);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('seconds of bundles', () => {
  it('are shared out in their order, as far as they last', () => {
    const bundles = [
      { bundleId: 'a', periodStartMs: 0, leftSeconds: 30 },
      { bundleId: 'b', periodStartMs: 0, leftSeconds: 0 },
      { bundleId: 'c', periodStartMs: 0, leftSeconds: 100 },
    ];
    expect(shareOut(bundles, 50)).toEqual([part('a', 30), part('c', 20)]);
    expect(shareOut(bundles, 500)).toEqual([part('a', 30), part('c', 100)]);
    expect(shareOut(bundles, 0)).toEqual([]);
  });

  it('are added by bundle and period, and the first held are the first used', () => {
    const held = addParts(
      [part('a', 30), part('c', 20)],
      [part('c', 40), { ...part('a', 5), periodStartMs: 7 }],
    );
    expect(held).toEqual([part('a', 30), part('c', 60), { ...part('a', 5), periodStartMs: 7 }]);
    expect(firstSeconds(held, 50)).toEqual([part('a', 30), part('c', 20)]);
  });

  it.each([
    ['once', 1_234, START_MS, 1_234],
    ['day', 0, START_MS, Date.UTC(2026, 0, 15)],
    ['month', 0, START_MS, Date.UTC(2026, 0, 1)],
    ['month', 0, Date.UTC(2026, 1, 1) - 1, Date.UTC(2026, 0, 1)],
    ['month', 0, Date.UTC(2026, 1, 1), Date.UTC(2026, 1, 1)],
  ] as const)('come %s', (period, validFromMs, atMs, startMs) => {
    expect(periodStartMs({ period, validFromMs }, atMs)).toBe(startMs);
  });
});

describe.each(DIALECTS)('bundles on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const grant = (accountId: string, secondsPerPeriod: number, rest: Partial<Bundle> = {}) =>
    grantBundle(test.database, {
      accountId,
      name: 'Belgium',
      secondsPerPeriod,
      period: 'month',
      priority: 10,
      validFromMs: START_MS,
      validUntilMs: START_MS + 90 * DAY_MS,
      prefixes: ['32'],
      nowMs: START_MS,
      ...rest,
    });
  const reserve = (accountId: string, callId = newId(START_MS), nowMs = START_MS) =>
    reserveCredit(test.database, aCreditWish(accountId, { callId, nowMs }));
  const extend = (callId: string, untilSeconds: number, nowMs = START_MS) =>
    extendCredit(test.database, { callId, untilSeconds, nowMs });
  const settle = async (accountId: string, callId: string, talkSeconds: number) => {
    await writeCdr(test.database, anEndedLeg(accountId, talkSeconds * 1_000, { cdrId: callId }));
    return rateCdr(test.database, { cdrId: callId, nowMs: START_MS });
  };
  const balanceOf = (accountId: string) => readBalance(test.database.read, accountId);
  const left = async (accountId: string, nowMs = START_MS) =>
    (await listBundles(test.database.read, accountId, nowMs)).map(
      ({ secondsPerPeriod, heldSeconds, usedSeconds }) => secondsPerPeriod - heldSeconds - usedSeconds,
    );

  it('let a call begin that the credit alone would refuse, and charge nothing for it', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    await grant(account.id, 600);
    const { callId, paidSeconds, held } = await reserve(account.id);
    expect([paidSeconds, held]).toEqual([60, eur('0')]);
    expect(await extend(callId, 300)).toMatchObject({ paidSeconds: 300, held: eur('0'), limitedBy: null });
    expect(await left(account.id)).toEqual([300]);
    const rating = await settle(account.id, callId, 125);
    expect(rating).toMatchObject({ charge: eur('0'), ledgerTransactionId: null });
    expect(rating.working).toMatchObject({ includedSeconds: 180, billedSeconds: 180 });
    expect(await left(account.id)).toEqual([420]);
  });

  it('section 3 row 5: the first block is looked at on admission, so no balance goes below nothing', async () => {
    const account = await anAccount(test.database, { credit: '0.29' });
    await grant(account.id, 30);
    // The first minute costs 0.60; the bundle has half of it, so 0.30 more are needed.
    await expect(reserve(account.id)).rejects.toBeInstanceOf(InsufficientCredit);
    expect(await left(account.id)).toEqual([30]);
    expect((await balanceOf(account.id)).available).toEqual(eur('0.29'));
  });

  it('section 3 row 6: beyond the bundle only what is beyond is charged, not the free seconds', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    await grant(account.id, 150);
    const { callId } = await reserve(account.id);
    expect(await extend(callId, 300)).toMatchObject({ paidSeconds: 300, held: eur('1.50') });
    const rating = await settle(account.id, callId, 240);
    // Four minutes, of which two and a half are included.
    expect(rating.charge).toEqual(eur('0.90'));
    expect(rating.working).toMatchObject({ billedSeconds: 240, includedSeconds: 150 });
    expect((await balanceOf(account.id)).balance).toEqual(eur('4.10'));
    expect(await left(account.id)).toEqual([0]);
  });

  it('reach as far as they and the credit go together', async () => {
    const account = await anAccount(test.database, { credit: '0.60' });
    await grant(account.id, 90);
    const { callId } = await reserve(account.id);
    // 150 s are paid: 90 included, 60 for 0.60; whole minutes only.
    expect(await extend(callId, 600)).toMatchObject({ paidSeconds: 120, limitedBy: 'credit' });
  });

  it('give no second to two calls, however many ask at once', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    await grant(account.id, 60 * 12 + 30);
    const calls = Array.from({ length: 60 }, () => newId(START_MS));
    const outcomes = await Promise.allSettled(calls.map((callId) => reserve(account.id, callId)));
    const admitted = calls.filter((_, n) => outcomes[n]?.status === 'fulfilled');
    expect(admitted).toHaveLength(12);
    expect(await left(account.id)).toEqual([30]);
    const grants = await Promise.all(admitted.map((callId) => extend(callId, 120)));
    // Only one of them can have had the last half minute, and it pays for no whole block.
    expect(grants.every(({ paidSeconds }) => paidSeconds === 60)).toBe(true);
    await Promise.all(admitted.map((callId, n) => settle(account.id, callId, n % 2 ? 60 : 0)));
    const [view] = await listBundles(test.database.read, account.id, START_MS);
    expect(view).toMatchObject({ heldSeconds: 0, usedSeconds: 6 * 60 });
  });

  it('come back when a leg is released, and are held once when a leg asks twice', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    await grant(account.id, 600);
    const { callId } = await reserve(account.id);
    await reserve(account.id, callId);
    expect(await left(account.id)).toEqual([540]);
    await releaseCredit(test.database, { callId, nowMs: START_MS });
    expect(await left(account.id)).toEqual([600]);
  });

  it('are used by priority, then the longer prefix, then the sooner end', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const late = { validUntilMs: START_MS + 60 * DAY_MS };
    await grant(account.id, 60, { name: 'fourth', priority: 20, prefixes: ['322'] });
    await grant(account.id, 60, { name: 'third', ...late });
    await grant(account.id, 60, { name: 'second', validUntilMs: START_MS + 30 * DAY_MS });
    await grant(account.id, 60, { name: 'first', prefixes: ['3', '32255'] });
    await grant(account.id, 600, { name: 'elsewhere', priority: 0, prefixes: ['49'] });
    const { callId } = await reserve(account.id);
    const order: string[] = [];
    for (let seconds = 60; seconds <= 240; seconds += 60) {
      await extend(callId, seconds);
      const views = await listBundles(test.database.read, account.id, START_MS);
      order.push(views.find((view) => view.heldSeconds > 0 && !order.includes(view.name))?.name ?? 'none');
    }
    expect(order).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('of a new period have their seconds again; what was held before belongs to the old one', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    await grant(account.id, 120);
    const january = await reserve(account.id);
    await extend(january.callId, 120);
    const februaryMs = Date.UTC(2026, 1, 1);
    expect(await left(account.id)).toEqual([0]);
    expect(await left(account.id, februaryMs)).toEqual([120]);
    expect(await extend(january.callId, 180, februaryMs)).toMatchObject({ paidSeconds: 180 });
    expect(await left(account.id, februaryMs)).toEqual([60]);
    await settle(account.id, january.callId, 61);
    expect([await left(account.id), await left(account.id, februaryMs)]).toEqual([[0], [120]]);
  });

  it('that have ended or fit no number pay nothing', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const ended = await grant(account.id, 600);
    await grant(account.id, 600, { prefixes: ['49'] });
    await test.database.write((sql) => endBundle(sql, ended.id, START_MS));
    expect((await reserve(account.id)).held).toEqual(eur('0.60'));
    await expect(test.database.write((sql) => endBundle(sql, 'nobody', START_MS))).rejects.toBeInstanceOf(
      NotFound,
    );
  });

  it('are not spent on a number whose minutes are free', async () => {
    const deck = await aDeck(test.database, [aRateLine({ price: '0' })]);
    const account = await anAccount(test.database, { credit: '0', deckId: deck.id });
    await grant(account.id, 600);
    await reserve(account.id);
    expect(await left(account.id)).toEqual([600]);
  });

  it.each([
    ['no seconds', { secondsPerPeriod: 0 }],
    ['a prefix with a plus', { prefixes: ['+32'] }],
    ['no prefix', { prefixes: [] }],
    ['an end before its start', { validUntilMs: START_MS }],
    ['no name', { name: ' ' }],
    ['a priority that is none', { priority: -1 }],
  ])('with %s are refused', async (_, wrong) => {
    const account = await anAccount(test.database, { credit: '0' });
    await expect(grant(account.id, 60, wrong)).rejects.toBeInstanceOf(InvalidInput);
  });

  it('hold and bill one price, whatever rate, talk, bundle and credit', async () => {
    const some = fc.record({
      pricePerMinuteMicros: fc.integer({ min: 1, max: 2_000_000 }),
      connectFeeMicros: fc.nat(300_000),
      firstIncrementSeconds: fc.integer({ min: 1, max: 90 }),
      nextIncrementSeconds: fc.integer({ min: 1, max: 60 }),
      minimumSeconds: fc.nat(60),
      minimumChargeMicros: fc.nat(100_000),
    });
    await fc.assert(
      fc.asyncProperty(
        some,
        fc.integer({ min: 1, max: 900 }),
        fc.nat(900),
        async (terms, talkSeconds, included) => {
          const deck = await aDeck(test.database, [{ ...aRateLine({ price: '0' }), ...terms }]);
          const account = await anAccount(test.database, { credit: '1000', deckId: deck.id });
          if (included > 0) await grant(account.id, included);
          const { callId } = await reserve(account.id);
          const { held, paidSeconds } = await extend(callId, talkSeconds);
          const quote = rateCall({ ...aRate({ price: '0' }), ...terms }, talkSeconds, included).charge;
          const bill = await settle(account.id, callId, talkSeconds);
          expect(paidSeconds).toBeGreaterThanOrEqual(talkSeconds);
          expect(held.amountMicros).toBeGreaterThanOrEqual(quote.amountMicros);
          expect(bill).toMatchObject({ charge: quote, heldCapped: false });
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);

  it('leave no second held and a ledger in which everything adds up', async () => {
    const [row] = await test.database.read.all(
      `SELECT COUNT(*) AS n FROM bundle_periods p JOIN bundles b ON b.id = p.bundle_id
       WHERE p.held_seconds + p.used_seconds > b.seconds_per_period`,
    );
    expect(integer(row?.n)).toBe(0);
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });
});

function part(bundleId: string, seconds: number) {
  return { bundleId, periodStartMs: 0, seconds };
}
