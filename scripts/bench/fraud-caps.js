#!/usr/bin/env node
'use strict';
// How many synthetic legal calls the caps against fraud refuse, and what a judgement costs. Not timed against a limit: it counts.
// node scripts/bench/fraud-caps.js [--quick]      needs dist/ (npm run build)
const { programCaps } = require('../../dist/billing/fraud-caps/caps');
const { judgeCall } = require('../../dist/billing/fraud-caps/judge-call');
const { dayNumber, isNight } = require('../../dist/billing/fraud-caps/local-time');
const { hitsOfLegalCalls } = require('./legal-traffic');
const { print } = require('./measure');

/** At most one legal call in a thousand is hit. */
const goalShare = 0.001;
const calls = process.argv.includes('--quick') ? 50_000 : 500_000;

const startedAtMs = performance.now();
const hits = hitsOfLegalCalls({
  seed: 7,
  calls,
  caps: { ...programCaps('EUR'), homeCountries: ['BE'] },
  zone: 'Europe/Brussels',
  rules: { judgeCall, dayNumber, isNight },
});
const microsEach = ((performance.now() - startedAtMs) * 1_000) / calls;
const refused = Object.values(hits).reduce((sum, count) => sum + count, 0);
const share = refused / calls;
print(`fraud caps: ${refused} of ${calls} synthetic legal calls refused (${(share * 100).toFixed(3)} %)`);
print(`  by cap: ${JSON.stringify(hits)}; ${microsEach.toFixed(1)} µs a call with its making`);
const passed = share <= goalShare;
print(
  JSON.stringify({
    name: 'fraud-caps',
    figure: share,
    goal: goalShare,
    passed,
    verdict: passed ? 'reached' : 'missed',
  }),
);
process.exitCode = passed ? 0 : 1;
