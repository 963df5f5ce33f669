'use strict';
// Shared by the benches: runs of limit and product in turn, SIPp's clean rate, CPU time of a process. Linux only; says so elsewhere.
const { execFileSync, spawn } = require('node:child_process');
const { createSocket } = require('node:dgram');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

/** Limits of one measurement may differ by so much; above it the machine was not quiet and the result is void. */
const limitSpread = 0.1;
/** Cores that other programs may use right before and right after a measurement; above it the result is void too. */
const foreignCoresMax = 0.3;
/** How long is listened whether others use the machine. The load average would remember our own last bench for minutes. */
const listenMs = 2_000;
/** Exit code of a bench that measured but could not judge: 0 says reached, 1 missed. */
const voidRun = 2;

/** SIPp's sockets at their default lose packets whenever the other core pauses, and then SIPp itself is what is measured. */
const sippBufferBytes = 4 * 1024 * 1024;

function print(text) {
  process.stdout.write(`${text}\n`);
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What a result must be read with: processor, cores, versions, load. */
function machine() {
  const cpu = os.cpus();
  return {
    cpu: cpu[0]?.model.trim() ?? 'unknown',
    cores: cpu.length,
    node: process.version,
    load: os.loadavg()[0],
  };
}

/** CPU time of a process and its live threads so far, in microseconds. */
function processCpuMicros(pid) {
  let nanos = 0;
  for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanos / 1000;
}

/** Command and arguments that run a program on one core only. */
function onCore(core, command, args) {
  return { command: 'taskset', args: ['-c', String(core), command, ...args] };
}

/** Moves a running process with all its threads to one core. */
function pinToCore(pid, core) {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' });
}

function hasProgram(name) {
  try {
    execFileSync(name, ['-v'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return error.code !== 'ENOENT';
  }
}

/**
 * Runs limit and product in turn (limit first and last) and judges the product by the median of its ratios to the limits next to it.
 * `runLimit` and `runProduct` give { figure, note? }; `goal` is the smallest ratio that passes, halved in quick mode.
 */
async function ratioRun({ name, unit = '', goal, runLimit, runProduct, quick = false }) {
  const before = machine();
  const rounds = quick ? 1 : 2;
  const limits = [await runLimit()];
  const products = [];
  for (let round = 0; round < rounds; round++) {
    products.push(await runProduct());
    limits.push(await runLimit());
  }
  const ratios = products.flatMap((product, at) =>
    [limits[at], limits[at + 1]].map((limit) => product.figure / limit.figure),
  );
  const figures = limits.map(({ figure }) => figure);
  const spread = (Math.max(...figures) - Math.min(...figures)) / median(figures);
  const wanted = quick ? goal / 2 : goal;
  const result = {
    name,
    figure: median(products.map(({ figure }) => figure)),
    limit: median(figures),
    unit,
    ratio: median(ratios),
    goal: wanted,
    limitSpread: spread,
    noisy: spread > limitSpread,
    passed: median(ratios) >= wanted,
    notes: products.map(({ note }) => note).filter((note) => note !== undefined),
    machine: before,
  };
  print(`${name}: ${result.figure.toFixed(0)} ${unit}, limit ${result.limit.toFixed(0)} ${unit}`);
  print(
    `  ratio ${(result.ratio * 100).toFixed(1)} %, goal ${(wanted * 100).toFixed(1)} %${quick ? ' (quick: half the floor)' : ''}`,
  );
  for (const note of result.notes) print(`  ${note}`);
  return result;
}

/** Seconds that all cores together were busy since the machine started. */
function busySeconds() {
  return (
    os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1_000
  );
}

/** Cores that programs use while this one does nothing. */
async function foreignCores() {
  const [busyBefore, startedAtMs] = [busySeconds(), performance.now()];
  await sleep(listenMs);
  return (busySeconds() - busyBefore) / ((performance.now() - startedAtMs) / 1_000);
}

/**
 * Runs one bench as a program: prints its result as a last line of JSON with a verdict (reached, missed, void) and sets the exit
 * code. `bench` gives what ratioRun gives, and in `checks` what else must hold: { name, figure, goal, unit, passed }.
 */
async function runBench(name, bench) {
  try {
    const before = await foreignCores();
    const result = await bench();
    const others = Math.max(before, await foreignCores());
    const isQuiet = others <= foreignCoresMax && !result.noisy;
    if (!isQuiet)
      print(
        `  void: the machine is not quiet (others use ${others.toFixed(2)} cores, limits differ by ${((result.limitSpread ?? 0) * 100).toFixed(0)} %)`,
      );
    const verdict = !isQuiet ? 'void' : result.passed ? 'reached' : 'missed';
    print(JSON.stringify({ ...result, foreignCores: others, verdict }));
    process.exitCode = verdict === 'reached' ? 0 : verdict === 'missed' ? 1 : voidRun;
  } catch (error) {
    print(`${name} failed: ${error.message}`);
    process.exitCode = 1;
  }
}

/** The last line of a SIPp statistics file by column name. */
function lastStatistics(file) {
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  const names = lines[0].split(';');
  const values = lines.at(-1).split(';');
  return Object.fromEntries(names.map((name, at) => [name, values[at]]));
}

/** Calls of a run that were set up within so many milliseconds; undefined when the scenario does not say. */
function setUpWithin(line, setupMs) {
  const bounds = Object.keys(line).map((name) => [
    name,
    Number(/^ResponseTimeRepartition1_<(\d+)$/.exec(name)?.[1]),
  ]);
  const within = bounds.filter(([, bound]) => bound <= setupMs);
  return within.length === 0 ? undefined : within.reduce((sum, [name]) => sum + Number(line[name]), 0);
}

/**
 * One SIPp run at a fixed rate: clean when no call failed, nothing was sent twice and 99 % were set up within `setupMs` (RFC 7502), which
 * must be a bound of the scenario's ResponseTimeRepartition. `refused`
 * is the scenario's counter of that name: of the calls done, those that were told to come again.
 */
function sippStep({ port, core, rate, seconds, scenario = ['-sn', 'uac'], extra = [], setupMs = 10 }) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-sipp-'));
  const calls = Math.round(rate * seconds);
  const load = [
    '-r',
    String(rate),
    '-m',
    String(calls),
    '-l',
    '15000',
    '-d',
    '0',
    '-buff_size',
    String(sippBufferBytes),
  ];
  const bounds = ['-timeout', String(seconds + 3), '-recv_timeout', '2000', '-nostdin'];
  const statistics = ['-trace_stat', '-stf', 'stat.csv', '-fd', '1'];
  const { command, args } = onCore(core, 'sipp', [
    `127.0.0.1:${port}`,
    ...scenario,
    '-i',
    '127.0.0.1',
    ...load,
    ...bounds,
    ...statistics,
    ...extra,
  ]);
  const startedAtMs = performance.now();
  const child = spawn(command, args, { cwd: directory, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      const tookSeconds = (performance.now() - startedAtMs) / 1000;
      try {
        const line = lastStatistics(path.join(directory, 'stat.csv'));
        const done = Number(line['SuccessfulCall(C)']);
        const failed = Number(line['FailedCall(C)']);
        const repeated = Number(line['Retransmissions(C)']);
        const quick = setUpWithin(line, setupMs) ?? done;
        const onTime = tookSeconds < seconds * 1.1 + 1;
        resolve({
          rate,
          calls: done,
          failed,
          repeated,
          refused: Number(line['refused(C)'] ?? 0),
          clean: done >= calls && failed === 0 && repeated === 0 && quick >= 0.99 * done && onTime,
        });
      } catch {
        resolve({ rate, calls: 0, failed: calls, repeated: 0, refused: 0, clean: false });
      } finally {
        fs.rmSync(directory, { recursive: true, force: true });
      }
    });
  });
}

