import { Readable } from 'node:stream';
import { anAccount, eur, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { FakeClock } from '../../../test/support/fake-clock';
import { findCdr } from '../../cdr/cdrs-store';
import type { ImportedCall } from '../../cdr/mediation/imported-call';
import { silentLog } from '../../kernel/log';
import { currency, showMoney } from '../../kernel/money';
import { e164 } from '../../kernel/phone-number';
import { integer } from '../../kernel/unit-of-work';
import { readBalance } from '../ledger/ledger-accounts';
import { adjustment } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { verifyLedger } from '../ledger/verify-ledger';
import { commitLines } from './commit-rerating';
import { importCdrs } from './import-cdrs';
import { importRateDeck } from './import-rate-deck';
import { Reratings } from './reratings';
import { deltaByAccount, listLines, readRerating, type RerateWish } from './reratings-store';

const DAY_MS = 86_400_000;

const wishFor = (rest: Partial<RerateWish>): RerateWish => ({
  fromMs: START_MS - DAY_MS,
  untilMs: START_MS + DAY_MS,
  accountId: null,
  prefix: null,
  deckId: null,
  byDeckId: null,
  ...rest,
});

describe.each(DIALECTS)('re-rating on %s', (dialect) => {
  let test: TestDatabase;
  let reratings: Reratings;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    reratings = new Reratings({
      database: test.database,
      clock: new FakeClock(START_MS + DAY_MS),
      log: silentLog,
    });
  });
  afterAll(() => test.drop());

  const HEADER =
    'prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from';
  let decks = 0;
  const deckAt = async (prices: readonly string[], deckName = `deck ${++decks}`) => {
    const { deckId } = await importRateDeck(test.database, {
      deckName,
      currency: currency('EUR'),
      csv: Readable.from([
        Buffer.from([HEADER, ...prices.map((price) => `${price},0,60,60,0,2026-01-01`)].join('\n')),
      ]),
      sourceName: 'test.csv',
      nowMs: START_MS,
    });
    return { id: deckId as string, name: deckName };
  };
  let legs = 0;
  const calls = (accountId: string, count: number, number = '+3225550123'): readonly ImportedCall[] =>
    Array.from({ length: count }, (_, n) => ({
      source: 'rerate',
      uniqueId: `leg ${++legs}`,
      payerAccountId: accountId,
      direction: 'outbound',
      fromNumber: null,
      dialledNumber: number,
      number: e164(number),
      startedAtMs: START_MS + n,
      answeredAtMs: START_MS + n,
      endedAtMs: START_MS + n + 60_000,
      costDeckId: null,
    }));
  const look = async (rest: Partial<RerateWish>) => {
    const { id } = await reratings.begin(wishFor(rest), 'the carrier was late with its prices');
    await reratings.idle();
    return readRerating(test.database.read, id, START_MS + DAY_MS);
  };
  const post = async (id: string) => {
    await reratings.commit(id);
    await reratings.idle();
    return readRerating(test.database.read, id, START_MS + DAY_MS);
  };
  const balanceOf = async (accountId: string) =>
    showMoney((await readBalance(test.database.read, accountId)).balance);
  const corrections = async () =>
    integer(
      (
        await test.database.read.all(
          "SELECT COUNT(*) AS n FROM ledger_transactions WHERE kind = 'call-correction'",
        )
      )[0]?.n,
    );

  it('shows the delta of each account first, posts it once, and keeps how the call was priced before', async () => {
    const deck = await deckAt(['32,Belgium,0.60', '33,France,0.60']);
    const one = await anAccount(test.database, { credit: '1000', deckId: deck.id });
    const other = await anAccount(test.database, { credit: '1000', deckId: deck.id });
    const outcomes = await importCdrs(
      test.database,
      [...calls(one.id, 700), ...calls(other.id, 5), ...calls(other.id, 5, '+33155501234')],
      START_MS,
    );
    await deckAt(['32,Belgium,0.50'], deck.name);
    const before = await balanceOf(one.id);
    const looked = await look({ deckId: deck.id });
    expect(looked).toMatchObject({
      state: 'checked',
      lookedAt: 710,
      changed: 705,
      withoutPrice: 0,
      settled: 0,
    });
    expect(await balanceOf(one.id)).toBe(before);
    const delta = await deltaByAccount(test.database.read, looked.id, { after: null, limit: 10 });
    expect(delta).toEqual(
      [
        { accountId: one.id, calls: 700, before: eur('420'), after: eur('350') },
        { accountId: other.id, calls: 5, before: eur('3'), after: eur('2.50') },
      ].toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1)),
    );
    expect(await post(looked.id)).toMatchObject({ state: 'committed', settled: 705 });
    expect([await balanceOf(one.id), await balanceOf(other.id)]).toEqual(['650.00 EUR', '994.50 EUR']);
    const cdr = await findCdr(test.database.read, (outcomes[0] as { cdrId: string }).cdrId);
    expect(cdr?.rating?.charge).toEqual(eur('0.50'));
    expect(cdr?.rating?.working).toMatchObject({
      pricePerMinuteMicros: 500_000,
      rerated: { reratingId: looked.id, beforeMicros: '600000' },
    });
    const [kept] = await test.database.read.all(
      'SELECT before_working FROM cdr_corrections WHERE cdr_id = ?',
      [cdr?.cdrId ?? ''],
    );
    expect(JSON.parse(String(kept?.before_working))).toMatchObject({ pricePerMinuteMicros: 600_000 });
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('done twice changes nothing: a second commit is refused, a second look finds nothing', async () => {
    const deck = await deckAt(['32,Belgium,0.60']);
    const { id: accountId } = await anAccount(test.database, { credit: '100', deckId: deck.id });
    await importCdrs(test.database, calls(accountId, 20), START_MS);
    await deckAt(['32,Belgium,0.70'], deck.name);
    const [first, second] = [await look({ accountId }), await look({ accountId })];
    await post(first.id);
    const balance = await balanceOf(accountId);
    expect(balance).toBe('86.00 EUR');
    await expect(reratings.commit(first.id)).rejects.toThrow('committed');
    await commitLines(test.database, { reratingId: first.id, nowMs: START_MS }, async () => undefined);
    // Looked at before the first was posted: what it found is not so any more.
    await post(second.id);
    const lines = await listLines(test.database.read, second.id, { after: null, limit: 100 });
    expect(new Set(lines.map(({ state }) => state))).toEqual(new Set(['moved']));
    expect((await look({ accountId })).changed).toBe(0);
    expect(await balanceOf(accountId)).toBe(balance);
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('posts each once when two commit at once', async () => {
    const deck = await deckAt(['32,Belgium,0.60']);
    const { id: accountId } = await anAccount(test.database, { credit: '300', deckId: deck.id });
    await importCdrs(test.database, calls(accountId, 250), START_MS);
    await deckAt(['32,Belgium,0.50'], deck.name);
    const { id } = await look({ accountId });
    const before = await corrections();
    const commit = () =>
      commitLines(test.database, { reratingId: id, nowMs: START_MS }, async () => undefined);
    await Promise.all([commit(), commit(), commit()]);
    expect((await corrections()) - before).toBe(250);
    expect(await balanceOf(accountId)).toBe('175.00 EUR');
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('leaves what an account cannot pay, and never makes a call dearer that was charged less than its price', async () => {
    const deck = await deckAt(['32,Belgium,0.60']);
    const { id: accountId } = await anAccount(test.database, { credit: '2', deckId: deck.id });
    await importCdrs(test.database, calls(accountId, 4), START_MS);
    await test.database.write((sql) =>
      postEntries(
        sql,
        adjustment({ accountId, amount: eur('0.30'), reason: 'goodwill', reference: `a ${dialect}` }),
        START_MS,
      ),
    );
    await deckAt(['32,Belgium,0.80'], deck.name);
    const looked = await look({ accountId });
    expect(looked.changed).toBe(3);
    await post(looked.id);
    const lines = await listLines(test.database.read, looked.id, { after: null, limit: 10 });
    expect(lines.map(({ state }) => state).toSorted()).toEqual(['no-credit', 'no-credit', 'posted']);
    expect(await balanceOf(accountId)).toBe('0.10 EUR');
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });

  it('takes calls by time, account, prefix and deck, and prices by another deck when it is told to', async () => {
    const deck = await deckAt(['32,Belgium,0.60', '33,France,0.60']);
    const other = await deckAt(['3,Europe,0.10']);
    const { id: accountId } = await anAccount(test.database, { credit: '100', deckId: deck.id });
    await importCdrs(
      test.database,
      [...calls(accountId, 3), ...calls(accountId, 2, '+33155501234')],
      START_MS,
    );
    expect((await look({ deckId: deck.id, byDeckId: other.id })).changed).toBe(5);
    expect((await look({ accountId, prefix: '33', byDeckId: other.id })).changed).toBe(2);
    expect((await look({ accountId, byDeckId: other.id, untilMs: START_MS + 1 })).changed).toBe(2);
    expect((await look({ accountId, deckId: other.id })).lookedAt).toBe(0);
    await expect(reratings.begin(wishFor({}), ' ')).rejects.toThrow('auditor');
    await expect(reratings.begin(wishFor({ untilMs: START_MS - 2 * DAY_MS }), 'x')).rejects.toThrow(
      '400 days',
    );
    await expect(reratings.begin(wishFor({ byDeckId: 'nowhere' }), 'x')).rejects.toThrow('rate deck');
  });
});
