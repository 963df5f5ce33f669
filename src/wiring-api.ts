import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LiveRooms } from './calling/room-session/live-rooms';
import { alertRoutes } from './alerts/alerts-routes';
import { caseRoutes } from './cdr/cases-routes';
import { cdrRoutes } from './cdr/cdrs-routes';
import { traceRoutes } from './traces/traces-routes';
import { forgetMessages } from './traces/traces-store';
import { trafficRoutes } from './cdr/traffic-routes';
import { createApiKey, hasApiKeys } from './http/api-keys';
import { jobRoutes } from './jobs/jobs-routes';
import { forgetDoneJobs } from './jobs/jobs-store';
import type { Schedule } from './jobs/schedule';
import { OWNERS } from './wiring-owners';
import { moneyRoutes } from './wiring-money';
import { forgetOldIdentity, identityParts, identityRoutes, writeFirstOperatorLink } from './wiring-people';
import { forgetOldAnswers } from './http/idempotency';
import { forgetOldGuesses } from './rooms/guess-counters-store';
import { forgetOldProofs } from './caller-id/prove-number';
import { forgetExpiredBindings } from './phones/registrations-store';
import { forgetOldFailures } from './phones/sip-failures-store';
import { forgetUsedNonces } from './phones/nonces-store';
import { forgetOldRuns } from './rooms/schedule/schedules-store';
import { forgetRecordings } from './rooms/recording/delete-recordings';
import { forgetSwitchLegs } from './cdr/switch-legs-store';
import { httpApp, listen } from './http/server';
import { trunkKey } from './trunks/trunk-secrets';
import { trunkRoutes } from './trunks/trunks-routes';
import { numberRoutes } from './numbers/numbers-routes';
import { listRoutes } from './rooms/list/list-routes';
import { liveRoomRoutes } from './calling/room-session/room-routes';
import { liveRoutes } from './calling/live-routes';
import { ownLiveRoutes } from './calling/own-live-routes';
import { recordingKeys } from './rooms/recording/recording-keys';
import { recordingRoutes } from './rooms/recording/recording-routes';
import { callerIdRoutes } from './caller-id/caller-id-routes';
import { explainRoutes } from './calling/explain-routes';
import type { RouteParts } from './calling/two-party/find-route';
import type { HouseCalls } from './calling/house-calls/house-calls';
import { houseCallRoutes } from './calling/house-calls/house-call-routes';
import { trunkHealthRoutes } from './calling/trunk-watch/trunk-health-routes';
import type { TrunkWatch } from './calling/trunk-watch/trunk-watch';
import { presenceRoutes } from './phones/presence-routes';
import { phoneRoutes } from './phones/phones-routes';
import type { BrowserAccess } from './phones/browser-access';
import { browserPhoneRoutes } from './phones/browser-phone-routes';
import { guestRoutes } from './calling/guests/guest-routes';
import { forgetVoicemails } from './voicemail/delete-voicemails';
import type { VoicemailPlace } from './voicemail/sealed-sound';
import { voicemailRoutes } from './voicemail/voicemail-routes';
import { roomRoutes } from './rooms/rooms-routes';
import { scheduleRoutes } from './rooms/schedule/schedule-routes';
import { type PartHealth, serviceRoutes } from './http/service-routes';
import type { LiveCalls } from './calling/live-calls';
import type { JournalKeeper } from './cdr/journal-keeper';
import type { Config } from './config/settings';
import type { Log } from './kernel/log';
import type { Database } from './kernel/unit-of-work';
import type { MediaServers } from './media/media-servers';
import type { Metrics } from './observability/metrics';
import { recordingsOfCdr } from './rooms/recording/recordings-store';
import type { RecordingPlace } from './rooms/recording/end-recordings';
import type { Clock } from './kernel/clock';

const PACKAGE = join(resolve(__dirname, '..'), 'package.json');
/** Where scripts/build-console.js writes. */
const CONSOLE = join(resolve(__dirname, '..'), 'dist', 'console');
const VERSION = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;

/** What nobody will ask for any more is cleared out this often: answers kept for repeated POSTs, counters of guesses, jobs done a week ago, what the media server told three months ago. */
const FORGET_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
const DONE_JOBS_KEPT_MS = 7 * DAY_MS;
const SWITCH_LEGS_KEPT_MS = 90 * DAY_MS;
const FORGOTTEN_AT_ONCE = 5_000;