/**
 * Highest clean call rate against a SIP port, by binary search between `low` and `high` (calls a second). `aroundStep(run)` may measure
 * what a step costs: it gets the step as a function and gives its result. With `retry` a failed step is tried once more: a
 * single hiccup is not the limit.
 */
async function sippCleanRate({
  port,
  core,
  low,
  high,
  seconds = 3,
  tolerance = 0.04,
  scenario,
  extra,
  retry = true,
  aroundStep = (run) => run(),
}) {
  let best;
  let [floor, ceiling] = [low, high];
  const attempt = (rate) => aroundStep(() => sippStep({ port, core, rate, seconds, scenario, extra }));
  while ((ceiling - floor) / ceiling > tolerance) {
    const rate = Math.round((floor + ceiling) / 2);
    let step = await attempt(rate);
    if (!step.clean && retry) step = await attempt(rate);
    if (step.clean) {
      best = step;
      floor = rate;
    } else ceiling = rate;
  }
  return best ?? { rate: 0, calls: 0, clean: false };
}

/** A UDP port of this machine that nobody has. */
function freePort() {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** SIPp answering every call, on one core. */
async function startSippAnswering(core) {
  const port = await freePort();
  const words = [
    '-sn',
    'uas',
    '-i',
    '127.0.0.1',
    '-p',
    String(port),
    '-nostdin',
    '-buff_size',
    String(sippBufferBytes),
  ];
  const { command, args } = onCore(core, 'sipp', words);
  const uas = spawn(command, args, { stdio: 'ignore' });
  await sleep(500);
  return { port, stop: () => uas.kill('SIGKILL') };
}

/** The limit of signalling: the clean rate at which SIPp calls SIPp, each on a core of its own. */
async function sippToSipp({ answeringCore = 0, callingCore = 1, seconds, tolerance, retry }) {
  const uas = await startSippAnswering(answeringCore);
  try {
    const range = { low: 1_000, high: 40_000 };
    const best = await sippCleanRate({
      port: uas.port,
      core: callingCore,
      ...range,
      seconds,
      tolerance,
      retry,
    });
    return { figure: best.rate };
  } finally {
    uas.stop();
  }
}

module.exports = {
  freePort,
  hasProgram,
  lastStatistics,
  machine,
  median,
  onCore,
  pinToCore,
  print,
  processCpuMicros,
  ratioRun,
  runBench,
  sippBufferBytes,
  sippCleanRate,
  sippStep,
  sippToSipp,
  startSippAnswering,
};
