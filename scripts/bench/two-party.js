'use strict';
// P8, P9, P10: two-party calls a second through the whole service on one core (trunks by cost, hold, journal, media legs), what our application
// adds to a bare drachtio-srf B2BUA, and what is left of it when half as much again is offered.
// node scripts/bench/two-party.js [--quick]      needs dist/ (npm run build), sipp and taskset
// node scripts/bench/two-party.js --at RATE      only what a call costs each process at that rate; BENCH_PROFILE=folder writes profiles there
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const {
  hasProgram,
  print,
  processCpuMicros,
  ratioRun,
  runBench,
  sippStep,
  sippToSipp,
  startSippAnswering,
} = require('./measure');
const { startBare, startService } = require('./two-party-service');

const generatorCore = 1;
const goalRatio = 0.021;
/** What our application may take beyond a bare one (P9). */
const goalAdded = 0.25;
/** What must be left of the clean rate when half as much again is offered, and how soon nothing may fail any more after it (P10). */
const goalOverload = 0.8;
const overloadFactor = 1.5;
const settleMs = 5_000;
const quick = process.argv.includes('--quick');
const seconds = quick ? 3 : 6;
const tolerance = quick ? 0.2 : 0.05;
/** Calls before measuring, so that the compiler is done. */
const warmUp = { rate: 10, seconds: quick ? 8 : 40 };
/**
 * 99 % of the calls of a clean step are set up within this. The 10 ms that the limit is measured with are for signalling alone: here a call
 * is noted on disk and paid for before it rings, and gets two legs on the media server.
 */
const setupMs = 200;
const lowestRate = 4;
const highestRate = 1_600;
const scenario = ['-sf', path.join(__dirname, 'two-party-caller.xml')];

const step = (port, rate, duration = seconds) =>
  sippStep({ port, core: generatorCore, rate, seconds: duration, scenario, setupMs });

/** Two kinds of 503 do not make a clean step: it refused. */
const isClean = ({ clean, refused }) => clean && refused === 0;

/**
 * The highest clean rate: doubled from the lowest while it stays clean, then by halves. An overload in between would be what the next step is
 * measured in, so after each step that was not clean nothing is asked for a while.
 */
async function cleanRate(port) {
  const attempt = async (rate) => {
    for (let tries = quick ? 1 : 2; tries > 0; tries--) {
      const taken = await step(port, rate);
      if (process.env.BENCH_LOG) print(`  ${JSON.stringify(taken)}`);
      if (isClean(taken)) return true;
      await sleep(settleMs);
    }
    return false;
  };
  let floor = 0;
  let ceiling = lowestRate;
  while (ceiling < highestRate && (await attempt(ceiling))) [floor, ceiling] = [ceiling, ceiling * 2];
  if (floor === 0) return 0;
  while ((ceiling - floor) / ceiling > tolerance && ceiling - floor > 1) {
    const rate = Math.round((floor + ceiling) / 2);
    if (await attempt(rate)) floor = rate;
    else ceiling = rate;
  }
  return floor;
}

/** P10: what is completed at half as much again, and whether all is well after five seconds at a rate that was clean before. */
async function overload(port, clean) {
  const offered = Math.max(clean + 1, Math.round(clean * overloadFactor));
  const { calls, refused, failed } = await step(port, offered, seconds * 2);
  await sleep(settleMs);
  const after = await step(port, Math.max(1, Math.round(clean * 0.5)));
  const completed = calls - refused;
  return {
    completed,
    refused,
    failed,
    share: clean === 0 ? 0 : completed / (clean * seconds * 2),
    recovered: after.failed === 0 && after.refused === 0,
  };
}

/** Processor time of each process for a call at a rate that both applications take. */
async function microsACall(start, carrierPort, rate) {
  const { port, processes, stop } = await start(carrierPort);
  try {
    await step(port, Math.min(rate, warmUp.rate), warmUp.seconds);
    const before = processes.map(({ pid }) => processCpuMicros(pid));
    const taken = await step(port, rate, seconds * 2);
    const spent = processes.map(({ name, pid }, at) => {
      const micros = Math.round((processCpuMicros(pid) - before[at]) / Math.max(1, taken.calls));
      return { name, micros };
    });
    return { spent, taken };
  } finally {
    await stop();
  }
}

