'use strict';
// P8, P9, P10: two-party calls a second through the whole service on one core (trunks by cost, hold, journal, media legs), what our application
// adds to a bare drachtio-srf B2BUA, and what is left of it when half as much again is offered.
// node scripts/bench/two-party.js [--quick]      needs dist/ (npm run build), sipp and taskset
const { fork, spawn } = require('node:child_process');
const { mkdtempSync, rmSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { Readable } = require('node:stream');
const {
  hasProgram,
  pinToCore,
  print,
  processCpuMicros,
  ratioRun,
  runBench,
  sippCleanRate,
  sippStep,
  sippToSipp,
  startSippAnswering,
} = require('./measure');

const root = path.resolve(__dirname, '../..');
const dist = (file) => require(path.join(root, 'dist', file));
const productCore = 0;
const generatorCore = 1;
const goalRatio = 0.021;
/** What our application may take beyond a bare one, and what must be left at half as much again as the clean rate. */
const goalAdded = 0.25;
const goalOverload = 0.8;
const quick = process.argv.includes('--quick');
const seconds = quick ? 2 : 4;
const tolerance = quick ? 0.2 : 0.05;
const secret = 'bench-secret';
const NUMBER = '+3225550999';
const ELSEWHERE = '+3225550998';

/** SIPp's own caller, but each call has a number of its own: many from one number to one number would be taken for a circle. */
const CALLER = `<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="caller">
<send retrans="500"><![CDATA[

INVITE sip:${NUMBER}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+4930555[call_number]@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To: <sip:${NUMBER}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=u 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000

]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="503" optional="true" next="9"/>
<recv response="200" rtd="true" rrs="true"/>
<send><![CDATA[

ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+4930555[call_number]@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To: <sip:${NUMBER}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<pause/>
<send retrans="500"><![CDATA[

BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+4930555[call_number]@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To: <sip:${NUMBER}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200" next="10"/>
<label id="9"/>
<send><![CDATA[

ACK sip:${NUMBER}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-6]
From: <sip:+4930555[call_number]@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To: <sip:${NUMBER}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<label id="10"/>
<ResponseTimeRepartition value="10, 20, 50, 100, 200, 1000"/>
</scenario>
`;

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
    const { deckId } = await importRateDeck(database, { deckName, currency: 'EUR', csv, sourceName: 'bench', nowMs });
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
  await database.write((sql) => postEntries(sql, topUp({ accountId: account.id, amount, reference: 'bench' }), nowMs));
  await createTrunk(database, { name: 'callers', addresses: ['127.0.0.0/8'], nowMs });
  for (let n = 0; n < 5; n++)
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

/** The whole service, with its two servers, on one core. */
async function startService(carrierPort) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-two-party-'));
  const { openDatabase } = dist('store/database');
  const { runMigrations } = dist('store/run-migrations');
  const { mkdirSync } = require('node:fs');
  mkdirSync(path.join(folder, 'var'));
  const database = await openDatabase(`sqlite:${folder}/var/123-voip.db`);
  await runMigrations(database, path.join(root, 'sql'));
  await seed(database, carrierPort);
  await database.close();
  const child = spawn(process.execPath, [path.join(root, 'dist/main.js'), 'start'], {
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
  const servers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').map(Number);
  for (const pid of [child.pid, ...servers]) pinToCore(pid, productCore);
  const stop = async () => {
    const ended = new Promise((done) => child.once('exit', done));
    child.removeAllListeners('exit');
    child.once('exit', () => {});
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, pid: child.pid, servers, stop };
}

/** A bare application on the embedded SIP server, on one core. */
async function startBare(carrierPort) {
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'];
  const firstMessage = (child) =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error('process ended before it was ready')));
    });
  const server = fork(path.join(root, 'dist/embedded/drachtio-server/main.js'), [], { stdio });
  pinToCore(server.pid, productCore);
  const options = { adminHost: '127.0.0.1', adminPort: 0, secret, sipHost: '127.0.0.1', sipPort: 0, transports: ['udp'] };
  server.send({ type: 'start', options });
  const { type, message, addresses } = await firstMessage(server);
  if (type !== 'ready') throw new Error(message);
  const app = fork(path.join(__dirname, 'two-party-app.js'), [], { stdio });
  pinToCore(app.pid, productCore);
  app.send({ port: addresses.adminPort, secret, to: `sip:${ELSEWHERE}@127.0.0.1:${carrierPort}` });
  await firstMessage(app);
  return {
    port: addresses.sipPorts.udp,
    pid: app.pid,
    stop: () => {
      app.disconnect();
      server.disconnect();
    },
  };
}

const callerFile = () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'bench-caller-')), 'caller.xml');
  writeFileSync(file, CALLER);
  return file;
};
const scenario = ['-sf', callerFile()];

/** Processor time of one process for a call at a rate that both applications take. */
async function microsACall(start, carrierPort, rate) {
  const { port, pid, stop } = await start(carrierPort);
  try {
    await sippStep({ port, core: generatorCore, rate, seconds: quick ? 3 : 8, scenario });
    const before = processCpuMicros(pid);
    const step = await sippStep({ port, core: generatorCore, rate, seconds: quick ? 3 : 8, scenario });
    return Math.round((processCpuMicros(pid) - before) / Math.max(1, step.calls));
  } finally {
    await stop();
  }
}

async function bench() {
  if (!hasProgram('sipp') || !hasProgram('taskset')) throw new Error('sipp or taskset is missing, nothing was measured');
  const carrier = await startSippAnswering(generatorCore);
  let overload = Number.NaN;
  let cleanRate = 0;
  try {
    const result = await ratioRun({
      name: 'P8 two-party calls through the service on one core',
      unit: 'calls/s',
      goal: goalRatio,
      quick,
      runLimit: () => sippToSipp({ seconds, tolerance, retry: !quick }),
      runProduct: async () => {
        const service = await startService(carrier.port);
        try {
          const at = { port: service.port, core: generatorCore, scenario };
          await sippStep({ ...at, rate: 40, seconds: quick ? 3 : 8 });
          const best = await sippCleanRate({ ...at, low: 10, high: 1_200, seconds, tolerance, retry: !quick });
          cleanRate = Math.max(cleanRate, best.rate);
          const offered = await sippStep({ ...at, rate: Math.max(10, Math.round(best.rate * 1.5)), seconds });
          overload = offered.calls / Math.max(1, best.rate * seconds);
          return { figure: best.rate, note: `at half as much again ${offered.calls} calls done, ${offered.failed} not` };
        } finally {
          await service.stop();
        }
      },
    });
    const rate = Math.max(10, Math.round(cleanRate * 0.5));
    const bare = await microsACall(startBare, carrier.port, rate);
    const ours = await microsACall(startService, carrier.port, rate);
    const added = ours / bare - 1;
    const checks = [
      { name: `P9 our application beyond a bare B2BUA (${ours} us against ${bare} us a call)`, figure: added, goal: goalAdded, unit: '', passed: added <= goalAdded },
      { name: 'P10 calls done at half as much again, of the clean rate', figure: overload, goal: goalOverload, unit: '', passed: overload >= goalOverload },
    ];
    for (const { name, figure, goal } of checks) print(`${name}: ${figure.toFixed(3)} (goal ${goal})`);
    return { ...result, checks, passed: result.passed && checks.every(({ passed }) => passed) };
  } finally {
    carrier.stop();
    for (const file of readdirSync(path.dirname(scenario[1]))) rmSync(path.join(path.dirname(scenario[1]), file));
  }
}

void runBench('P8', bench);
