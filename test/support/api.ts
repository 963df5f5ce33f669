import { liveRoutes } from '../../src/calling/live-routes';
import { ownLiveRoutes } from '../../src/calling/own-live-routes';
import { LiveCalls } from '../../src/calling/live-calls';
import { LiveRooms } from '../../src/calling/room-session/live-rooms';
import { liveRoomRoutes } from '../../src/calling/room-session/room-routes';
import { cdrRoutes } from '../../src/cdr/cdrs-routes';
import { traceRoutes } from '../../src/traces/traces-routes';
import { trafficRoutes } from '../../src/cdr/traffic-routes';
import { createApiKey } from '../../src/http/api-keys';
import { isCustomer, isRole } from '../../src/http/roles';
import type { Route } from '../../src/http/route';
import { httpApp } from '../../src/http/server';
import { serviceRoutes } from '../../src/http/service-routes';
import { silentLog } from '../../src/kernel/log';
import type { Database } from '../../src/kernel/unit-of-work';
import { MediaUnavailable } from '../../src/media/media-servers';
import { caseRoutes } from '../../src/cdr/cases-routes';
import { alertRoutes } from '../../src/alerts/alerts-routes';
import { makeMetrics } from '../../src/observability/metrics';
import { trunkKey } from '../../src/trunks/trunk-secrets';
import { trunkHealthRoutes } from '../../src/calling/trunk-watch/trunk-health-routes';
import { TrunkWatch } from '../../src/calling/trunk-watch/trunk-watch';
import { presenceRoutes } from '../../src/phones/presence-routes';
import { voicemailRoutes } from '../../src/voicemail/voicemail-routes';
import { trunkRoutes } from '../../src/trunks/trunks-routes';
import { callerIdRoutes } from '../../src/caller-id/caller-id-routes';
import { numberRoutes } from '../../src/numbers/numbers-routes';
import { listRoutes } from '../../src/rooms/list/list-routes';
import type { RecordingPlace } from '../../src/rooms/recording/end-recordings';
import { recordingKeys } from '../../src/rooms/recording/recording-keys';
import { recordingsOfCdr } from '../../src/rooms/recording/recordings-store';
import { recordingRoutes } from '../../src/rooms/recording/recording-routes';
import { scheduleRoutes } from '../../src/rooms/schedule/schedule-routes';
import { roomRoutes } from '../../src/rooms/rooms-routes';
import { explainRoutes } from '../../src/calling/explain-routes';
import { phoneRoutes } from '../../src/phones/phones-routes';
import { readConfig } from '../../src/config/read-config';
import { knowledgeOffline } from '../../src/wiring-lines';
import { OWNERS } from '../../src/wiring-owners';
import { moneyRoutes } from '../../src/wiring-money';
import { identityParts, identityRoutes } from '../../src/wiring-people';
import { FakeClock } from './fake-clock';

/** A place for recordings that nothing is written to. */
const NOWHERE = { folder: '/nowhere', nodeId: 'test', keys: recordingKeys('ab'.repeat(32)) };

