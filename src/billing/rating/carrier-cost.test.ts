import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import type { ClosedLeg } from '../../cdr/cdr';
import { readCdr } from '../../cdr/search-cdrs';
import { writeCdr } from '../../cdr/write-cdr';
import { currency, money } from '../../kernel/money';
import {
  aCreditWish,
  aDeck,
  anAccount,
  anEndedLeg,
  aRateLine,
  eur,
  START_MS,
} from '../../../test/support/billing-builders';
import { reserveCredit } from '../credit/reserve-credit';
import { rateCdr } from './rate-cdr';

describe.each(DIALECTS)('the carrier’s cost of a leg on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const carrierDeck = async (price: string, unit = 'EUR') =>
    (
      await aDeck(
        test.database,
        [aRateLine({ price, firstIncrementSeconds: 1, nextIncrementSeconds: 1 })],
        currency(unit),
      )
    ).id;
  const ended = async (payer: string | null, talkMs: number | null, rest: Partial<ClosedLeg>) => {
    const leg = anEndedLeg(payer, talkMs, rest);
    await writeCdr(test.database, leg);
    await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: START_MS });
    return readCdr(test.database, leg.cdrId, { numbers: 'full', costs: 'shown' });
  };

  it.each(['outbound', 'inbound'] as const)(
    'stands beside the charge of an %s leg, with the margin',
    async (direction) => {
      const account = await anAccount(test.database, { credit: '5' });
      const { callId } = await reserveCredit(test.database, aCreditWish(account.id, { direction }));
      // 30 s are charged as a minute; the carrier counts by the second from the answer, four seconds before.
      const cdr = await ended(account.id, 30_000, {
        cdrId: callId,
        direction,
        costDeckId: await carrierDeck('0.12'),
      });
      expect(cdr?.rating).toMatchObject({
        charge: eur('0.60'),
        cost: { amount: eur('0.068'), margin: eur('0.532'), working: { talkSeconds: 34, increments: '1/1' } },
      });
    },
  );

  it('is known of a leg that costs nobody anything: an emergency call earns less than nothing', async () => {
    const cdr = await ended(null, 56_000, { direction: 'outbound', costDeckId: await carrierDeck('0.06') });
    expect(cdr?.rating).toMatchObject({
      working: { reason: 'nobody pays this leg' },
      cost: { amount: eur('0.06'), margin: eur('-0.06') },
    });
    expect(cdr?.rating?.charge.amountMicros).toBe(0n);
  });

  it('is nothing for a leg that nobody answered', async () => {
    const cdr = await ended(null, null, { answeredAtMs: null, costDeckId: await carrierDeck('0.06') });
    expect(cdr?.rating?.cost).toMatchObject({ amount: eur('0'), margin: eur('0') });
  });

  it('gives no margin in another currency, and says why', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserveCredit(test.database, aCreditWish(account.id));
    const cdr = await ended(account.id, 56_000, {
      cdrId: callId,
      costDeckId: await carrierDeck('0.06', 'USD'),
    });
    expect(cdr?.rating?.cost).toMatchObject({
      amount: money(60_000n, currency('USD')),
      margin: null,
      working: { noMargin: 'the charge is in EUR, the cost in USD' },
    });
  });

  it('is not known without a rate, and the leg is charged all the same', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserveCredit(test.database, aCreditWish(account.id));
    const deck = await aDeck(test.database, [aRateLine({ prefix: '49', price: '0.06' })]);
    const cdr = await ended(account.id, 30_000, { cdrId: callId, costDeckId: deck.id });
    expect(cdr?.rating).toMatchObject({
      charge: eur('0.60'),
      cost: { amount: null, margin: null, working: { noMargin: 'the cost is not known' } },
    });
    const gone = await ended(null, 30_000, { costDeckId: 'no-such-deck' });
    expect(gone?.rating?.cost?.amount).toBeNull();
  });

  it('is not there for a leg without a cost deck', async () => {
    expect((await ended(null, 30_000, {}))?.rating?.cost).toBeNull();
  });
});
