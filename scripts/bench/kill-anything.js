#!/usr/bin/env node
'use strict';
// kill -9 of application, embedded SIP server, embedded media server and database in the middle of calls by SIPp; after every point: no CDR
// lost or doubled, the ledger at zero, no hold and no leg left over. The story is test/scenarios/process-is-killed.test.ts.
// node scripts/bench/kill-anything.js [--points 1000] [--calls 50] [--seed 1]      needs dist/ (npm run build), mariadbd and sipp

const { spawn } = require('node:child_process');
const { resolve } = require('node:path');
const { parseArgs } = require('node:util');

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '1000' },
    calls: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
});

const story = spawn(
  'npx',
  ['jest', '--selectProjects', 'scenarios', '--runInBand', '--testPathPatterns', 'process-is-killed'],
  {
    cwd: resolve(__dirname, '../..'),
    stdio: 'inherit',
    env: {
      ...process.env,
      KILL_POINTS: values.points,
      KILL_CALLS: values.calls,
      KILL_SEED: values.seed,
      KILL_PROVE_EVERY: '1',
    },
  },
);
story.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
