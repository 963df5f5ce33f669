import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { openAccount } from '../../src/billing/open-account';
import { adjustment } from '../../src/billing/ledger/movements';
import { readBalance } from '../../src/billing/ledger/ledger-accounts';
import { postEntries } from '../../src/billing/ledger/post-entries';
import { verifyLedger } from '../../src/billing/ledger/verify-ledger';
import { importRateDeck } from '../../src/billing/rating/import-rate-deck';
import { allCdrs, type FoundCdr, searchCdrs } from '../../src/cdr/search-cdrs';
import { DEMO_DECK, type DemoSeed, seedDemo } from '../../src/demo/seed-demo';
import { silentLog } from '../../src/kernel/log';
import { systemClock } from '../../src/kernel/clock';
import { currency, money, parseMicros } from '../../src/kernel/money';
import type { Database } from '../../src/kernel/unit-of-work';
import { voipNumberOf } from '../../src/numbers/voip-numbers-store';
import { createDevice } from '../../src/phones/devices-store';
import { createRoom } from '../../src/rooms/rooms-store';
import { openDatabase } from '../../src/store/database';
import { runMigrations } from '../../src/store/run-migrations';
import { TestPhone } from '../../src/test-phone/test-phone';

const ROOT = resolve(__dirname, '../..');
const UNIT = currency('EUR');

/** Engines of another make to run the same stories on: set these to use a real drachtio-server and FreeSWITCH. */
const ENGINE_SETTINGS = [
  'DRACHTIO_HOST',
  'DRACHTIO_PORT',
  'DRACHTIO_SECRET',
  'FREESWITCH_HOST',
  'FREESWITCH_PORT',
  'FREESWITCH_SECRET',
  'SIP_PORT',
] as const;

/** The service as a process of its own, with a demo in its database, and what a test wants to know of it. */
export class TestService {
  sipPort = 0;
  httpPort = 0;
  readonly logLines: string[] = [];
  #process: ChildProcess | null = null;

  private constructor(
    private readonly folder: string,
    private readonly settings: Readonly<Record<string, string>>,
    readonly database: Database,
    readonly seed: DemoSeed,
  ) {}

  /** Starts it on free ports in a temporary folder, with a SQLite database unless `settings` (environment variables) name another. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TestService> {
    const folder = mkdtempSync(join(tmpdir(), '123-voip-scenario-'));
    const database = await openDatabase(settings.DATABASE_URL ?? `sqlite:${folder}/var/123-voip.db`);
    await runMigrations(database, join(ROOT, 'sql'));
    const seed = await seedDemo(database, systemClock.nowMs(), '123-voip');
    const service = new TestService(folder, settings, database, seed);
    await service.startProcess();
    return service;
  }

  /** A second application node on the database of another service, which `settings` name; its number of RTP ports is its own. */
  static async beside(other: TestService, settings: Readonly<Record<string, string>>): Promise<TestService> {
    const folder = mkdtempSync(join(tmpdir(), '123-voip-scenario-'));
    const database = await openDatabase(settings.DATABASE_URL ?? '');
    const ports = { RTP_PORT_MIN: '12000', RTP_PORT_MAX: '12999' };
    const service = new TestService(folder, { ...ports, ...settings }, database, other.seed);
    await service.startProcess();
    return service;
  }

  /** Starts the process, again after `kill`. */
  async startProcess(): Promise<void> {
    const engines = Object.fromEntries(
      ENGINE_SETTINGS.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
    );
    const child = spawn(process.execPath, [join(ROOT, 'dist/main.js'), 'start'], {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH,
        HTTP_PORT: '0',
        SIP_PORT: '0',
        // Services of tests run beside each other; those that need browsers give it a port.
        SIP_WS_PORT: '0',
        VAR_DIR: join(this.folder, 'var'),
        ...engines,
        ...this.settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    await new Promise<void>((resolveReady, reject) => {
      child.once('exit', (code) =>
        reject(new Error(`the service ended with ${code}:\n${this.logLines.slice(-20).join('\n')}`)),
      );
      for (const stream of [child.stdout, child.stderr])
        createInterface({ input: stream }).on('line', (line) => {
          this.logLines.push(line);
          this.sipPort = Number(/^SIP {2}\S+:(\d+) /.exec(line)?.[1] ?? this.sipPort);
          this.httpPort = Number(/^API {2}http:\/\/[^:]+:(\d+)\//.exec(line)?.[1] ?? this.httpPort);
          if (line.startsWith('123-voip is ready')) resolveReady();
        });
    });
    child.removeAllListeners('exit');
    child.once('exit', (code, signal) => this.logLines.push(`the service ended with ${code ?? signal}`));
  }

  /** The key of the first administrator, as the service leaves it for its operator. */
  get adminKey(): string {
    return readFileSync(join(this.folder, 'var', 'admin-key'), 'utf8').trim();
  }

  /** Where the service keeps what must survive a restart. */
  get varFolder(): string {
    return join(this.folder, 'var');
  }

  /** Where recordings lie, encrypted. */
  get recordingsFolder(): string {
    return join(this.folder, 'var', 'recordings');
  }

  /** Files of names that members have spoken. */
  spokenNames(): readonly string[] {
    return readdirSync(join(this.folder, 'var', 'spool'));
  }

  /** Process id of the running service. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Ends one of the service's own servers, named by the end of its program's path, as a power cut would. */
  killServer(program: string): void {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim().split(' ');
    const child = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program));
    // None runs for a moment after it was killed before: then there is nothing to kill.
    if (child) process.kill(Number(child), 'SIGKILL');
  }

  /** Whether calls can be taken, by the service's own word. */
  async isReady(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.httpPort}/api/v1/health/ready`).then(
      (answer) => answer.status === 200,
      () => false,
    );
  }

  /** Calls that are going on, by the service's own word. */
  async liveCalls(): Promise<number> {
    const key = readFileSync(join(this.folder, 'var', 'admin-key'), 'utf8').trim();
    const answer = await fetch(`http://127.0.0.1:${this.httpPort}/api/v1/live/calls`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    return ((await answer.json()) as { calls: readonly unknown[] }).calls.length;
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
  }

