import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Srf from 'drachtio-srf';
import { extendCredit } from './billing/credit/extend-credit';
import { reserveCredit } from './billing/credit/reserve-credit';
import { accountRoutes } from './billing/accounts-routes';
import { deckRoutes } from './billing/rating/decks-routes';
import { rateCdrHandler } from './billing/rating/rate-cdr';
import type { CallingParts } from './calling/calling-parts';
import { type CallDoor, openDoor } from './calling/incoming-call';
import { LiveCalls } from './calling/live-calls';
import { liveRoutes } from './calling/live-routes';
import type { LiveRooms } from './calling/room-session/live-rooms';
import { liveRoomRoutes } from './calling/room-session/room-routes';
import { cdrRoutes } from './cdr/cdrs-routes';
import { Journal } from './cdr/journal';
import { JournalKeeper } from './cdr/journal-keeper';
import { nextNodeSequence } from './cdr/next-node-sequence';
import { writeCdr } from './cdr/write-cdr';
import type { Config } from './config/settings';
import { createApiKey, hasApiKeys } from './http/api-keys';
import { forgetOldAnswers } from './http/idempotency';
import { httpApp, listen } from './http/server';
import { type PartHealth, serviceRoutes } from './http/service-routes';
import { forgetDoneJobs } from './jobs/jobs-store';
import { type JobRunner, startJobRunner } from './jobs/job-runner';
import { type Clock, sleep, systemClock, within } from './kernel/clock';
import type { Log } from './kernel/log';
import type { Database } from './kernel/unit-of-work';
import { MediaServers } from './media/media-servers';
import { makeMetrics, type Metrics } from './observability/metrics';
import { forgetOldGuesses } from './rooms/guess-counters-store';
import { forgetRecordings } from './rooms/recording/delete-recordings';
import { endCrashedRecordings, type RecordingPlace } from './rooms/recording/end-recordings';
import { recordingKeys } from './rooms/recording/recording-keys';
import { noteConsent, noteLeft } from './rooms/recording/recordings-store';
import { openRecording } from './rooms/recording/write-recording';
import type { RecordingStore } from './calling/room-session/room-recorder';
import { recordingRoutes } from './rooms/recording/recording-routes';
import { listRoutes } from './rooms/list/list-routes';
import { roomRoutes } from './rooms/rooms-routes';
import { scheduleRoutes } from './rooms/schedule/schedule-routes';
import { forgetOldRuns } from './rooms/schedule/schedules-store';
import { openDatabase } from './store/database';
import { runMigrations } from './store/run-migrations';
import { type Engines, startEngines } from './supervisor/engines';
import { claimFolder } from './supervisor/single-instance';
import { wireRooms } from './wiring-rooms';

const ROOT = resolve(__dirname, '..');
const MIGRATIONS = join(ROOT, 'sql');
const PROMPTS = join(ROOT, 'freeswitch-conf', 'prompts');

const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;

/** What nobody will ask for any more is cleared out this often: answers kept for repeated POSTs, counters of guesses, jobs done a week ago. */
const FORGET_EVERY_MS = 3_600_000;
const DONE_JOBS_KEPT_MS = 7 * 86_400_000;
const FORGOTTEN_AT_ONCE = 5_000;
/** How often due jobs are looked for when nobody nudges. */
const JOB_POLL_MS = 1_000;
/** After the drain's deadline calls hear why they end; this is how long that may take. */
const LAST_WORDS_MS = 8_000;
/** The longest a lost connection to drachtio waits between two tries. */
const LONGEST_RECONNECT_MS = 2_000;

/** The running service. */
export type Service = {
  readonly database: Database;
  readonly liveCalls: LiveCalls;
  readonly engines: Engines;
  readonly jobs: JobRunner;
  readonly httpPort: number;
  /** Resolves when calls can be taken. @throws TimedOut */
  whenReady(limitMs: number): Promise<void>;
  /** New calls get 503; live ones have `drainSeconds`; then everything is closed. Nothing is lost. */
  stop(drainSeconds: number): Promise<void>;
  /** Ends the live calls of a drain at once. */
  hurry(): void;
};

/** Opens the database that the configuration names and brings it up to date. */
export async function openMigratedDatabase(config: Config, log: Log): Promise<Database> {
  const database = await openDatabase(databaseUrl(config));
  const done = await runMigrations(database, MIGRATIONS);
  if (done.length > 0) log.info('database migrated', { migrations: done });
  return database;
}

export function databaseUrl(config: Config): string {
  return config.DATABASE_URL || `sqlite:${join(config.VAR_DIR, '123-voip.db')}`;
}