/** What every part is put together in. */
export type World = { readonly config: Config; readonly log: Log; readonly clock: Clock };

/** Whether drachtio is connected, and when it first was. */
export type SipConnection = { connected: boolean; ready: Promise<void> };

/** Serves the API: the table of all routes, and an administrator's key in VAR_DIR when nobody has one yet. */
export async function serveApi(
  { config, clock, log }: World,
  parts: {
    database: Database;
    keeper: JournalKeeper;
    metrics: Metrics;
    liveCalls: LiveCalls;
    liveRooms: LiveRooms;
    houseCalls: HouseCalls;
    routes: RouteParts;
    trunkWatch: TrunkWatch;
    media: MediaServers;
    sip: SipConnection;
    schedules: readonly Schedule[];
  },
): Promise<{ port: number; close(): Promise<void> }> {
  const { database, metrics } = parts;
  const access = browserAccess(config);
  const recordings = recordingPlace(config);
  const health = async (): Promise<readonly PartHealth[]> => [
    {
      part: 'database',
      ready: await database.read.all('SELECT 1 AS one').then(
        () => true,
        () => false,
      ),
    },
    { part: 'journal', ready: parts.keeper.ready },
    { part: 'sip', ready: parts.sip.connected },
    { part: 'media', ready: parts.media.ready },
  ];
  const routes = [
    ...serviceRoutes({ health, metrics, version: VERSION }),
    ...cdrRoutes(database, (cdrId) => recordingsOfCdr(database.read, cdrId)),
    ...liveRoutes({ liveCalls: parts.liveCalls, liveRooms: parts.liveRooms, clock }),
    ...ownLiveRoutes({ database, liveCalls: parts.liveCalls, clock, log }),
    ...explainRoutes(parts.routes),
    ...liveRoomRoutes({ liveRooms: parts.liveRooms, sql: database.read }),
    ...alertRoutes(database.read),
    ...caseRoutes(database),
    ...traceRoutes(database),
    ...trafficRoutes(database),
    ...jobRoutes(database, parts.schedules),
    ...moneyRoutes({ config, clock, log }, database),
    ...roomRoutes(database),
    ...listRoutes(database),
    ...scheduleRoutes(database),
    ...recordingRoutes(database, recordings),
    ...phoneRoutes(database, config.SIP_REALM),
    ...browserPhoneRoutes(database, config.SIP_REALM, access),
    ...guestRoutes({
      database,
      liveRooms: parts.liveRooms,
      liveCalls: parts.liveCalls,
      access,
      realm: config.SIP_REALM,
      clock,
      log,
    }),
    ...presenceRoutes(database),
    ...houseCallRoutes(parts.houseCalls),
    ...callerIdRoutes({ database, speakCode: (wish) => parts.houseCalls.speakCode(wish) }),
    ...numberRoutes(database),
    ...trunkRoutes({ database, key: trunkKey(config.TRUNK_KEY), realm: config.SIP_REALM }),
    ...voicemailRoutes(database, voicemailPlace(config)),
    ...trunkHealthRoutes(database.read, parts.trunkWatch),
    ...identityRoutes(config, database, {
      speakCode: (wish) => parts.houseCalls.speakCode(wish),
      log,
    }),
  ];
  if (!(await hasApiKeys(database.read))) {
    const wanted = {
      label: 'first administrator',
      role: 'admin',
      accountId: null,
      scopes: [],
      expiresAtMs: null,
      nowMs: clock.nowMs(),
    };
    const { secret } = await createApiKey(database, wanted);
    writeFileSync(adminKeyFile(config), `${secret}\n`, { mode: 0o600 });
  }
  const onAnswer = (answered: { path: string }, status: number, durationMs: number) =>
    metrics.httpAnswered(answered.path, status, durationMs);
  const app = httpApp({
    database,
    clock,
    log,
    routes,
    owners: OWNERS,
    version: VERSION,
    requestsPerMinute: config.HTTP_REQUESTS_PER_MINUTE,
    trustedProxies: wordsOf(config.TRUSTED_PROXIES),
    consoleFolder: builtConsole(log),
    websocketUrls: browserAccess(config).websocketUrls,
    onAnswer,
    ...identityParts(config, database),
  });
  const http = await listen(app, config.BIND_ADDRESS, config.HTTP_PORT);
  await writeFirstOperatorLink(config, database, { httpPort: http.port, nowMs: clock.nowMs() });
  const forgetting = clock.every(FORGET_EVERY_MS, () => {
    const traceDays = config.SIP_TRACE_DAYS;
    forgetOld(
      { database, place: recordings, messages: voicemailPlace(config), log, traceDays },
      clock.nowMs(),
    ).catch((error: unknown) => log.warn('old rows stay', { error }));
  });
  return {
    port: http.port,
    close: async () => {
      forgetting.cancel();
      await http.close();
    },
  };
}