  /** Asks the process to end; resolves when it has, with its exit code. */
  async terminate(): Promise<number | null> {
    return this.#signal('SIGTERM');
  }

  /** Sends SIGTERM and does not wait. */
  beginDrain(): void {
    this.#process?.kill('SIGTERM');
  }

  /** Stops everything and removes the folder. */
  async close(): Promise<void> {
    if (this.#process && this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM');
      this.#process.kill('SIGTERM');
      await new Promise((ended) => this.#process?.once('exit', ended));
    }
    await this.database.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async phone(rtpPortMin: number): Promise<TestPhone> {
    return TestPhone.open({
      host: '127.0.0.1',
      rtpPortMin,
      rtpPortMax: rtpPortMin + 100,
      clock: systemClock,
      log: silentLog,
    });
  }

  /** A further room; its owner is an account of its own with this much credit. */
  async room(credit: string): Promise<{
    accountId: string;
    roomId: string;
    roomNumber: string;
    participantPin: string;
    moderatorPin: string;
  }> {
    const nowMs = systemClock.nowMs();
    const account = await openAccount(this.database, {
      name: `owner ${nowMs}`,
      currency: UNIT,
      deckId: this.seed.deckId,
      nowMs,
    });
    if (parseMicros(credit) > 0n) await this.addCredit(account.id, credit);
    const made = await createRoom(this.database, {
      ownerAccountId: account.id,
      name: 'room',
      maxSeats: 20,
      nowMs,
    });
    return { accountId: account.id, roomId: made.room.id, ...made.secrets };
  }

  /** A further account with its 123-voip number, and with credit when it is given some. */
  async account(credit = '0'): Promise<{ readonly accountId: string; readonly number: string }> {
    const nowMs = systemClock.nowMs();
    const wish = { name: `user ${nowMs}`, currency: UNIT, deckId: this.seed.deckId, country: 'BE', nowMs };
    const { id } = await openAccount(this.database, wish);
    if (parseMicros(credit) > 0n) await this.addCredit(id, credit);
    return { accountId: id, number: (await voipNumberOf(this.database.read, id)) ?? '' };
  }

  /** A telephone of an account, with its password. */
  async device(accountId: string): Promise<{ readonly username: string; readonly password: string }> {
    const wish = { accountId, name: 'phone', realm: '123-voip', nowMs: systemClock.nowMs() };
    const { device, password } = await createDevice(this.database, wish);
    return { username: device.username, password };
  }

  async addCredit(accountId: string, credit: string): Promise<void> {
    const nowMs = systemClock.nowMs();
    const gift = adjustment({
      accountId,
      amount: money(parseMicros(credit), UNIT),
      reason: 'test credit',
      reference: `test-${accountId}-${nowMs}-${process.hrtime.bigint()}`,
    });
    await this.database.write((sql) => postEntries(sql, gift, nowMs));
  }

  /** Adds rates (CSV with its header) to the demo's deck. */
  async importRates(csv: string): Promise<void> {
    const report = await importRateDeck(this.database, {
      deckName: DEMO_DECK,
      currency: UNIT,
      csv: Readable.from([csv]),
      sourceName: 'test',
      nowMs: systemClock.nowMs(),
    });
    if (!report.published) throw new Error(JSON.stringify(report.faults));
  }

  async cdrs(): Promise<readonly FoundCdr[]> {
    return (
      await searchCdrs(this.database, {
        filter: {},
        after: null,
        limit: 200,
        numbers: 'full',
        costs: 'shown',
      })
    ).cdrs;
  }

  /** Every CDR there is, page by page. */
  async allCdrs(): Promise<readonly FoundCdr[]> {
    const found: FoundCdr[] = [];
    for await (const cdr of allCdrs(this.database, { filter: {}, numbers: 'full', costs: 'shown' }))
      found.push(cdr);
    return found;
  }

  /** Resolves with the CDRs as soon as there are `count` and all are rated. */
  async ratedCdrs(count: number, limitMs = 15_000): Promise<readonly FoundCdr[]> {
    let found: readonly FoundCdr[] = [];
    await eventually(limitMs, async () => {
      found = await this.cdrs();
      return found.length >= count && found.every((cdr) => cdr.rating !== null);
    });
    return found;
  }

  balance(accountId: string) {
    return readBalance(this.database.read, accountId);
  }

  ledger() {
    return verifyLedger(this.database);
  }

  #signal(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return Promise.resolve(child?.exitCode ?? null);
    return new Promise((resolveEnded) => {
      child.once('exit', (code) => resolveEnded(code));
      child.kill(signal);
    });
  }
}

/** Looks every `everyMs` until the condition holds; fails after `limitMs`. */
export async function eventually(
  limitMs: number,
  holds: () => Promise<boolean> | boolean,
  everyMs = 50,
): Promise<void> {
  const endMs = systemClock.monotonicMs() + limitMs;
  for (;;) {
    if (await holds()) return;
    if (systemClock.monotonicMs() > endMs) throw new Error(`did not come true within ${limitMs} ms`);
    await new Promise((next) => setTimeout(next, everyMs));
  }
}