/** Puts all parts together and starts them; what was started is stopped again when a later part cannot. */
export async function startService(config: Config, log: Log, clock: Clock = systemClock): Promise<Service> {
  const undo: Undo = [];
  try {
    return await assemble(config, log, clock, undo);
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

type Undo = (() => Promise<void> | void)[];
type World = { readonly config: Config; readonly log: Log; readonly clock: Clock };

async function assemble(config: Config, log: Log, clock: Clock, undo: Undo): Promise<Service> {
  const world = { config, log, clock };
  undo.push(claimFolder(config.VAR_DIR));
  const liveCalls = new LiveCalls();
  const { database, jobs, keeper, countCalls } = await openBooks(world, undo);
  const { engines, media, sip, door, liveRooms } = await openCalls(world, undo, {
    database,
    keeper,
    liveCalls,
  });
  const metrics = makeMetrics({
    liveCalls: () => liveCalls.count,
    cdrBacklog: () => keeper.backlog,
    mediaReady: () => media.ready,
  });
  countCalls(metrics);
  const http = await serveApi(world, { database, metrics, liveCalls, liveRooms, media, sip });
  undo.push(() => http.close());
  return {
    database,
    liveCalls,
    engines,
    jobs,
    httpPort: http.port,
    whenReady: async (limitMs) => {
      await within(clock, limitMs, 'connecting to the engines', Promise.all([sip.ready, media.whenReady()]));
    },
    hurry: () => door.endAll('draining'),
    stop: async (drainSeconds) => {
      await drain(door, liveCalls, drainSeconds, clock, log);
      await keeper.flushed();
      await jobs.idle();
      for (const step of undo.toReversed()) await step();
    },
  };
}

/** Database, jobs and journal: what must be there before the first call, and closes what a crash left open. */
async function openBooks({ config, log, clock }: World, undo: Undo) {
  const database = await openMigratedDatabase(config, log);
  undo.push(() => database.close());
  const handlers = rateCdrHandler({ database, clock });
  const jobs = startJobRunner({ database, clock, log, handlers, pollMs: JOB_POLL_MS });
  undo.push(() => jobs.stop());
  let metrics: Metrics | null = null;
  const keeper = new JournalKeeper({
    journal: await Journal.open(join(config.VAR_DIR, 'journal'), log),
    write: async (leg) => {
      if (leg.roomSessionId !== null) await noteLeft(database, leg.cdrId, leg.endedAtMs);
      if (await writeCdr(database, leg)) metrics?.callEnded(leg.result);
      jobs.nudge();
    },
    clock,
    log,
    heartbeatMs: config.HEARTBEAT_MS,
    leastSequence: await nextNodeSequence(database.read, config.NODE_ID),
  });
  undo.push(() => keeper.stop());
  const crashed = await keeper.start();
  if (crashed > 0) log.warn('legs that a crash had left open are closed', { legs: crashed });
  const place = recordingPlace(config);
  const cutShort = await endCrashedRecordings({ database, place, clock, log });
  if (cutShort > 0) log.warn('recordings that a crash had left open are ended', { recordings: cutShort });
  const countCalls = (into: Metrics) => {
    metrics = into;
  };
  return { database, jobs, keeper, countCalls };
}

/** Engines, the connections to them, and the door. */
async function openCalls(
  { config, log, clock }: World,
  undo: Undo,
  books: Pick<CallingParts, 'database' | 'keeper' | 'liveCalls'>,
) {
  const engines = await startEngines(config, clock, log);
  undo.push(() => engines.stop());
  const srf = new Srf();
  const address = {
    ...engines.freeswitch,
    profile: config.FREESWITCH_PROFILE,
    listenAddress: config.EVENT_LISTEN_ADDRESS,
    nodeId: config.NODE_ID,
  };
  const media = new MediaServers(srf, address, clock, log);
  undo.push(() => media.stop());
  const promptsDir = config.PROMPTS_DIR || PROMPTS;
  const rooms = wireRooms(
    { config, log, clock },
    {
      srf,
      media,
      database: books.database,
      promptsDir,
      recordings: recordingStore({ config, log, clock }, books.database),
      calling: () => calling,
    },
  );
  const calling: CallingParts = {
    ...books,
    ...rooms,
    media,
    credit: {
      reserve: (wanted) => reserveCredit(books.database, wanted),
      extend: (wanted) => extendCredit(books.database, wanted),
    },
    clock,
    log,
    settings: {
      nodeId: config.NODE_ID,
      promptsDir,
      maxLiveCalls: config.MAX_LIVE_CALLS,
      creditAheadSeconds: config.CREDIT_AHEAD_SECONDS,
      rtpTimeoutMs: config.RTP_TIMEOUT_MS,
    },
  };
  const door = openDoor(srf, calling, rooms.dialOut);
  const sip = connectSip(srf, engines, door, log);
  undo.push(() => {
    if (sip.connected) srf.disconnect();
  });
  media.start();
  const schedules = rooms.watchSchedules();
  undo.push(() => schedules.stop());
  return { engines, media, sip, door, liveRooms: rooms.liveRooms };
}

/** Connects to drachtio and stays connected. Dialogs die with the connection, so a lost one ends all calls and their billing. */
function connectSip(srf: Srf, engines: Engines, door: CallDoor, log: Log): SipConnection {
  const sip: SipConnection = { connected: false, ready: Promise.resolve() };
  sip.ready = new Promise((resolve) => {
    srf.on('connect', (error: Error | null, hostPorts: string) => {
      if (error) return log.error('drachtio refused us', { error });
      log.info('drachtio is connected', { hostPorts });
      sip.connected = true;
      resolve();
    });
  });
  srf.on('error', (error: Error) => log.warn('drachtio connection failed', { error }));
  srf.on('close', () => {
    sip.connected = false;
    door.endAll('failed');
  });
  srf.connect({ ...engines.drachtio, reconnect: { retryMaxDelay: LONGEST_RECONNECT_MS } });
  return sip;
}

type SipConnection = { connected: boolean; ready: Promise<void> };

/** Serves the API: the table of all routes, and an administrator's key in VAR_DIR when nobody has one yet. */
async function serveApi(
  { config, clock, log }: World,
  parts: {
    database: Database;
    metrics: Metrics;
    liveCalls: LiveCalls;
    liveRooms: LiveRooms;
    media: MediaServers;
    sip: SipConnection;
  },
): Promise<{ port: number; close(): Promise<void> }> {
  const { database, metrics } = parts;
  const recordings = recordingPlace(config);
  const health = async (): Promise<readonly PartHealth[]> => [
    {
      part: 'database',
      ready: await database.read.all('SELECT 1 AS one').then(
        () => true,
        () => false,
      ),
    },
    { part: 'sip', ready: parts.sip.connected },
    { part: 'media', ready: parts.media.ready },
  ];
  const routes = [
    ...serviceRoutes({ health, metrics, version: VERSION }),
    ...cdrRoutes(database),
    ...liveRoutes({ liveCalls: parts.liveCalls, liveRooms: parts.liveRooms, sql: database.read, clock }),
    ...liveRoomRoutes({ liveRooms: parts.liveRooms, sql: database.read }),
    ...roomRoutes(database),
    ...listRoutes(database),
    ...scheduleRoutes(database),
    ...recordingRoutes(database, recordings),
    ...accountRoutes(database),
    ...deckRoutes(database),
  ];
  if (!(await hasApiKeys(database.read))) {
    const wanted = {
      label: 'first administrator',
      role: 'admin',
      scopes: [],
      expiresAtMs: null,
      nowMs: clock.nowMs(),
    };
    const { secret } = await createApiKey(database, wanted);
    writeFileSync(adminKeyFile(config), `${secret}\n`, { mode: 0o600 });
  }
  const onAnswer = (answered: { path: string }, status: number, durationMs: number) =>
    metrics.httpAnswered(answered.path, status, durationMs);
  const app = httpApp({ database, clock, log, routes, version: VERSION, onAnswer });
  const http = await listen(app, config.BIND_ADDRESS, config.HTTP_PORT);
  const forgetting = clock.every(FORGET_EVERY_MS, () => {
    forgetOld({ database, place: recordings, log }, clock.nowMs()).catch((error: unknown) =>
      log.warn('old rows stay', { error }),
    );
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
  parts: { database: Database; place: RecordingPlace; log: Log },
  nowMs: number,
): Promise<void> {
  const { database } = parts;
  await forgetRecordings(parts, nowMs);
  await forgetOldAnswers(database, nowMs);
  await forgetOldGuesses(database, nowMs);
  await forgetOldRuns(database, nowMs);
  await database.write((sql) => forgetDoneJobs(sql, nowMs - DONE_JOBS_KEPT_MS, FORGOTTEN_AT_ONCE));
}

/** Recordings as room sessions use them. */
function recordingStore({ config, log, clock }: World, database: Database): RecordingStore {
  const parts = { database, place: recordingPlace(config), clock, log };
  return {
    open: ({ room, roomSessionId, onFault }) =>
      openRecording(parts, {
        roomId: room.id,
        roomSessionId,
        retentionClass: room.rules.retentionClass,
        onFault,
      }),
    noteConsent: (consent) => noteConsent(database, consent),
  };
}

/** Where this node keeps recordings, and their keys. @throws InvalidInput */
function recordingPlace(config: Config): RecordingPlace {
  return {
    folder: config.RECORDINGS_DIR || join(config.VAR_DIR, 'recordings'),
    nodeId: config.NODE_ID,
    keys: recordingKeys(config.RECORDING_KEY, config.RECORDING_OLD_KEYS),
  };
}

/** Where the key lies that the first start makes. */
export function adminKeyFile(config: Config): string {
  return join(config.VAR_DIR, 'admin-key');
}

async function drain(
  door: CallDoor,
  liveCalls: LiveCalls,
  drainSeconds: number,
  clock: Clock,
  log: Log,
): Promise<void> {
  door.drain();
  if (liveCalls.count === 0) return;
  log.info('draining', { liveCalls: liveCalls.count, drainSeconds });
  await Promise.race([liveCalls.whenEmpty(), sleep(clock, drainSeconds * 1000)]);
  door.endAll('draining');
  await Promise.race([liveCalls.whenEmpty(), sleep(clock, LAST_WORDS_MS)]);
}
