import { startTraces } from './wiring-traces';
import { join, resolve } from 'node:path';
import Srf from 'drachtio-srf';
import { extendCredit } from './billing/credit/extend-credit';
import { releaseCredit } from './billing/credit/release-credit';
import { reserveCredit } from './billing/credit/reserve-credit';
import { readBalance } from './billing/ledger/ledger-accounts';
import { isRedeemedByKeypad } from './billing/payments/vouchers/redeem-voucher';
import type { CallingParts } from './calling/calling-parts';
import { CallerIdentity } from './calling/caller-identity';
import { HouseCalls } from './calling/house-calls/house-calls';
import { identifyRequest, type OtherCaller } from './calling/identify-caller';
import { type CallDoor, openDoor } from './calling/incoming-call';
import { accountsHolding } from './billing/ledger/holds';
import { BlockedAccounts } from './calling/blocked-accounts';
import { LiveCalls } from './calling/live-calls';
import { Overload } from './calling/overload';
import { GapWatch } from './cdr/gap-watch';
import { ArchiveSweeper } from './cdr/journal-archive';
import { Journal } from './cdr/journal';
import { JournalKeeper } from './cdr/journal-keeper';
import { nextNodeSequence } from './cdr/next-node-sequence';
import { writeCdrs } from './cdr/write-cdr';
import type { Config } from './config/settings';
import { type JobRunner, startJobRunner } from './jobs/job-runner';
import { Scheduler } from './jobs/scheduler';
import { type Clock, sleep, systemClock, within } from './kernel/clock';
import type { Log } from './kernel/log';
import { e164 } from './kernel/phone-number';
import type { Database } from './kernel/unit-of-work';
import { LeaseKeeper } from './leases/lease-keeper';
import { MediaServers } from './media/media-servers';
import { makeMetrics, type Metrics } from './observability/metrics';
import { endCrashedRecordings } from './rooms/recording/end-recordings';
import { Authenticator } from './phones/authenticate';
import { trunkKey } from './trunks/trunk-secrets';
import { Subscriptions } from './calling/subscriptions/subscriptions';
import { Conversations } from './calling/two-party/conversation';
import { openDatabase } from './store/database';
import { runMigrations } from './store/run-migrations';
import { type Engines, startEngines } from './supervisor/engines';
import { claimFolder } from './supervisor/single-instance';
import { recordingPlace, type SipConnection, serveApi, type World } from './wiring-api';
import { routeSettings, wireTrunks, otherNames } from './wiring-lines';
import { paymentJobs } from './wiring-payments';
import { moneyJobs, moneySchedules, startMoney, startWebhooks } from './wiring-money';
import { wireRooms } from './wiring-rooms';
import { reconcileWith } from './wiring-records';
import { startVoicemail } from './wiring-voicemail';

const ROOT = resolve(__dirname, '..');
const MIGRATIONS = join(ROOT, 'sql');
const PROMPTS = join(ROOT, 'freeswitch-conf', 'prompts');

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

