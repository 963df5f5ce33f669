#!/usr/bin/env node
'use strict';
// P1: calls rated a second by one core, as a ratio to naive lookups of the same numbers in the same deck.

const { DeckCompiler } = require('../../dist/billing/rating/compiled-deck');
const { rateCall } = require('../../dist/billing/rating/rate-call');
const { makeCalls, makeDeck, naiveLookup, seededRandom, slowTotalMicros } = require('./rating-fixtures');
const { ratioRun } = require('./rating-measure');

const FLOOR = 0.4;
const STRETCH = 1.0;

const quick = process.argv.includes('--quick');
const random = seededRandom(1);
const deck = makeDeck(random);
const calls = makeCalls(random, deck);

const compiler = new DeckCompiler();
for (const rate of deck) compiler.add(rate);
const compiled = compiler.finish('bench', 1);
const naive = naiveLookup(deck);

let total = 0n;
function rateAll() {
  total = 0n;
  for (const call of calls)
    total += rateCall(compiled.find(call.digits, call.atMs), call.talkSeconds).charge.amountMicros;
}

let found = 0;
function lookUpAll() {
  found = 0;
  for (const call of calls) found += naive(call.digits) === null ? 0 : 1;
}

const result = ratioRun({ limit: lookUpAll, product: rateAll, count: calls.length, quick });
const oracle = slowTotalMicros(deck, calls);
const goal = quick ? FLOOR / 2 : FLOOR;
const correct = total === oracle && found === calls.length;
const report = {
  bench: 'P1 rating',
  calls: calls.length,
  rates: deck.length,
  ratedPerSecond: Math.round(result.productPerSecond),
  limit: 'naive Map-by-length lookups a second',
  limitPerSecond: Math.round(result.limitPerSecond),
  ratio: Number(result.ratio.toFixed(3)),
  goal: `>= ${goal} (floor ${FLOOR}, stretch ${STRETCH})`,
  limitSpread: Number(result.limitSpread.toFixed(3)),
  steady: result.steady,
  checksumMicros: total.toString(),
  oracleMicros: oracle.toString(),
  passed: correct && result.ratio >= goal,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exitCode = report.passed ? 0 : 1;