async function forgetOld(
  parts: { database: Database; place: RecordingPlace; messages: VoicemailPlace; log: Log; traceDays: number },
  nowMs: number,
): Promise<void> {
  const { database } = parts;
  await forgetRecordings(parts, nowMs);
  await forgetVoicemails({ ...parts, place: parts.messages }, nowMs);
  await forgetOldAnswers(database, nowMs);
  await forgetOldGuesses(database, nowMs);
  await forgetOldRuns(database, nowMs);
  await forgetOldProofs(database, nowMs);
  await forgetOldIdentity(database, nowMs);
  await database.write(async (sql) => {
    await forgetOldFailures(sql, nowMs);
    await forgetUsedNonces(sql, nowMs);
    await forgetExpiredBindings(sql, nowMs);
  });
  await forgetSwitchLegs(database, nowMs - SWITCH_LEGS_KEPT_MS, FORGOTTEN_AT_ONCE);
  await forgetMessages(database, nowMs - parts.traceDays * DAY_MS);
  await database.write((sql) => forgetDoneJobs(sql, nowMs - DONE_JOBS_KEPT_MS, FORGOTTEN_AT_ONCE));
}

/** Where this node keeps recordings, and their keys. @throws InvalidInput */
export function recordingPlace(config: Config): RecordingPlace {
  return {
    folder: config.RECORDINGS_DIR || join(config.VAR_DIR, 'recordings'),
    nodeId: config.NODE_ID,
    keys: recordingKeys(config.RECORDING_KEY, config.RECORDING_OLD_KEYS),
  };
}

/** Where this node keeps messages; their keys are those of recordings. */
export function voicemailPlace(config: Config): VoicemailPlace {
  return { ...recordingPlace(config), folder: join(config.VAR_DIR, 'voicemails') };
}

/** Where the key lies that the first start makes. */
export function adminKeyFile(config: Config): string {
  return join(config.VAR_DIR, 'admin-key');
}

/** The built console beside the program; without it the API is served alone. */
function builtConsole(log: Log): string | null {
  if (existsSync(join(CONSOLE, 'index.html'))) return CONSOLE;
  log.warn('the console is not built; only the API is served', { folder: CONSOLE });
  return null;
}

/** Where browsers connect: what is set, or the embedded SIP server as the machine is reached. */
function browserAccess(config: Config): BrowserAccess {
  const sipHost = config.EXTERNAL_ADDRESS || config.BIND_ADDRESS;
  // A SIP server of others is reached where WEBSOCKET_URLS says.
  const ports = config.DRACHTIO_HOST === '' ? config : { SIP_WSS_PORT: 0, SIP_WS_PORT: 0 };
  const own = [
    ...(ports.SIP_WSS_PORT === 0 ? [] : [`wss://${sipHost}:${ports.SIP_WSS_PORT}`]),
    ...(ports.SIP_WS_PORT === 0 ? [] : [`ws://${sipHost}:${ports.SIP_WS_PORT}`]),
  ];
  const named = wordsOf(config.WEBSOCKET_URLS);
  return {
    websocketUrls: named.length > 0 ? named : own,
    sipHost,
    turn: { urls: wordsOf(config.TURN_URLS), secret: config.TURN_SECRET },
  };
}

function wordsOf(list: string): readonly string[] {
  return list.split(/[\s,]+/).filter((word) => word !== '');
}
