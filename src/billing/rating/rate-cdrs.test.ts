import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { readCdrs } from '../../cdr/cdrs-store';
import { writeCdrs } from '../../cdr/write-cdr';
import { aCreditWish, anAccount, anEndedLeg, eur, START_MS } from '../../../test/support/billing-builders';
import { grantBundle } from '../bundles/bundles-store';
import { extendCredit } from '../credit/extend-credit';
import { reserveCredit } from '../credit/reserve-credit';
import { readBalance } from '../ledger/ledger-accounts';
import { verifyLedger } from '../ledger/verify-ledger';
import { rateCdr, rateCdrs } from './rate-cdr';

describe.each(DIALECTS)('rating many legs at once on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  /** Legs of an account that talked for 1, 2, 3 … minutes. */
  const someLegs = async (accountId: string, count: number) => {
    const legs = Array.from({ length: count }, (_, n) => anEndedLeg(accountId, (n + 1) * 60_000));
    for (const [n, leg] of legs.entries()) {
      await reserveCredit(test.database, aCreditWish(accountId, { callId: leg.cdrId }));
      await extendCredit(test.database, { callId: leg.cdrId, untilSeconds: (n + 2) * 60, nowMs: START_MS });
    }
    await writeCdrs(test.database, legs);
    return legs.map(({ cdrId }) => cdrId);
  };
  const rate = (cdrIds: readonly string[]) => rateCdrs(test.database, { cdrIds, nowMs: START_MS });
  const ratingsOf = async (cdrIds: readonly string[]) =>
    new Map((await readCdrs(test.database.read, cdrIds)).map(({ cdrId, rating }) => [cdrId, rating]));

  it('charges each leg what it would be charged alone, each under a transaction of its own', async () => {
    const one = await anAccount(test.database, { credit: '20' });
    const other = await anAccount(test.database, { credit: '20' });
    await grantBundle(test.database, {
      accountId: other.id,
      name: 'half an hour',
      secondsPerPeriod: 250,
      period: 'once',
      priority: 1,
      validFromMs: START_MS,
      validUntilMs: START_MS + 1,
      prefixes: ['32'],
      nowMs: START_MS,
    });
    const ids = [...(await someLegs(one.id, 4)), ...(await someLegs(other.id, 3))];
    const free = anEndedLeg(null, 60_000);
    await writeCdrs(test.database, [free]);
    await rate([...ids, free.cdrId, 'nobody']);
    const ratings = await ratingsOf([...ids, free.cdrId]);
    const charges = [...ids, free.cdrId].map((id) => Number(ratings.get(id)?.charge.amountMicros));
    // The bundle paid the first leg's two minutes that were held, one of them talked, and 130 s of the second's.
    expect(charges.slice(0, 4)).toEqual([600_000, 1_200_000, 1_800_000, 2_400_000]);
    expect(charges.at(-1)).toBe(0);
    const transactions = ids.map((id) => ratings.get(id)?.ledgerTransactionId).filter(Boolean);
    expect(new Set(transactions).size).toBe(transactions.length);
    expect(await readBalance(test.database.read, one.id)).toMatchObject({
      balance: eur('14'),
      held: eur('0'),
    });
    expect((await readBalance(test.database.read, other.id)).held).toEqual(eur('0'));
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('rates each leg once when the same are asked for at once, alone and together', async () => {
    const account = await anAccount(test.database, { credit: '100' });
    const ids = await someLegs(account.id, 6);
    await Promise.allSettled([
      rate(ids),
      rate(ids.toReversed()),
      rate(ids.slice(2)),
      ...ids.map((cdrId) => rateCdr(test.database, { cdrId, nowMs: START_MS })),
    ]);
    await rate(ids);
    expect((await readBalance(test.database.read, account.id)).balance).toEqual(eur('87.40'));
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('goes over more legs than one unit of work takes', async () => {
    const account = await anAccount(test.database, { credit: '100' });
    const legs = Array.from({ length: 250 }, () => anEndedLeg(account.id, null));
    await writeCdrs(test.database, legs);
    await rate(legs.map(({ cdrId }) => cdrId));
    const ratings = await ratingsOf(legs.map(({ cdrId }) => cdrId));
    expect([...ratings.values()].filter(Boolean)).toHaveLength(250);
  });
});