/** The API over a database, with a clock that stands; `keyFor` makes a key of a role. `settings` are those of the environment. */
export function testApi(
  database: Database,
  place: RecordingPlace = NOWHERE,
  settings: Readonly<Record<string, string>> = {},
  trustedProxies: readonly string[] = ['192.0.2.0/24'],
) {
  const config = readConfig({
    WEBHOOK_KEY: 'ab'.repeat(32),
    WEBHOOK_TARGETS: 'any',
    LINK_KEY: 'ab'.repeat(32),
    PUBLIC_URL: 'https://voip.example.org',
    VAR_DIR: '/nowhere',
    IDENTITY_KEY: 'ab'.repeat(32),
    ...settings,
  });
  const clock = new FakeClock();
  const liveCalls = new LiveCalls();
  const liveRooms = new LiveRooms({
    media: {
      onTalking: () => undefined,
      playToConference: async () => undefined,
      tapConference: () => Promise.reject(new MediaUnavailable('no media server here')),
    },
    recordings: {
      open: () => Promise.reject(new Error('no recordings here')),
      noteConsent: async () => undefined,
      noteLeft: async () => undefined,
    },
    clock,
    log: silentLog,
    promptsDir: '/prompts',
    dialOut: () => undefined,
    listNumber: async () => true,
  });
  const trunkWatch = new TrunkWatch({
    database,
    clock,
    log: silentLog,
    nodeId: 'api',
    trunkKey: trunkKey('ab'.repeat(32)),
    send: async () => ({ kind: 'no-answer' }),
    isConnected: () => true,
  });
  const metrics = makeMetrics({
    liveCalls: () => liveCalls.count,
    cdrBacklog: () => 0,
    journalReady: () => true,
    mediaReady: () => true,
    overload: () => ({ inHand: 0, overloaded: false }),
    trunks: () => trunkWatch.counts,
  });
  const health = { sip: true };
  const spokenCodes: { accountId: string; number: string; code: string }[] = [];
  const routes: readonly Route[] = [
    ...serviceRoutes({ health: async () => [{ part: 'sip', ready: health.sip }], metrics, version: '1.2.3' }),
    ...cdrRoutes(database, (cdrId) => recordingsOfCdr(database.read, cdrId)),
    ...liveRoutes({ liveCalls, liveRooms, clock }),
    ...ownLiveRoutes({ database, liveCalls, clock, log: silentLog }),
    ...explainRoutes({
      database,
      trunkKnowledge: knowledgeOffline(database, clock),
      settings: { routeBy: 'cost', leastMarginPercent: null },
    }),
    ...phoneRoutes(database, '123-voip'),
    ...liveRoomRoutes({ liveRooms, sql: database.read }),
    ...alertRoutes(database.read),
    ...caseRoutes(database),
    ...traceRoutes(database),
    ...trafficRoutes(database),
    ...roomRoutes(database),
    ...listRoutes(database),
    ...scheduleRoutes(database),
    ...recordingRoutes(database, place),
    ...moneyRoutes({ config, clock, log: silentLog }, database),
    ...numberRoutes(database),
    ...callerIdRoutes({ database, speakCode: async (spoken) => void spokenCodes.push(spoken) }),
    ...trunkRoutes({ database, key: trunkKey('ab'.repeat(32)), realm: '123-voip' }),
    ...presenceRoutes(database),
    ...voicemailRoutes(database, place),
    ...trunkHealthRoutes(database.read, trunkWatch),
    ...identityRoutes(config, database, {
      speakCode: async (spoken) => void spokenCodes.push(spoken),
      log: silentLog,
    }),
  ];
  const app = httpApp({
    database,
    clock,
    log: silentLog,
    routes,
    owners: OWNERS,
    version: '1.2.3',
    requestsPerMinute: 1_200,
    trustedProxies,
    consoleFolder: null,
    websocketUrls: [],
    onAnswer: () => undefined,
    ...identityParts(config, database),
  });
  const keyFor = async (role: string, scopes: string[] = [], expiresAtMs: number | null = null) => {
    const accountId = isRole(role) && isCustomer(role) ? 'an account without things' : null;
    const wanted = { label: role, role, accountId, scopes, expiresAtMs, nowMs: clock.nowMs() };
    return (await createApiKey(database, wanted)).secret;
  };
  /** A customer's key, which reaches what is his own. */
  const keyOf = async (accountId: string, scopes: string[] = []) => {
    const wanted = { label: 'own', role: 'user', accountId, scopes, expiresAtMs: null, nowMs: clock.nowMs() };
    return (await createApiKey(database, wanted)).secret;
  };
  return { app, routes, spokenCodes, clock, liveCalls, liveRooms, health, keyFor, keyOf };
}
