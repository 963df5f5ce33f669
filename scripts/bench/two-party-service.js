'use strict';
// What the two-party bench calls: the whole service on one core, and the bare application that it is compared with.
const { spawn } = require('node:child_process');
const { mkdirSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { Readable } = require('node:stream');
const { setTimeout: sleep } = require('node:timers/promises');
const { startBarePair } = require('./bare-pair');
const { pinToCore, print } = require('./measure');

const root = path.resolve(__dirname, '../..');
const dist = (file) => require(path.join(root, 'dist', file));
const productCore = 0;
/** What is called: the number of an account that forwards every call to a telephone outside. */
const NUMBER = '+3225550999';
const ELSEWHERE = '+3225550998';
const carriers = 5;

const DECK = `prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from
32,Belgium,PRICE,0,60,60,0,2020-01-01T00:00:00Z
`;

/** An account that forwards every call to its number to a telephone outside, with credit for all of them. */
async function seed(database, carrierPort) {
  const { importRateDeck } = dist('billing/rating/import-rate-deck');
  const { openAccount } = dist('billing/open-account');
  const { postEntries } = dist('billing/ledger/post-entries');
  const { topUp } = dist('billing/ledger/movements');
  const { createTrunk } = dist('trunks/trunks-store');
  const { addDid } = dist('numbers/dids-store');
  const { FREE_TERMS } = dist('numbers/did');
  const { assignDid } = dist('numbers/assign-did');
  const { changeHandling } = dist('phones/call-handling');
  const { setCaps } = dist('billing/fraud-caps/caps-store');
  const { setCallLimit } = dist('billing/credit/call-limits');
  const nowMs = Date.now();
  const deck = async (deckName, price) => {
    const csv = Readable.from([DECK.replace('PRICE', price)]);
    const { deckId } = await importRateDeck(database, {
      deckName,
      currency: 'EUR',
      csv,
      sourceName: 'bench',
      nowMs,
    });
    return deckId;
  };
  const account = await openAccount(database, {
    name: 'bench',
    currency: 'EUR',
    deckId: await deck('sale', '0.01'),
    country: 'BE',
    nowMs,
  });
  const amount = { amountMicros: 1_000_000_000_000n, currency: 'EUR' };
  await database.write((sql) =>
    postEntries(sql, topUp({ accountId: account.id, amount, reference: 'bench' }), nowMs),
  );
  await createTrunk(database, { name: 'callers', addresses: ['127.0.0.0/8'], nowMs });
  for (let n = 0; n < carriers; n++)
    await createTrunk(database, {
      name: `carrier ${n}`,
      outward: {
        targets: [{ host: '127.0.0.1', port: carrierPort }],
        costDeckId: await deck(`cost ${n}`, `0.00${n + 1}`),
      },
      nowMs,
    });
  await addDid(database, NUMBER, FREE_TERMS, nowMs);
  await database.write(async (sql) => {
    const target = { kind: 'user', accountId: account.id };
    await assignDid(sql, { number: NUMBER, target, ownerAccountId: account.id, nowMs });
    await changeHandling(sql, account.id, { forwardUnreachable: ELSEWHERE }, nowMs);
    await setCaps(sql, account.id, {
      maxCallCostMicros: 10n ** 14n,
      maxDayCostMicros: 10n ** 15n,
      shortCallsPerTenMinutes: 1_000_000,
      nightCallsPerHour: 1_000_000,
    });
    for (const kind of ['account', 'account-out', 'account-in'])
      await setCallLimit(sql, { kind, id: account.id, most: 100_000 });
  });
  return account.id;
}

/** With BENCH_PROFILE=folder the service's processes leave their processor profiles there when they end. */
const profiled = process.env.BENCH_PROFILE
  ? ['--cpu-prof', `--cpu-prof-dir=${path.resolve(process.env.BENCH_PROFILE)}`]
  : [];

/** The whole service, with its two servers, on one core. */
async function startService(carrierPort) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-two-party-'));
  const { openDatabase } = dist('store/database');
  const { runMigrations } = dist('store/run-migrations');
  mkdirSync(path.join(folder, 'var'));
  const database = await openDatabase(`sqlite:${folder}/var/123-voip.db`);
  await runMigrations(database, path.join(root, 'sql'));
  await seed(database, carrierPort);
  await database.close();
  const child = spawn(process.execPath, [...profiled, path.join(root, 'dist/main.js'), 'start'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HTTP_PORT: '0',
      SIP_PORT: '0',
      VAR_DIR: path.join(folder, 'var'),
      MAX_LIVE_CALLS: '10000',
      RTP_TIMEOUT_MS: '60000',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', process.env.BENCH_LOG ? 'inherit' : 'ignore'],
  });
  let port = 0;
  await new Promise((ready, failed) => {
    child.once('exit', (code) => failed(new Error(`the service ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      port = Number(/^SIP {2}\S+:(\d+) /.exec(line)?.[1] ?? port);
      if (process.env.BENCH_LOG) print(line);
      if (line.startsWith('123-voip is ready')) ready();
    });
  });
  const servers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  for (const pid of [child.pid, ...servers]) pinToCore(pid, productCore);
  child.removeAllListeners('exit');
  const ended = new Promise((done) => child.once('exit', done));
  const stop = async () => {
    // The second signal ends the calls that an overload has left.
    child.kill('SIGTERM');
    await sleep(200);
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const processes = [{ name: 'application', pid: child.pid }];
  for (const pid of servers) {
    const isSip = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('drachtio-server');
    processes.push({ name: isSip ? 'SIP server' : 'media server', pid });
  }
  return { port, processes, stop };
}

/** A bare application on the embedded SIP server, on one core. */
async function startBare(carrierPort) {
  const { port, server, app, stop } = await startBarePair({
    appFile: 'two-party-app.js',
    pin: (pid) => pinToCore(pid, productCore),
    told: { to: `sip:${ELSEWHERE}@127.0.0.1:${carrierPort}` },
  });
  const processes = [
    { name: 'application', pid: app.pid },
    { name: 'SIP server', pid: server.pid },
  ];
  return { port, processes, stop };
}

module.exports = { NUMBER, productCore, startBare, startService };
