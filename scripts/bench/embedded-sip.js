'use strict';
// P7: calls a second that the embedded SIP server with a bare drachtio-srf application takes on one core, against SIPp answering SIPp.
// node scripts/bench/embedded-sip.js [--quick]      needs dist/ (npm run build), sipp and taskset
const {
  hasProgram,
  pinToCore,
  processCpuMicros,
  ratioRun,
  runBench,
  sippCleanRate,
  sippStep,
  sippToSipp,
} = require('./measure');
const { startBarePair } = require('./bare-pair');

const productCore = 0;
const generatorCore = 1;
const goalRatio = 0.077;
const goalMicrosPerCall = 180;
const quick = process.argv.includes('--quick');
const seconds = quick ? 1 : 4;
const tolerance = quick ? 0.2 : 0.04;
/** Calls before measuring, so that the compiler is done. */
const warmUp = { rate: 800, seconds: quick ? 3 : 10 };

const startProduct = () =>
  startBarePair({ appFile: 'embedded-sip-app.js', pin: (pid) => pinToCore(pid, productCore) });

async function runProduct() {
  const { port, server, app, stop } = await startProduct();
  let cost;
  const aroundStep = async (run) => {
    const before = [server, app].map(({ pid }) => processCpuMicros(pid));
    const step = await run();
    const spent = [server, app].map(({ pid }, at) => processCpuMicros(pid) - before[at]);
    if (step.clean) cost = spent.map((micros) => Math.round(micros / step.calls));
    return step;
  };
  try {
    await sippStep({ port, core: generatorCore, ...warmUp });
    const best = await sippCleanRate({
      port,
      core: generatorCore,
      low: 600,
      high: 4_600,
      seconds,
      tolerance,
      retry: !quick,
      aroundStep,
    });
    const [serverMicros, appMicros] = cost ?? [Number.NaN, Number.NaN];
    return {
      figure: best.rate,
      serverMicros,
      note: `server ${serverMicros} us CPU/call (goal ${goalMicrosPerCall}), application ${appMicros} us CPU/call`,
    };
  } finally {
    stop();
  }
}

async function bench() {
  if (!hasProgram('sipp') || !hasProgram('taskset')) {
    throw new Error('sipp or taskset is missing, nothing was measured');
  }
  let serverMicros = Number.NaN;
  const result = await ratioRun({
    name: 'P7 embedded SIP server',
    unit: 'calls/s',
    goal: goalRatio,
    quick,
    runLimit: () => sippToSipp({ seconds, tolerance, retry: !quick }),
    runProduct: async () => {
      const run = await runProduct();
      serverMicros = run.serverMicros;
      return run;
    },
  });
  const wanted = quick ? goalMicrosPerCall * 2 : goalMicrosPerCall;
  const cheap = serverMicros <= wanted;
  const checks = [
    {
      name: 'P7 server process, CPU of a call',
      figure: serverMicros,
      goal: wanted,
      unit: 'us',
      passed: cheap,
    },
  ];
  return { ...result, checks, passed: result.passed && cheap };
}

void runBench('P7', bench);
