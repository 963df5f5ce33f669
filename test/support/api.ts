import { liveRoutes } from '../../src/calling/live-routes';
import { LiveCalls } from '../../src/calling/live-calls';
import { accountRoutes } from '../../src/billing/accounts-routes';
import { deckRoutes } from '../../src/billing/rating/decks-routes';
import { cdrRoutes } from '../../src/cdr/cdrs-routes';
import { createApiKey } from '../../src/http/api-keys';
import type { Route } from '../../src/http/route';
import { httpApp } from '../../src/http/server';
import { serviceRoutes } from '../../src/http/service-routes';
import { silentLog } from '../../src/kernel/log';
import type { Database } from '../../src/kernel/unit-of-work';
import { caseRoutes } from '../../src/cdr/cases-routes';
import { alertRoutes } from '../../src/alerts/alerts-routes';
import { makeMetrics } from '../../src/observability/metrics';
import { roomRoutes } from '../../src/rooms/rooms-routes';
import { FakeClock } from './fake-clock';

/** The API over a database, with a clock that stands; `keyFor` makes a key of a role. */
export function testApi(database: Database) {
  const clock = new FakeClock();
  const liveCalls = new LiveCalls();
  const metrics = makeMetrics({
    liveCalls: () => liveCalls.count,
    cdrBacklog: () => 0,
    journalReady: () => true,
    mediaReady: () => true,
  });
  const health = { sip: true };
  const routes: readonly Route[] = [
    ...serviceRoutes({ health: async () => [{ part: 'sip', ready: health.sip }], metrics, version: '1.2.3' }),
    ...cdrRoutes(database),
    ...alertRoutes(database.read),
    ...caseRoutes(database),
    ...liveRoutes({ liveCalls, sql: database.read, clock }),
    ...roomRoutes(database),
    ...accountRoutes(database),
    ...deckRoutes(database),
  ];
  const app = httpApp({
    database,
    clock,
    log: silentLog,
    routes,
    version: '1.2.3',
    onAnswer: () => undefined,
  });
  const keyFor = async (role: string, scopes: string[] = [], expiresAtMs: number | null = null) =>
    (await createApiKey(database, { label: role, role, scopes, expiresAtMs, nowMs: clock.nowMs() })).secret;
  return { app, routes, clock, liveCalls, health, keyFor };
}
