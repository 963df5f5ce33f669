import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import { newId } from '../kernel/ids';
import { silentLog } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { openDatabase } from '../store/database';
import { claimPlaces, returnPlaces, startClaim } from './claim-places';
import { CALL_LEASE_MS, LimitReached } from './lease';
import { LeaseKeeper } from './lease-keeper';
import { forgetEndedLeases, releaseLeases, renewLeases } from './renew-leases';
import { countLeases, takeLeases } from './take-leases';

const START_MS = Date.UTC(2026, 0, 15, 12);
const LEASE_MS = 60_000;
/** Application nodes that burst at once. */
const NODES = 4;

describe.each(DIALECTS)('leases on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(() => test.database.write((sql) => sql.run('DELETE FROM leases')));

  type Wish = readonly [scope: string, limit: number];
  const take = (
    holderId: string,
    wishes: readonly Wish[],
    { nowMs = START_MS, nodeId = 'node-1', database = test.database } = {},
  ) =>
    database.write((sql) =>
      takeLeases(sql, {
        holderId,
        nodeId,
        wishes: wishes.map(([scope, limit]) => ({ scope, limit })),
        nowMs,
        leaseMs: LEASE_MS,
      }),
    );
  const release = (holderId: string, scopes?: readonly string[]) =>
    test.database.write((sql) => releaseLeases(sql, holderId, scopes));
  const inUse = (scope: string, nowMs = START_MS) => countLeases(test.database.read, scope, nowMs);

  it('let as many in as there are places, and the next when one leaves', async () => {
    await take('call-1', [['account:a', 2]]);
    await take('call-2', [['account:a', 2]]);
    await expect(take('call-3', [['account:a', 2]])).rejects.toMatchObject({
      code: 'limit-reached',
      scope: 'account:a',
      limit: 2,
    });
    await release('call-1');
    await take('call-3', [['account:a', 2]]);
    expect(await inUse('account:a')).toBe(2);
  });

  it('are taken all or none', async () => {
    await take('call-1', [['room:r', 1]]);
    const wishes: Wish[] = [
      ['account:b', 5],
      ['room:r', 1],
      ['trunk-out:t', 5],
    ];
    await expect(take('call-2', wishes)).rejects.toMatchObject({ scope: 'room:r' });
    expect([await inUse('account:b'), await inUse('room:r'), await inUse('trunk-out:t')]).toEqual([0, 1, 0]);
    await release('call-1');
    await take('call-2', wishes);
    expect([await inUse('account:b'), await inUse('room:r'), await inUse('trunk-out:t')]).toEqual([1, 1, 1]);
  });

  it('leave nothing behind though whoever was refused goes on in the same unit of work', async () => {
    await take('call-1', [['room:r', 1]]);
    await test.database.write(async (sql) => {
      const wanted = {
        holderId: 'call-2',
        nodeId: 'node-1',
        wishes: [
          { scope: 'account:b', limit: 5 },
          { scope: 'room:r', limit: 1 },
        ],
        nowMs: START_MS,
        leaseMs: LEASE_MS,
      };
      await expect(takeLeases(sql, wanted)).rejects.toBeInstanceOf(LimitReached);
    });
    expect(await inUse('account:b')).toBe(0);
  });

  it('are not counted twice when one call asks twice, also when its places are the last', async () => {
    await take('call-1', [['account:c', 1]]);
    await take('call-1', [
      ['account:c', 1],
      ['room:r', 1],
    ]);
    expect([await inUse('account:c'), await inUse('room:r')]).toEqual([1, 1]);
  });

  it('let nobody in where the limit is zero', async () => {
    await expect(take('call-1', [['account:d', 0]])).rejects.toBeInstanceOf(LimitReached);
  });

  it('can be given back for one trunk alone, so that the next is tried', async () => {
    await take('call-1', [
      ['account:e', 1],
      ['trunk-out:1', 1],
    ]);
    expect(await release('call-1', ['trunk-out:1'])).toBe(1);
    expect(await release('call-1', [])).toBe(0);
    expect([await inUse('account:e'), await inUse('trunk-out:1')]).toEqual([1, 0]);
    expect([await release('call-1'), await release('call-1')]).toEqual([1, 0]);
  });

  it('end by themselves when nobody renews them', async () => {
    await take('call-1', [['account:f', 1]]);
    const lastMs = START_MS + LEASE_MS - 1;
    await expect(take('call-2', [['account:f', 1]], { nowMs: lastMs })).rejects.toBeInstanceOf(LimitReached);
    await take('call-2', [['account:f', 1]], { nowMs: lastMs + 1 });
    expect(await inUse('account:f', lastMs + 1)).toBe(1);
  });

  it('go on when they are renewed, and stay ended when that comes too late', async () => {
    await take('call-1', [['account:g', 1]]);
    const renew = (nowMs: number) =>
      renewLeases(test.database, {
        nodeId: 'node-1',
        holderIds: ['call-1', 'call-9'],
        nowMs,
        leaseMs: LEASE_MS,
      });
    expect(await renew(START_MS + LEASE_MS - 1)).toBe(1);
    await expect(
      take('call-2', [['account:g', 1]], { nowMs: START_MS + LEASE_MS + 1 }),
    ).rejects.toBeInstanceOf(LimitReached);
    const laterMs = START_MS + 3 * LEASE_MS;
    expect(await renew(laterMs)).toBe(0);
    await take('call-2', [['account:g', 1]], { nowMs: laterMs });
    // The first call still talks; when it asks again it is one too many.
    await expect(take('call-1', [['account:g', 1]], { nowMs: laterMs })).rejects.toBeInstanceOf(LimitReached);
    await release('call-2');
    await take('call-1', [['account:g', 1]], { nowMs: laterMs });
  });

  it('are only renewed by the node that has the call', async () => {
    await take('call-1', [['account:h', 1]]);
    const renewal = { holderIds: ['call-1'], nowMs: START_MS, leaseMs: LEASE_MS };
    expect(await renewLeases(test.database, { nodeId: 'node-2', ...renewal })).toBe(0);
  });

  it('that have ended are cleared away, and no others', async () => {
    await take('call-1', [['account:i', 5]]);
    await take('call-2', [['account:i', 5]], { nowMs: START_MS + 10 });
    expect(await forgetEndedLeases(test.database, START_MS + LEASE_MS)).toBe(1);
    expect(await forgetEndedLeases(test.database, START_MS + LEASE_MS)).toBe(0);
    expect(await inUse('account:i')).toBe(1);
  });

  it('of a node that starts again are free at once; then its living calls keep theirs', async () => {
    const clock = new FakeClock(START_MS);
    await take('lost', [['account:j', 5]]);
    await take('elsewhere', [['account:j', 5]], { nodeId: 'node-2' });
    const keeper = new LeaseKeeper({
      database: test.database,
      nodeId: 'node-1',
      liveHolderIds: () => ['living'],
      clock,
      log: silentLog,
    });
    await keeper.start();
    expect(await inUse('account:j')).toBe(1);
    await take('living', [['account:j', 5]]);
    await clock.advance(CALL_LEASE_MS / 2);
    await keeper.stop();
    await forgetEndedLeases(test.database, START_MS + CALL_LEASE_MS + 1);
    expect(await inUse('account:j', START_MS + CALL_LEASE_MS + 1)).toBe(1);
  });

  describe('with four nodes bursting at once', () => {
    let nodes: Database[];
    beforeAll(async () => {
      // SQLite lives on one machine and in one process: its nodes share the one writer.
      nodes =
        dialect === 'sqlite'
          ? Array.from({ length: NODES }, () => test.database)
          : await Promise.all(Array.from({ length: NODES }, () => openDatabase(test.url)));
    });
    afterAll(async () => {
      if (dialect === 'mariadb') await Promise.all(nodes.map((node) => node.close()));
    });
    const burst = <T>(count: number, work: (database: Database, n: number, nodeId: string) => Promise<T>) =>
      Promise.allSettled(
        Array.from({ length: count }, (_, n) => work(nodes[n % NODES] as Database, n, `node-${n % NODES}`)),
      );
    it('never exceed a limit, and nobody waits for ever', async () => {
      const outcomes = await burst(200, (database, n, nodeId) =>
        take(
          `burst-${n}`,
          // Wished for in different orders: the order of locking is not the caller's.
          n % 2
            ? [
                ['trunk-out:x', 30],
                ['account:x', 20],
              ]
            : [
                ['account:x', 20],
                ['trunk-out:x', 30],
              ],
          { database, nodeId },
        ),
      );
      expect(outcomes.length - reasons(outcomes).length).toBe(20);
      for (const reason of reasons(outcomes)) expect(reason).toBeInstanceOf(LimitReached);
      expect([await inUse('account:x'), await inUse('trunk-out:x')]).toEqual([20, 20]);
    });

    it('stay within it while calls come, go and are renewed', async () => {
      let most = 0;
      const outcomes = await burst(120, async (database, n, nodeId) => {
        const holderId = `churn-${n}`;
        for (let round = 0; round < 3; round++) {
          try {
            await take(holderId, [['account:y', 7]], { database, nodeId });
          } catch (error) {
            if (error instanceof LimitReached) continue;
            throw error;
          }
          most = Math.max(most, await countLeases(database.read, 'account:y', START_MS));
          await renewLeases(database, { nodeId, holderIds: [holderId], nowMs: START_MS, leaseMs: LEASE_MS });
          await database.write((sql) => releaseLeases(sql, holderId));
        }
      });
      expect(reasons(outcomes)).toEqual([]);
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(7);
      expect(await inUse('account:y')).toBe(0);
    });

    it('give channels and starts together, never more than there are, and each refusal to its own caller', async () => {
      const outcomes = await burst(200, (database, n, nodeId) =>
        claimPlaces(database, {
          claims: [
            {
              holderId: `leg-${n}`,
              nodeId,
              scope: 'trunk-out:z',
              limit: 25,
              expiresAtMs: START_MS + LEASE_MS,
            },
            startClaim({ scope: 'rate:trunk-out:z', perSecond: 40, nowMs: START_MS }),
          ],
          nowMs: START_MS,
        }),
      );
      expect(outcomes.length - reasons(outcomes).length).toBe(25);
      for (const reason of reasons(outcomes))
        expect(reason).toMatchObject({ scope: 'trunk-out:z', limit: 25 });
      // Whoever got no channel used no start.
      expect([await inUse('trunk-out:z'), await inUse('rate:trunk-out:z')]).toEqual([25, 25]);
      await burst(200, (database, n) => returnPlaces(database, `leg-${n}`));
      expect(await inUse('trunk-out:z')).toBe(0);
    });

    it('start no more calls than allowed in any second', async () => {
      const scope = `rate:${newId(START_MS)}`;
      const startedAtMs: number[] = [];
      // 80 tries a second for three seconds, ten allowed.
      for (let tenth = 0; tenth < 30; tenth++) {
        const nowMs = START_MS + tenth * 100 + 37;
        await burst(8, async (database) => {
          await claimPlaces(database, { claims: [startClaim({ scope, perSecond: 10, nowMs })], nowMs });
          startedAtMs.push(nowMs);
        });
      }
      for (const fromMs of startedAtMs)
        expect(startedAtMs.filter((ms) => ms >= fromMs && ms < fromMs + 1_000).length).toBeLessThanOrEqual(
          10,
        );
      expect(startedAtMs.length).toBe(30);
    });
  });
});

function reasons(outcomes: readonly PromiseSettledResult<unknown>[]): readonly unknown[] {
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
}
