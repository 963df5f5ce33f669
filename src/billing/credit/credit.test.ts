import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { setAccountState } from '../../accounts/accounts-store';
import { writeCdr } from '../../cdr/write-cdr';
import { newId } from '../../kernel/ids';
import { e164 } from '../../kernel/phone-number';
import { readBalance } from '../ledger/ledger-accounts';
import { topUp } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { verifyLedger } from '../ledger/verify-ledger';
import { rateCdr } from '../rating/rate-cdr';
import { publishRates } from '../rating/stage-rates';
import {
  aCreditWish,
  aDeck,
  anAccount,
  anEndedLeg,
  aRateLine,
  eur,
  START_MS,
} from '../../../test/support/billing-builders';
import { AccountBlocked, HoldNotOpen, InsufficientCredit, NoRate } from './credit-errors';
import { UNLIMITED_TALK_SECONDS } from './credit-grant';
import { extendCredit } from './extend-credit';
import { releaseCredit, releaseForgotten, staleHolds } from './release-credit';
import { reserveCredit } from './reserve-credit';

const BELGIUM = e164('+3225550123');

describe.each(DIALECTS)('credit on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const reserve = (payerAccountId: string, callId = newId(START_MS), number = BELGIUM) =>
    reserveCredit(test.database, aCreditWish(payerAccountId, { callId, number }));
  const extend = (callId: string, untilSeconds: number) =>
    extendCredit(test.database, { callId, untilSeconds, nowMs: START_MS + 1_000 });
  const credit = (accountId: string, amount: string) =>
    test.database.write((sql) =>
      postEntries(sql, topUp({ accountId, amount: eur(amount), reference: newId(START_MS) }), START_MS),
    );
  const balanceOf = (accountId: string) => readBalance(test.database.read, accountId);
  const settle = async (accountId: string, callId: string, talkMs: number) => {
    const leg = anEndedLeg(accountId, talkMs, { cdrId: callId });
    await writeCdr(test.database, leg);
    return rateCdr(test.database, { cdrId: callId, nowMs: leg.endedAtMs });
  };

  it('holds connect fee and first block before the leg is charged', async () => {
    const deck = await aDeck(test.database, [
      aRateLine({
        price: '0.60',
        connectFeeMicros: 50_000,
        firstIncrementSeconds: 30,
        nextIncrementSeconds: 6,
      }),
    ]);
    const account = await anAccount(test.database, { credit: '1', deckId: deck.id });
    const grant = await reserve(account.id);
    expect(grant).toMatchObject({ paidSeconds: 30, reachedLimit: false, held: eur('0.35') });
    expect(await balanceOf(account.id)).toMatchObject({ held: eur('0.35'), available: eur('0.65') });
  });

  it('gives the same grant when one call asks twice', async () => {
    const account = await anAccount(test.database, { credit: '1' });
    const callId = newId(START_MS);
    const first = await reserve(account.id, callId);
    expect(await reserve(account.id, callId)).toEqual(first);
    expect((await balanceOf(account.id)).held).toEqual(eur('0.60'));
  });

  it('refuses when another call of the account already holds the last cent', async () => {
    const account = await anAccount(test.database, { credit: '0.60' });
    await reserve(account.id);
    await expect(reserve(account.id)).rejects.toBeInstanceOf(InsufficientCredit);
  });

  it('lets a postpaid account go down to its credit limit and no further', async () => {
    const account = await anAccount(test.database, { credit: '0', creditLimitMicros: 600_000n });
    await reserve(account.id);
    await expect(reserve(account.id)).rejects.toMatchObject({
      code: 'insufficient-credit',
      needed: eur('0.60'),
      available: eur('0'),
    });
  });

  it('never overspends when two hundred calls reserve at once', async () => {
    const account = await anAccount(test.database, { credit: '12.34' });
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => reserve(account.id)));
    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(outcomes.length - refusals.length).toBe(20);
    for (const refusal of refusals) expect(refusal.reason).toBeInstanceOf(InsufficientCredit);
    expect((await balanceOf(account.id)).available).toEqual(eur('0.34'));
  });

  it('refuses a number without price, an account without deck, a suspended and a closed account', async () => {
    const account = await anAccount(test.database, { credit: '1' });
    await expect(reserve(account.id, newId(START_MS), e164('+15550100'))).rejects.toBeInstanceOf(NoRate);
    await test.database.write((sql) => setAccountState(sql, account.id, 'suspended'));
    await expect(reserve(account.id)).rejects.toBeInstanceOf(AccountBlocked);
    await test.database.write((sql) => setAccountState(sql, account.id, 'closed'));
    await expect(reserve(account.id)).rejects.toMatchObject({ code: 'account-blocked' });
  });

  it('pays a free number without limit and holds nothing', async () => {
    const deck = await aDeck(test.database, [aRateLine({ price: '0' })]);
    const account = await anAccount(test.database, { credit: '0', deckId: deck.id });
    const grant = await reserve(account.id);
    expect(grant).toMatchObject({ paidSeconds: UNLIMITED_TALK_SECONDS, held: eur('0') });
    expect((await extend(grant.callId, 3_600)).paidSeconds).toBe(UNLIMITED_TALK_SECONDS);
  });

  it('extends until the asked second, and not twice for the same', async () => {
    const account = await anAccount(test.database, { credit: '3' });
    const { callId } = await reserve(account.id);
    const grant = await extend(callId, 61);
    expect(grant).toMatchObject({ paidSeconds: 120, reachedLimit: false, held: eur('1.20') });
    expect(await extend(callId, 120)).toEqual(grant);
  });

  it('extends as far as the credit reaches, and further after a top-up in mid-call', async () => {
    const account = await anAccount(test.database, { credit: '1.50' });
    const { callId } = await reserve(account.id);
    expect(await extend(callId, 600)).toMatchObject({ paidSeconds: 120, reachedLimit: true });
    expect(await extend(callId, 600)).toMatchObject({ paidSeconds: 120, reachedLimit: true });
    await credit(account.id, '10');
    expect(await extend(callId, 600)).toMatchObject({ paidSeconds: 600, reachedLimit: false });
  });

  it('charges what was talked, frees the rest of the hold and names the posting on the CDR', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserve(account.id);
    await extend(callId, 300);
    const rating = await settle(account.id, callId, 61_000);
    expect(rating).toMatchObject({ charge: eur('1.20'), heldCapped: false });
    expect(rating.ledgerTransactionId).not.toBeNull();
    expect(await balanceOf(account.id)).toMatchObject({ balance: eur('3.80'), held: eur('0') });
  });

  it('settles a call once, however often and at once its rating is asked for', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserve(account.id);
    const leg = anEndedLeg(account.id, 10_000, { cdrId: callId });
    await writeCdr(test.database, leg);
    const ratings = await Promise.all(
      Array.from({ length: 10 }, () => rateCdr(test.database, { cdrId: callId, nowMs: START_MS + 60_000 })),
    );
    for (const rating of ratings) expect(rating).toEqual(ratings[0]);
    expect((await balanceOf(account.id)).balance).toEqual(eur('4.40'));
  });

  it('never charges above what was held, and says so in the working', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserve(account.id);
    const rating = await settle(account.id, callId, 600_000);
    expect(rating).toMatchObject({ charge: eur('0.60'), heldCapped: true });
    expect(rating.working).toMatchObject({ uncappedMicros: '6000000', cappedAtHeldMicros: '600000' });
  });

  it('bills the promised price though the deck changed in mid-call', async () => {
    const deck = await aDeck(test.database, [aRateLine({ price: '0.60' })]);
    const account = await anAccount(test.database, { credit: '5', deckId: deck.id });
    const { callId } = await reserve(account.id);
    await extend(callId, 60);
    await publishRates(test.database, [aRateLine({ price: '6' })], {
      deck,
      sourceName: 'dearer',
      nowMs: START_MS,
      onRowsStored: () => {},
    });
    expect(await settle(account.id, callId, 60_000)).toMatchObject({
      charge: eur('0.60'),
      heldCapped: false,
    });
    await expect(reserve(account.id)).rejects.toBeInstanceOf(InsufficientCredit);
  });

  it('costs nothing and frees the hold when the leg was never entered', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserve(account.id);
    await writeCdr(test.database, anEndedLeg(account.id, null, { cdrId: callId }));
    const rating = await rateCdr(test.database, { cdrId: callId, nowMs: START_MS });
    expect(rating).toMatchObject({ charge: eur('0'), ledgerTransactionId: null });
    expect(await balanceOf(account.id)).toMatchObject({ balance: eur('5'), held: eur('0') });
  });

  it('costs nothing when nobody pays', async () => {
    const leg = anEndedLeg(null, 60_000);
    await writeCdr(test.database, leg);
    const rating = await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: START_MS });
    expect(rating.charge.amountMicros).toBe(0n);
    expect(rating.working).toEqual({ reason: 'nobody pays this leg' });
  });

  it('releases a hold once and lets nothing use it afterwards', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserve(account.id);
    expect(await releaseCredit(test.database, { callId, nowMs: START_MS })).toBe(true);
    expect(await releaseCredit(test.database, { callId, nowMs: START_MS })).toBe(false);
    expect((await balanceOf(account.id)).held).toEqual(eur('0'));
    await expect(extend(callId, 60)).rejects.toBeInstanceOf(HoldNotOpen);
    await expect(reserve(account.id, callId)).rejects.toBeInstanceOf(HoldNotOpen);
  });

  it('lists holds that no call has touched for a while', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const kept = await reserve(account.id);
    const forgotten = await reserve(account.id);
    await extend(kept.callId, 60);
    const stale = (await staleHolds(test.database, START_MS + 1)).map((hold) => hold.callId);
    expect(stale).toContain(forgotten.callId);
    expect(stale).not.toContain(kept.callId);
  });

  it('frees holds that no call has touched for a day, once each, but none whose CDR waits to be rated', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const forgotten = await reserve(account.id);
    const ended = await reserve(account.id);
    const leg = anEndedLeg(account.id, 30_000, { cdrId: ended.callId });
    await writeCdr(test.database, leg);
    const dayLaterMs = START_MS + 86_400_000;
    await releaseForgotten(test.database, dayLaterMs);
    expect((await balanceOf(account.id)).held.amountMicros).toBeGreaterThan(0n);
    await Promise.all([1, 2, 3].map(() => releaseForgotten(test.database, dayLaterMs + 1)));
    const states = await test.database.read.all(
      'SELECT call_id, state FROM credit_holds WHERE account_id = ? ORDER BY state',
      [account.id],
    );
    expect(states).toEqual([
      { call_id: ended.callId, state: 'open' },
      { call_id: forgotten.callId, state: 'released' },
    ]);
    const told = await test.database.read.all("SELECT details FROM alerts WHERE kind = 'hold-forgotten'");
    expect(told.filter(({ details }) => String(details).includes(forgotten.callId))).toHaveLength(1);
  });

  it('leaves a ledger in which everything adds up', async () => {
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });
});