const told = (spent) => spent.map(({ name, micros }) => `${name} ${micros} us`).join(', ');

function requirePrograms() {
  if (!hasProgram('sipp') || !hasProgram('taskset'))
    throw new Error('sipp or taskset is missing, nothing was measured');
}

async function bench() {
  requirePrograms();
  const carrier = await startSippAnswering(generatorCore);
  const runs = [];
  try {
    const result = await ratioRun({
      name: 'P8 two-party calls through the service on one core',
      unit: 'calls/s',
      goal: goalRatio,
      quick,
      runLimit: () => sippToSipp({ seconds: quick ? 1 : 4, tolerance, retry: !quick }),
      runProduct: async () => {
        const service = await startService(carrier.port);
        try {
          await step(service.port, warmUp.rate, warmUp.seconds);
          await sleep(settleMs);
          const clean = await cleanRate(service.port);
          const beyond = await overload(service.port, clean);
          runs.push({ clean, beyond });
          const { completed, refused, failed, recovered } = beyond;
          return {
            figure: clean,
            note: `at half as much again ${completed} calls completed, ${refused} refused with 503 and Retry-After, ${failed} failed; ${recovered ? 'none' : 'some'} failed after 5 s`,
          };
        } finally {
          await service.stop();
        }
      },
    });
    const rate = Math.max(1, Math.round(result.figure * 0.5));
    const bare = await microsACall(startBare, carrier.port, rate);
    const ours = await microsACall(startService, carrier.port, rate);
    print(`  at ${rate} calls/s: service ${told(ours.spent)}; bare ${told(bare.spent)}`);
    return judged(result, { bare: bare.spent[0].micros, ours: ours.spent[0].micros, runs });
  } finally {
    carrier.stop();
  }
}

function judged(result, { bare, ours, runs }) {
  const added = ours / bare - 1;
  const worst = Math.min(...runs.map(({ beyond }) => beyond.share));
  const lost = Math.max(...runs.map(({ beyond }) => beyond.failed));
  const wantedShare = quick ? goalOverload / 2 : goalOverload;
  const checks = [
    {
      name: `P9 application beyond a bare B2BUA (${ours} us, ${bare} us)`,
      figure: added,
      goal: quick ? goalAdded * 2 : goalAdded,
      unit: '',
    },
    {
      name: 'P10 not completed of the clean rate, overloaded',
      figure: 1 - worst,
      goal: 1 - wantedShare,
      unit: '',
    },
    { name: 'P10 neither completed nor refused', figure: lost, goal: 0, unit: 'calls' },
    {
      name: 'P10 runs that still failed 5 s after',
      figure: runs.filter(({ beyond }) => !beyond.recovered).length,
      goal: 0,
      unit: '',
    },
  ].map((check) => ({ ...check, passed: check.figure <= check.goal }));
  for (const { name, figure, goal } of checks)
    print(`  ${name}: ${figure.toFixed(2)} (at most ${goal.toFixed(2)})`);
  return { ...result, checks, passed: result.passed && checks.every(({ passed }) => passed) };
}

/** What a call costs at one rate, without any judgement. */
async function oneRate(rate) {
  requirePrograms();
  const carrier = await startSippAnswering(generatorCore);
  try {
    for (const start of process.argv.includes('--bare') ? [startBare] : [startService]) {
      const { spent, taken } = await microsACall(start, carrier.port, rate);
      print(`${told(spent)} a call; ${JSON.stringify(taken)}`);
    }
  } finally {
    carrier.stop();
  }
}

const at = process.argv.indexOf('--at');
if (at >= 0) void oneRate(Number(process.argv[at + 1]));
else void runBench('P8', bench);