async function assemble(config: Config, log: Log, clock: Clock, undo: Undo): Promise<Service> {
  const world = { config, log, clock };
  undo.push(claimFolder(config.VAR_DIR));
  const liveCalls = new LiveCalls();
  const { database, jobs, keeper, countCalls } = await openBooks(world, undo);
  const leases = new LeaseKeeper({
    database,
    nodeId: config.NODE_ID,
    liveHolderIds: () => liveCalls.list().map(({ callId }) => callId),
    clock,
    log,
  });
  await leases.start();
  undo.push(() => leases.stop());
  // A runner of their own: jobs come one after another, and what calls cost does not wait for the answers of a payment provider.
  const payments = startJobRunner({
    database,
    clock,
    log,
    handlers: paymentJobs(world, database),
    pollMs: JOB_POLL_MS,
  });
  undo.push(() => payments.stop());
  const schedules = moneySchedules(world, database);
  const scheduler = new Scheduler({ database, schedules, clock, log });
  await scheduler.start();
  undo.push(() => scheduler.stop());
  const webhooks = startWebhooks(world, database);
  undo.push(() => webhooks.stop());
  const blocked = new BlockedAccounts({
    database,
    liveCalls,
    holding: (accountIds) => accountsHolding(database.read, accountIds),
    clock,
    log,
  });
  blocked.start();
  undo.push(() => blocked.stop());
  const calls = await openCalls(world, undo, { database, keeper, liveCalls });
  const { engines, media, sip, door, liveRooms, houseCalls, routes, trunkWatch, overload } = calls;
  const money = startMoney(world, database, (call) => houseCalls.remind({ ...call, to: e164(call.to) }));
  undo.push(() => money.stop());
  const metrics = makeMetrics({
    liveCalls: () => liveCalls.count,
    cdrBacklog: () => keeper.backlog,
    journalReady: () => keeper.ready,
    mediaReady: () => media.ready,
    overload: () => overload.figures,
    trunks: () => trunkWatch.counts,
  });
  countCalls(metrics);
  overload.onRefused(() => metrics.callRefused());
  const http = await serveApi(world, {
    database,
    keeper,
    metrics,
    liveCalls,
    liveRooms,
    houseCalls,
    routes,
    trunkWatch,
    media,
    sip,
    schedules,
  });
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
async function openBooks(world: World, undo: Undo) {
  const { config, log, clock } = world;
  const database = await openMigratedDatabase(config, log);
  undo.push(() => database.close());
  const jobs = startJobRunner({ database, clock, log, ...moneyJobs(world, database), pollMs: JOB_POLL_MS });
  undo.push(() => jobs.stop());
  let metrics: Metrics | null = null;
  const journalFolder = join(config.VAR_DIR, 'journal');
  const sweeper = new ArchiveSweeper({
    folder: join(journalFolder, 'archive'),
    keepDays: config.JOURNAL_ARCHIVE_DAYS,
    clock,
    log,
  });
  const keeper = new JournalKeeper({
    journal: await Journal.open({ folder: journalFolder, log, onArchived: () => sweeper.sweep() }),
    write: async (legs) => {
      for (const leg of await writeCdrs(database, legs)) metrics?.callEnded(leg.result);
      jobs.nudge();
    },
    clock,
    log,
    heartbeatMs: config.HEARTBEAT_MS,
    leastSequence: await nextNodeSequence(database.read, config.NODE_ID),
  });
  undo.push(() => keeper.stop());
  sweeper.start();
  undo.push(() => sweeper.stop());
  const crashed = await keeper.start();
  if (crashed > 0) log.warn('legs that a crash had left open are closed', { legs: crashed });
  const place = recordingPlace(config);
  const cutShort = await endCrashedRecordings({ database, place, clock, log });
  if (cutShort > 0) log.warn('recordings that a crash had left open are ended', { recordings: cutShort });
  const gaps = new GapWatch({
    database,
    nodeId: config.NODE_ID,
    numbers: () => keeper.numbersInUse,
    clock,
    log,
  });
  gaps.start();
  undo.push(() => gaps.stop());
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
      recordings: recordingPlace(config),
      calling: () => calling,
    },
  );
  const trunks = wireTrunks(
    { config, log, clock },
    { srf, database: books.database, isConnected: () => sip.connected },
  );
  const voicemail = startVoicemail({ config, log, clock }, books.database);
  undo.push(() => voicemail.stop());
  // A message's caller stands in the CDR of its leg, which the crash has just had closed.
  await books.keeper.flushed();
  voicemail.keepLeftOver(rooms.spoolFile(''));
  const subscriptions = new Subscriptions(srf, {
    ...books,
    clock,
    log,
    realm: config.SIP_REALM,
    identify: (req) => identifyRequest(calling, req),
  });
  const overload = new Overload(clock, log);
  overload.start();
  undo.push(() => overload.stop());
  const calling: CallingParts = {
    ...books,
    subscriptions,
    ...rooms,
    mailbox: voicemail.mailbox,
    overload,
    media,
    conversations: new Conversations(),
    authenticator: new Authenticator<OtherCaller>({
      database: books.database,
      clock,
      log,
      realm: config.SIP_REALM,
      otherNames: otherNames(books.database, clock, config.SIP_REALM),
    }),
    identity: new CallerIdentity(
      {
        certFile: config.STIR_CERT_FILE,
        keyFile: config.STIR_KEY_FILE,
        certUrl: config.STIR_CERT_URL,
        caFile: config.STIR_CA_FILE,
      },
      clock,
    ),
    trunkKey: trunkKey(config.TRUNK_KEY),
    trunkKnowledge: trunks.knowledge,
    redeemVoucher: (wish) => isRedeemedByKeypad(books.database, wish),
    credit: {
      reserve: (wanted) => reserveCredit(books.database, wanted),
      extend: (wanted) => extendCredit(books.database, wanted),
      release: (wanted) => releaseCredit(books.database, wanted),
      balance: (accountId) => readBalance(books.database.read, accountId),
    },
    clock,
    log,
    settings: {
      nodeId: config.NODE_ID,
      promptsDir,
      houseLanguage: config.HOUSE_LANGUAGE,
      ...routeSettings(config),
      maxLiveCalls: config.MAX_LIVE_CALLS,
      creditAheadSeconds: config.CREDIT_AHEAD_SECONDS,
      rtpTimeoutMs: config.RTP_TIMEOUT_MS,
    },
  };
  const houseCalls = new HouseCalls(srf, () => calling);
  const door = openDoor(srf, calling, [rooms.dialOut, houseCalls, subscriptions]);
  const sip = connectSip(srf, engines, door, log);
  undo.push(() => {
    if (sip.connected) srf.disconnect();
  });
  undo.push(startTraces({ config, log, clock }, { srf, ...books }));
  subscriptions.start();
  undo.push(() => subscriptions.stop());
  void sip.ready.then(() => trunks.watch.start());
  undo.push(() => trunks.watch.stop());
  reconcileWith(media, { config, log, clock }, undo, books);
  media.start();
  const schedules = rooms.watchSchedules();
  undo.push(() => schedules.stop());
  return {
    engines,
    media,
    sip,
    door,
    liveRooms: rooms.liveRooms,
    houseCalls,
    routes: calling,
    trunkWatch: trunks.watch,
    overload,
  };
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
