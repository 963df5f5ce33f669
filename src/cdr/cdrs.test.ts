import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { Conflict, InvalidInput } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import { currency, money } from '../kernel/money';
import { e164 } from '../kernel/phone-number';
import { integer } from '../kernel/unit-of-work';
import type { ClosedLeg } from './cdr';
import { findCdrBySipCallId, storeRatings } from './cdrs-store';
import { type CdrFilter, type CdrPosition, allCdrs, readCdr, searchCdrs } from './search-cdrs';
import { writeCdr } from './write-cdr';

const START_MS = Date.UTC(2026, 0, 15, 12);

let nextSequence = 1;

function aLeg(rest: Partial<ClosedLeg> = {}): ClosedLeg {
  const startedAtMs = rest.startedAtMs ?? START_MS;
  return {
    cdrId: newId(startedAtMs),
    nodeId: 'node-1',
    nodeSequence: nextSequence++,
    sipCallId: 'abc@192.0.2.1',
    callId: 'call-1',
    direction: 'inbound',
    attempt: 1,
    fromNumber: '+4930555001',
    isWithheld: false,
    callerIdentity: null,
    dialledNumber: '025550123',
    routedNumber: e164('+3225550123'),
    trunkId: 'trunk-1',
    costDeckId: null,
    accountId: 'account-2',
    deviceId: null,
    roomId: 'room-1',
    roomSessionId: null,
    roomRole: 'speaker',
    payerAccountId: 'account-1',
    startedAtMs,
    ringingAtMs: null,
    answeredAtMs: startedAtMs + 1_000,
    waitedMs: 0,
    chargedFromMs: startedAtMs + 5_000,
    endedAtMs: startedAtMs + 65_000,
    result: 'completed',
    endedBy: 'caller',
    sipStatus: 200,
    hangupCause: null,
    quality: { packetsReceived: 3_000, packetsLost: 3, jitterMs: 1.5, mos: 4.3 },
    ...rest,
  };
}

