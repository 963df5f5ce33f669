import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { claimPlaces } from '../leases/claim-places';
import { LimitReached } from '../leases/lease';
import { releaseLeases } from '../leases/renew-leases';
import { openDatabase } from '../store/database';
import type { Database } from '../kernel/unit-of-work';
import { NO_LIMITS, type TrunkLimits } from './trunk';
import { trunkClaims, type TrunkDirection, trunkScopes } from './trunk-slot';

const NOW_MS = Date.UTC(2026, 0, 15, 12);
const NODES = 4;

describe.each(DIALECTS)('the places of a trunk on %s', (dialect) => {
  let test: TestDatabase;
  let nodes: Database[];
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    nodes =
      dialect === 'sqlite'
        ? Array.from({ length: NODES }, () => test.database)
        : await Promise.all(Array.from({ length: NODES }, () => openDatabase(test.url)));
  });
  afterAll(async () => {
    if (dialect === 'mariadb') await Promise.all(nodes.map((node) => node.close()));
    await test.drop();
  });
  beforeEach(() => test.database.write((sql) => sql.run('DELETE FROM leases')));

  const take = (
    limits: Partial<TrunkLimits>,
    holderId: string,
    of: { direction?: TrunkDirection; isEmergency?: boolean; nowMs?: number; node?: number } = {},
  ) => {
    const nowMs = of.nowMs ?? NOW_MS;
    const claims = trunkClaims({
      trunk: { id: 'carrier', limits: { ...NO_LIMITS, ...limits } },
      direction: of.direction ?? 'out',
      isEmergency: of.isEmergency ?? false,
      holderId,
      nodeId: `node-${of.node ?? 0}`,
      nowMs,
    });
    return claimPlaces(nodes[of.node ?? 0] as Database, { claims, nowMs });
  };

  it('are as many in each direction as it has channels, and both together no more than all', async () => {
    const limits = { channels: 3, channelsIn: 2, channelsOut: 2 };
    await take(limits, 'in-1', { direction: 'in' });
    await take(limits, 'in-2', { direction: 'in' });
    await expect(take(limits, 'in-3', { direction: 'in' })).rejects.toMatchObject({
      scope: 'trunk-in:carrier',
    });
    await take(limits, 'out-1');
    await expect(take(limits, 'out-2')).rejects.toMatchObject({ scope: 'trunk:carrier' });
    await test.database.write((sql) => releaseLeases(sql, 'in-1', trunkScopes('carrier', 'in')));
    await take(limits, 'out-2');
  });

  it('hold back no emergency, which is counted all the same', async () => {
    const limits = { channelsOut: 1, callsPerSecond: 1 };
    await take(limits, 'out-1');
    await take(limits, 'emergency', { isEmergency: true });
    await test.database.write((sql) => releaseLeases(sql, 'out-1'));
    const later = { nowMs: NOW_MS + 1_000 };
    await expect(take(limits, 'out-2', later)).rejects.toMatchObject({ scope: 'trunk-out:carrier' });
  });

  it('begin no more calls in any second than it may, from four nodes at once', async () => {
    const bursts: Promise<void>[] = [];
    for (let n = 0; n < 60; n++)
      bursts.push(take({ callsPerSecond: 5 }, `leg-${n}`, { node: n % NODES, nowMs: NOW_MS + n }));
    const outcomes = await Promise.allSettled(bursts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    const refusals = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(refusals.every((refusal) => refusal instanceof LimitReached)).toBe(true);
    await take({ callsPerSecond: 5 }, 'next', { nowMs: NOW_MS + 1_060 });
  });

  it('use up no start of the second when there is no channel', async () => {
    const limits = { channelsOut: 1, callsPerSecond: 2 };
    await take(limits, 'out-1');
    await expect(take(limits, 'out-2')).rejects.toMatchObject({ scope: 'trunk-out:carrier' });
    await test.database.write((sql) => releaseLeases(sql, 'out-1'));
    await take(limits, 'out-3');
  });

  it('are none where it has no limit', async () => {
    for (let n = 0; n < 5; n++) await take({}, `leg-${n}`);
    expect(await test.database.read.all('SELECT holder_id FROM leases')).toEqual([]);
  });
});
