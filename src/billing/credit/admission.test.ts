import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { setAccountState } from '../../accounts/accounts-store';
import { writeCdr } from '../../cdr/write-cdr';
import { newId } from '../../kernel/ids';
import { e164 } from '../../kernel/phone-number';
import { countLeases } from '../../leases/take-leases';
import { setCaps } from '../fraud-caps/caps-store';
import { readBalance, readDaySpent } from '../ledger/ledger-accounts';
import { topUp } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { verifyLedger } from '../ledger/verify-ledger';
import { rateCdr } from '../rating/rate-cdr';
import {
  aCreditWish,
  aDeck,
  anAccount,
  anEndedLeg,
  aRateLine,
  eur,
  START_MS,
} from '../../../test/support/billing-builders';
import { type CallLimit, setCallLimit } from './call-limits';
import { AccountBlocked, InsufficientCredit, LimitReached } from './credit-errors';
import type { CreditWanted } from './credit-wanted';
import { extendCredit } from './extend-credit';
import { releaseCredit } from './release-credit';
import { reserveCredit } from './reserve-credit';

describe.each(DIALECTS)('admission of a charged leg on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const reserve = (payerAccountId: string, rest: Partial<CreditWanted> = {}) =>
    reserveCredit(test.database, aCreditWish(payerAccountId, rest));
  const extend = (callId: string, untilSeconds: number) =>
    extendCredit(test.database, { callId, untilSeconds, nowMs: START_MS });
  const limit = (wanted: CallLimit) => test.database.write((sql) => setCallLimit(sql, wanted));
  const inState = (accountId: string, state: 'active' | 'limited' | 'suspended' | 'closed') =>
    test.database.write((sql) => setAccountState(sql, accountId, state));
  const held = async (accountId: string) => (await readBalance(test.database.read, accountId)).held;
  const callsOf = (scope: string) => countLeases(test.database.read, scope, START_MS);

  it('is refused when connect fee and first block are not covered', async () => {
    const deck = await aDeck(test.database, [
      aRateLine({ price: '0.60', connectFeeMicros: 50_000, firstIncrementSeconds: 30 }),
    ]);
    const short = await anAccount(test.database, { credit: '0.349999', deckId: deck.id });
    await expect(reserve(short.id)).rejects.toMatchObject({
      code: 'insufficient-credit',
      needed: eur('0.35'),
    });
    const enough = await anAccount(test.database, { credit: '0.35', deckId: deck.id });
    expect(await reserve(enough.id)).toMatchObject({ paidSeconds: 30, limitedBy: null });
  });

  it.each([
    ['limited', 'inbound', true],
    ['limited', 'outbound', false],
    ['suspended', 'inbound', false],
    ['suspended', 'outbound', false],
    ['closed', 'inbound', false],
  ] as const)('of a %s account for an %s leg: %s', async (state, direction, isLetThrough) => {
    const account = await anAccount(test.database, { credit: '5' });
    await inState(account.id, state);
    const outcome = await reserve(account.id, { direction }).then(
      () => true,
      (error: unknown) => !(error instanceof AccountBlocked),
    );
    expect(outcome).toBe(isLetThrough);
  });

  it('keeps to the limit of the account, of its direction and of the room, and says which', async () => {
    const account = await anAccount(test.database, { credit: '50' });
    const roomId = newId(START_MS);
    await limit({ kind: 'account-out', id: account.id, most: 1 });
    await limit({ kind: 'room', id: roomId, most: 2 });
    await limit({ kind: 'account', id: account.id, most: 4 });
    await reserve(account.id, { direction: 'outbound' });
    await expect(reserve(account.id, { direction: 'outbound' })).rejects.toMatchObject({
      code: 'limit-reached',
      scope: `account-out:${account.id}`,
      limit: 1,
    });
    await reserve(account.id, { roomId });
    await reserve(account.id, { roomId });
    await expect(reserve(account.id, { roomId })).rejects.toMatchObject({ scope: `room:${roomId}` });
    await reserve(account.id);
    await expect(reserve(account.id)).rejects.toMatchObject({ scope: `account:${account.id}`, limit: 4 });
    expect(await held(account.id)).toEqual(eur('2.40'));
  });

  it('holds no place when the credit refuses, and no credit when the places do', async () => {
    const poor = await anAccount(test.database, { credit: '0.10' });
    await expect(reserve(poor.id)).rejects.toBeInstanceOf(InsufficientCredit);
    expect(await callsOf(`account-in:${poor.id}`)).toBe(0);
    const full = await anAccount(test.database, { credit: '5' });
    await limit({ kind: 'account-in', id: full.id, most: 0 });
    await expect(reserve(full.id)).rejects.toBeInstanceOf(LimitReached);
    expect(await held(full.id)).toEqual(eur('0'));
  });

  it('frees credit and place at once when a trunk fails, for the leg over the next trunk', async () => {
    const account = await anAccount(test.database, { credit: '0.60' });
    await limit({ kind: 'account-out', id: account.id, most: 1 });
    const failed = await reserve(account.id, { direction: 'outbound' });
    await releaseCredit(test.database, { callId: failed.callId, nowMs: START_MS });
    const next = await reserve(account.id, { direction: 'outbound' });
    expect(next.held).toEqual(eur('0.60'));
    // The CDR of the failed leg comes when it comes, and moves nothing.
    await writeCdr(test.database, anEndedLeg(account.id, null, { cdrId: failed.callId }));
    const rating = await rateCdr(test.database, { cdrId: failed.callId, nowMs: START_MS });
    expect(rating).toMatchObject({ charge: eur('0'), heldCapped: false, ledgerTransactionId: null });
    expect(await held(account.id)).toEqual(eur('0.60'));
    expect(await callsOf(`account-out:${account.id}`)).toBe(1);
  });

  it('gives the place back with the settlement', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserve(account.id);
    expect(await callsOf(`account-in:${account.id}`)).toBe(1);
    await writeCdr(test.database, anEndedLeg(account.id, 10_000, { cdrId: callId }));
    await rateCdr(test.database, { cdrId: callId, nowMs: START_MS });
    expect(await callsOf(`account-in:${account.id}`)).toBe(0);
  });

  it('rates a leg to a number by that number’s own deck', async () => {
    const deck = await aDeck(test.database, [aRateLine({ prefix: '4420', price: '0.02' })]);
    const owner = await anAccount(test.database, { credit: '5' });
    const grant = await reserve(owner.id, { number: e164('+442079460000'), deckId: deck.id });
    expect(grant.held).toEqual(eur('0.02'));
  });

  it('gives a call of an account that was suspended in mid-call nothing more, and goes on when it is active again', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const { callId } = await reserve(account.id);
    await inState(account.id, 'suspended');
    expect(await extend(callId, 300)).toMatchObject({
      paidSeconds: 60,
      reachedLimit: true,
      limitedBy: 'account',
    });
    await inState(account.id, 'active');
    expect(await extend(callId, 300)).toMatchObject({ paidSeconds: 300, limitedBy: null });
  });

  it('cuts only what goes out when an account is limited in mid-call', async () => {
    const account = await anAccount(test.database, { credit: '5' });
    const inward = await reserve(account.id);
    const outward = await reserve(account.id, { direction: 'outbound' });
    await inState(account.id, 'limited');
    expect(await extend(inward.callId, 120)).toMatchObject({ paidSeconds: 120, limitedBy: null });
    expect(await extend(outward.callId, 120)).toMatchObject({ paidSeconds: 60, limitedBy: 'account' });
  });

  it('says that the credit is what limits, and no longer after a top-up', async () => {
    const account = await anAccount(test.database, { credit: '1.20' });
    const { callId } = await reserve(account.id);
    expect(await extend(callId, 300)).toMatchObject({ paidSeconds: 120, limitedBy: 'credit' });
    await test.database.write((sql) =>
      postEntries(
        sql,
        topUp({ accountId: account.id, amount: eur('5'), reference: newId(START_MS) }),
        START_MS,
      ),
    );
    expect(await extend(callId, 300)).toMatchObject({ paidSeconds: 300, limitedBy: null });
  });

  it('lets 200 legs at once have no more places, credit and money of the day than there are', async () => {
    const account = await anAccount(test.database, { credit: '12.34' });
    const roomId = newId(START_MS);
    const legs = Array.from({ length: 200 }, (_, n) => ({
      direction: n % 2 ? ('outbound' as const) : ('inbound' as const),
      roomId: n % 4 === 0 ? roomId : null,
    }));
    await limit({ kind: 'account-out', id: account.id, most: 9 });
    await limit({ kind: 'room', id: roomId, most: 3 });
    await test.database.write((sql) =>
      setCaps(sql, account.id, { homeCountries: ['BE'], maxDayCostMicros: 3_100_000n }),
    );
    const outcomes = await Promise.allSettled(legs.map((leg) => reserve(account.id, leg)));
    const admitted = legs.filter((_, n) => outcomes[n]?.status === 'fulfilled');
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [],
    );
    expect(new Set(refusals)).toEqual(new Set(['limit-reached', 'cap-reached', 'insufficient-credit']));
    expect(admitted).toHaveLength(20);
    const outward = admitted.filter(({ direction }) => direction === 'outbound').length;
    expect(outward).toBeLessThanOrEqual(5);
    expect(admitted.filter((leg) => leg.roomId !== null).length).toBeLessThanOrEqual(3);
    expect(await callsOf(`account-out:${account.id}`)).toBe(outward);
    expect(await readDaySpent(test.database.read, account.id, 20260115)).toBe(600_000n * BigInt(outward));
    expect((await readBalance(test.database.read, account.id)).available).toEqual(eur('0.34'));
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });
});