describe.each(DIALECTS)('CDRs on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(() =>
    test.database.write(async (sql) => {
      await sql.run('DELETE FROM cdrs');
      await sql.run('DELETE FROM jobs');
    }),
  );

  const count = async (table: string) =>
    integer((await test.database.read.all(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n);
  const search = (filter: CdrFilter, after: CdrPosition | null = null, limit = 200) =>
    searchCdrs(test.database, { filter, after, limit, numbers: 'full', costs: 'shown' });
  const found = async (filter: CdrFilter) => (await search(filter)).cdrs.map((cdr) => cdr.cdrId);

  it('stores every fact of a leg, and the job that prices it', async () => {
    const leg = aLeg();
    expect(await writeCdr(test.database, leg)).toBe(true);
    expect(await readCdr(test.database, leg.cdrId, { numbers: 'full', costs: 'shown' })).toEqual({
      ...leg,
      rating: null,
    });
    const [job] = await test.database.read.all('SELECT kind, unique_key, payload, state FROM jobs');
    expect(job).toMatchObject({ kind: 'rate-cdr', unique_key: leg.cdrId, state: 'waiting' });
  });

  it('stores a leg that knew next to nothing', async () => {
    const leg = aLeg({
      fromNumber: null,
      routedNumber: null,
      trunkId: null,
      roomId: null,
      roomSessionId: null,
      roomRole: null,
      payerAccountId: null,
      ringingAtMs: null,
      answeredAtMs: null,
      waitedMs: 0,
      chargedFromMs: null,
      quality: null,
      result: 'unknown-caller',
    });
    await writeCdr(test.database, leg);
    expect(await readCdr(test.database, leg.cdrId, { numbers: 'full', costs: 'shown' })).toEqual({
      ...leg,
      rating: null,
    });
  });

  it('does nothing the second time, also when both come at once', async () => {
    const leg = aLeg();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => writeCdr(test.database, leg)));
    expect(outcomes.filter((written) => written)).toHaveLength(1);
    expect([await count('cdrs'), await count('jobs')]).toEqual([1, 1]);
  });

  it('refuses a second leg in one place of a node, and stores no job for it', async () => {
    const leg = aLeg();
    await writeCdr(test.database, leg);
    const usurper = aLeg({ nodeSequence: leg.nodeSequence });
    await expect(writeCdr(test.database, usurper)).rejects.toBeInstanceOf(Conflict);
    expect(await count('jobs')).toBe(1);
  });

  it('keeps a record whose text no column was made for', async () => {
    const leg = aLeg({
      dialledNumber: `0\u0000\n\uD800'?;--${'9'.repeat(10_000)}`,
      fromNumber: '☎'.repeat(500),
      sipCallId: 'x'.repeat(5_000),
    });
    await writeCdr(test.database, leg);
    const stored = await readCdr(test.database, leg.cdrId, { numbers: 'full', costs: 'shown' });
    expect(stored?.dialledNumber.slice(0, 10)).toBe("0\uFFFD\uFFFD\uFFFD'?;--9");
    expect(stored?.dialledNumber).toHaveLength(128);
  });

  it('finds by time, account, room and result, and by all of them together', async () => {
    const wanted = aLeg({ startedAtMs: START_MS + 1_000 });
    const others = [
      aLeg({ startedAtMs: START_MS + 1_000, payerAccountId: 'account-2' }),
      aLeg({ startedAtMs: START_MS + 1_000, roomId: 'room-2' }),
      aLeg({ startedAtMs: START_MS + 1_000, result: 'wrong-pin' }),
      aLeg({ startedAtMs: START_MS }),
      aLeg({ startedAtMs: START_MS + 2_000 }),
    ];
    for (const leg of [wanted, ...others]) await writeCdr(test.database, leg);
    const filter: CdrFilter = {
      fromMs: START_MS + 1_000,
      toMs: START_MS + 2_000,
      payerAccountId: 'account-1',
      roomId: 'room-1',
      result: 'completed',
    };
    expect(await found(filter)).toEqual([wanted.cdrId]);
    expect(await found({ roomId: 'room-2' })).toEqual([others[1]?.cdrId]);
    const dialled = aLeg({ direction: 'outbound', roomSessionId: 'session-1' });
    await writeCdr(test.database, dialled);
    expect(await found({ roomSessionId: 'session-1' })).toEqual([dialled.cdrId]);
    expect(await found({ direction: 'outbound' })).toEqual([dialled.cdrId]);
    expect(await found({})).toHaveLength(7);
  });

  it('finds a number whole or by its beginning, in one field or any, each leg once', async () => {
    const from = aLeg({ startedAtMs: START_MS + 3_000, fromNumber: '+3247000001' });
    const both = aLeg({
      startedAtMs: START_MS + 2_000,
      fromNumber: '+3247000001',
      routedNumber: e164('+3247000001'),
    });
    const dialled = aLeg({ startedAtMs: START_MS + 1_000, dialledNumber: '+3247000002' });
    for (const leg of [from, both, dialled, aLeg()]) await writeCdr(test.database, leg);
    const number = '+3247000001';
    expect(await found({ number: { field: 'any', match: 'exact', number } })).toEqual([
      from.cdrId,
      both.cdrId,
    ]);
    expect(await found({ number: { field: 'routed', match: 'exact', number } })).toEqual([both.cdrId]);
    expect(await found({ number: { field: 'any', match: 'prefix', number: '+3247' } })).toEqual([
      from.cdrId,
      both.cdrId,
      dialled.cdrId,
    ]);
    expect(await found({ number: { field: 'any', match: 'prefix', number: '%32' } })).toEqual([]);
  });

  it('walks all pages newest first, without gap or repetition, also when many began at once', async () => {
    const legs = Array.from({ length: 23 }, (_, n) => aLeg({ startedAtMs: START_MS + Math.floor(n / 5) }));
    for (const leg of legs) await writeCdr(test.database, leg);
    const walked: string[] = [];
    for (let after: CdrPosition | null = null; ; ) {
      const page = await search({}, after, 4);
      walked.push(...page.cdrs.map((cdr) => cdr.cdrId));
      after = page.next;
      if (after === null) break;
    }
    const newestFirst = legs
      .toSorted((a, b) => b.startedAtMs - a.startedAtMs || (a.cdrId < b.cdrId ? 1 : -1))
      .map((leg) => leg.cdrId);
    expect(walked).toEqual(newestFirst);
    const streamed: string[] = [];
    for await (const cdr of allCdrs(test.database, { filter: {}, numbers: 'full', costs: 'shown' }))
      streamed.push(cdr.cdrId);
    expect(streamed).toEqual(newestFirst);
  });

  it('gives every leg that was there once, and none twice, while legs arrive between the pages', async () => {
    const there = Array.from({ length: 40 }, (_, n) => aLeg({ startedAtMs: START_MS + (n >> 1) * 10 }));
    for (const leg of there) await writeCdr(test.database, leg);
    const walked: string[] = [];
    for (let after: CdrPosition | null = null, page = 0; ; page++) {
      const found: Awaited<ReturnType<typeof search>> = await search({}, after, 7);
      walked.push(...found.cdrs.map((cdr) => cdr.cdrId));
      // Newer ones, older ones that a backlog brought late, and some of the very moment at which the page ended.
      for (const startedAtMs of [
        START_MS + 1_000 + page,
        START_MS - 1_000 - page,
        found.next?.startedAtMs ?? START_MS,
      ])
        await writeCdr(test.database, aLeg({ startedAtMs }));
      after = found.next;
      if (after === null) break;
    }
    expect(new Set(walked).size).toBe(walked.length);
    const first = new Set(walked);
    expect(there.filter((leg) => !first.has(leg.cdrId))).toEqual([]);
  });

  it('finds by trunk, role and cause', async () => {
    const wanted = aLeg({ trunkId: 'trunk-9', roomRole: 'coach', hangupCause: 'MEDIA_TIMEOUT' });
    for (const leg of [wanted, aLeg(), aLeg({ hangupCause: 'NORMAL_CLEARING' })])
      await writeCdr(test.database, leg);
    for (const filter of [
      { trunkId: 'trunk-9' },
      { roomRole: 'coach' },
      { hangupCause: 'MEDIA_TIMEOUT' },
    ] as const)
      expect(await found(filter)).toEqual([wanted.cdrId]);
  });

  it('finds the leg of a SIP call', async () => {
    const leg = aLeg({ sipCallId: 'one@192.0.2.7' });
    for (const one of [aLeg(), leg]) await writeCdr(test.database, one);
    expect((await findCdrBySipCallId(test.database.read, 'one@192.0.2.7'))?.cdrId).toBe(leg.cdrId);
    expect(await findCdrBySipCallId(test.database.read, 'none@192.0.2.7')).toBeNull();
  });

  it('masks numbers for readers who may not see them', async () => {
    const leg = aLeg();
    await writeCdr(test.database, leg);
    const rating = {
      charge: money(0n, currency('EUR')),
      working: { prefix: '322555012', talkSeconds: 60 },
      heldCapped: false,
      ledgerTransactionId: null,
      ratedAtMs: START_MS,
      cost: null,
    };
    await test.database.write((sql) => storeRatings(sql, new Map([[leg.cdrId, rating]]), START_MS));
    const [cdr] = (
      await searchCdrs(test.database, {
        filter: {},
        after: null,
        limit: 1,
        numbers: 'masked',
        costs: 'hidden',
      })
    ).cdrs;
    // The prefix that priced the leg is the beginning of its number.
    expect(cdr?.rating?.working).toEqual({ prefix: '3225•••12', talkSeconds: 60 });
    expect(cdr).toMatchObject({
      fromNumber: '+49305•••01',
      dialledNumber: '0255•••23',
      routedNumber: '+32255•••23',
    });
  });

  it('shows what the carrier takes to those alone who may see it', async () => {
    const leg = aLeg({ costDeckId: 'carrier-deck' });
    await writeCdr(test.database, leg);
    const EUR = currency('EUR');
    const cost = {
      amount: money(20_000n, EUR),
      margin: money(-20_000n, EUR),
      working: { prefix: '322555012', talkSeconds: 60 },
    };
    await test.database.write((sql) =>
      storeRatings(
        sql,
        new Map([
          [
            leg.cdrId,
            {
              charge: money(0n, EUR),
              working: { reason: 'nobody pays this leg' },
              heldCapped: false,
              ledgerTransactionId: null,
              ratedAtMs: START_MS,
              cost,
            },
          ],
        ]),
        START_MS,
      ),
    );
    const read = (numbers: 'full' | 'masked', costs: 'shown' | 'hidden') =>
      readCdr(test.database, leg.cdrId, { numbers, costs });
    expect(await read('full', 'shown')).toMatchObject({ costDeckId: 'carrier-deck', rating: { cost } });
    expect(await read('full', 'hidden')).toMatchObject({ costDeckId: null, rating: { cost: null } });
    expect((await read('masked', 'shown'))?.rating?.cost?.working.prefix).toBe('3225•••12');
  });

  it('finds the legs of one call, and the legs that were an account’s', async () => {
    const call = newId(START_MS);
    const legs = [aLeg({ callId: call }), aLeg({ callId: call, accountId: 'account-3' })];
    for (const leg of [...legs, aLeg()]) await writeCdr(test.database, leg);
    expect((await found({ callId: call })).toSorted()).toEqual(legs.map(({ cdrId }) => cdrId).toSorted());
    expect(await found({ accountId: 'account-3' })).toEqual([legs[1]?.cdrId]);
  });

  it.each([
    ['masked', null],
    ['full', null],
    ['withheld', '+4930555001'],
  ] as const)('shows a reader of %s numbers %s where the caller withheld his', async (numbers, shown) => {
    const leg = aLeg({ isWithheld: true });
    await writeCdr(test.database, leg);
    expect((await readCdr(test.database, leg.cdrId, { numbers, costs: 'hidden' }))?.fromNumber).toBe(shown);
    for (const field of ['any', 'from'] as const)
      for (const match of ['exact', 'prefix'] as const) {
        const number = { field, match, number: leg.fromNumber ?? '' };
        const wish = { filter: { number }, after: null, limit: 200, numbers, costs: 'hidden' } as const;
        const hits = (await searchCdrs(test.database, wish)).cdrs.map(({ cdrId }) => cdrId);
        expect(hits.includes(leg.cdrId)).toBe(shown !== null);
      }
  });

  it.each([0, 201, 1.5])('refuses a page of %s', async (limit) => {
    await expect(search({}, null, limit)).rejects.toBeInstanceOf(InvalidInput);
  });

  it('refuses a beginning of less than three characters', async () => {
    const number = { field: 'any', match: 'prefix', number: '+3' } as const;
    await expect(search({ number })).rejects.toBeInstanceOf(InvalidInput);
  });
});
