import {
  aCreditWish,
  anAccount,
  anEndedLeg,
  aDeck,
  aRate,
  aRateLine,
  eur,
  START_MS,
} from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { findCdr } from '../../cdr/cdrs-store';
import { writeCdrs } from '../../cdr/write-cdr';
import { addMoney, showMoney, zero } from '../../kernel/money';
import { extendCredit } from '../credit/extend-credit';
import { reserveCredit } from '../credit/reserve-credit';
import { readBalance } from '../ledger/ledger-accounts';
import { importCdrs } from './import-cdrs';
import { rateCall } from './rate-call';
import { rateCdr } from './rate-cdr';
import { e164 } from '../../kernel/phone-number';

const by = (first: number, next: number) => ({ firstIncrementSeconds: first, nextIncrementSeconds: next });

/** What users of other rating systems reported (issue of the project named), as what holds here. */
describe('known rounding cases', () => {
  it('CGRateS 361: the price per minute is kept, whatever the increment: one rounding, not one a block', () => {
    const charge = (next: number) =>
      showMoney(rateCall(aRate({ price: '0.250569', ...by(1, next) }), 600).charge);
    expect(charge(1)).toBe('2.50569 EUR');
    expect(showMoney(rateCall(aRate({ price: '0.250569', ...by(60, 60) }), 600).charge)).toBe('2.50569 EUR');
    expect(showMoney(rateCall(aRate({ price: '0.250569', ...by(6, 6) }), 600).charge)).toBe('2.50569 EUR');
  });

  it('callmeter 72: 90/60 bills 90, 150, 210 seconds, not full minutes', () => {
    const rate = aRate({ price: '0.60', ...by(90, 60) });
    expect([1, 90, 91, 150, 151].map((talk) => rateCall(rate, talk).billedSeconds)).toEqual([
      90, 90, 150, 150, 210,
    ]);
  });

  it('A2Billing 26: seconds that a bundle paid are not charged once it is exceeded', () => {
    const rate = aRate({ price: '0.60', ...by(1, 1) });
    expect(showMoney(rateCall(rate, 100, 40).charge)).toBe('0.60 EUR');
    expect(rateCall(rate, 100, 40).working).toMatchObject({ billedSeconds: 100, includedSeconds: 40 });
  });
});

describe.each(DIALECTS)('known rounding cases, from the hold to the bill, on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const account = async (line: Parameters<typeof aRateLine>[0], credit = '10') => {
    const deck = await aDeck(test.database, [aRateLine(line)]);
    return anAccount(test.database, { credit, deckId: deck.id });
  };
  const called = async (accountId: string, talkSeconds: number) => {
    const leg = anEndedLeg(accountId, talkSeconds * 1_000);
    await reserveCredit(test.database, aCreditWish(accountId, { callId: leg.cdrId }));
    await extendCredit(test.database, { callId: leg.cdrId, untilSeconds: talkSeconds, nowMs: START_MS });
    await writeCdrs(test.database, [leg]);
    return { cdrId: leg.cdrId, rating: await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: START_MS }) };
  };
  const balanceOf = async (accountId: string) =>
    showMoney((await readBalance(test.database.read, accountId)).balance);

  it('CGRateS 118: with 30/6 the CDR’s charge is what the balance lost, at every length', async () => {
    const { id } = await account({ price: '0.0337', ...by(30, 6) }, '10');
    let spent = zero(eur('0').currency);
    for (const talk of [1, 29, 30, 31, 36, 37, 59, 61])
      spent = addMoney(spent, (await called(id, talk)).rating.charge);
    expect(addMoney((await readBalance(test.database.read, id)).balance, spent)).toEqual(eur('10'));
  });

  it('CGRateS 260: the charges that are shown add up to the total that was taken, to the micro', async () => {
    const deckOf3 = { price: '0.010333', ...by(1, 1) };
    const { id } = await account(deckOf3, '1');
    const shown: bigint[] = [];
    for (let talk = 1; talk <= 25; talk += 4) shown.push((await called(id, talk)).rating.charge.amountMicros);
    const balance = (await readBalance(test.database.read, id)).balance.amountMicros;
    expect(shown.reduce((sum, one) => sum + one, 0n)).toBe(1_000_000n - balance);
  });

  it('CGRateS 361: prepaid by a hold and postpaid by import cost the same', async () => {
    const prepaid = await account({ price: '0.250569', ...by(30, 6) });
    const { rating } = await called(prepaid.id, 333);
    const [imported] = await importCdrs(
      test.database,
      [
        {
          source: 'postpaid',
          uniqueId: 'one',
          payerAccountId: prepaid.id,
          direction: 'outbound',
          fromNumber: null,
          dialledNumber: '+3225550123',
          number: e164('+3225550123'),
          startedAtMs: START_MS,
          answeredAtMs: START_MS,
          endedAtMs: START_MS + 333_000,
          costDeckId: null,
        },
      ],
      START_MS,
    );
    const cdr = await findCdr(test.database.read, (imported as { cdrId: string }).cdrId);
    expect(cdr?.rating?.charge).toEqual(rating.charge);
  });

  it('A2Billing 22: a call whose first block is not covered is not let in, so no balance goes below zero', async () => {
    const short = await account({ price: '0.60', connectFeeMicros: 10_000, ...by(60, 60) }, '0.609999');
    await expect(reserveCredit(test.database, aCreditWish(short.id))).rejects.toThrow('needs');
    const free = await account({ price: '0.60', graceSeconds: 5, ...by(60, 60) }, '0.50');
    await expect(reserveCredit(test.database, aCreditWish(free.id))).rejects.toThrow('needs');
    const enough = await account({ price: '0.60', connectFeeMicros: 10_000, ...by(60, 60) }, '0.61');
    expect((await reserveCredit(test.database, aCreditWish(enough.id))).paidSeconds).toBe(60);
  });

  it('ivozprovider 703: a prepaid call is charged once, however often it is rated', async () => {
    const { id } = await account({ price: '0.60' });
    const { cdrId } = await called(id, 60);
    const after = await balanceOf(id);
    await rateCdr(test.database, { cdrId, nowMs: START_MS + 1 });
    await Promise.all([1, 2, 3].map(() => rateCdr(test.database, { cdrId, nowMs: START_MS + 2 })));
    expect(await balanceOf(id)).toBe(after);
  });

  it('fonoster 884: ringing is no talk: of a minute’s ringing and a minute’s talk one minute is charged', async () => {
    const { id } = await account({ price: '0.60' });
    const leg = anEndedLeg(id, 60_000, { ringingAtMs: START_MS, answeredAtMs: START_MS + 60_000 });
    const rung = { ...leg, chargedFromMs: START_MS + 60_000, endedAtMs: START_MS + 120_000 };
    await reserveCredit(test.database, aCreditWish(id, { callId: leg.cdrId }));
    await extendCredit(test.database, { callId: leg.cdrId, untilSeconds: 120, nowMs: START_MS });
    await writeCdrs(test.database, [rung]);
    const { working } = await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: START_MS });
    expect(working).toMatchObject({ talkSeconds: 60, billedSeconds: 60 });
    expect(await balanceOf(id)).toBe('9.40 EUR');
  });
});
