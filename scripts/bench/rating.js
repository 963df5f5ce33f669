#!/usr/bin/env node
'use strict';
// P1: calls rated a second by one core, as a ratio to naive lookups of the same numbers in the same deck. The deck has time bands, grace and an
// upper bound beside connect fee, minimum, blocks and dates.
// node scripts/bench/rating.js [--quick]      needs dist/ (npm run build)

const { DeckCompiler } = require('../../dist/billing/rating/compiled-deck');
const { rateCall } = require('../../dist/billing/rating/rate-call');
const { BandClock } = require('../../dist/billing/rating/time-bands');
const { print, ratioRun, runBench } = require('./measure');
const {
  CALENDAR,
  itemsPerSecond,
  makeCalls,
  makeDeck,
  naiveLookup,
  seededRandom,
  slowTotalMicros,
} = require('./rating-fixtures');

/** Stretch: 1.0. */
const goalRatio = 0.4;

const quick = process.argv.includes('--quick');
const random = seededRandom(1);
const deck = makeDeck(random);
const calls = makeCalls(random, deck);

const compiler = new DeckCompiler(0, new BandClock(CALENDAR));
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

async function bench() {
  const forMs = quick ? 500 : 3_000;
  itemsPerSecond(lookUpAll, calls.length, forMs);
  itemsPerSecond(rateAll, calls.length, forMs);
  const result = await ratioRun({
    name: 'P1 rating: calls rated by one core, against naive Map-by-length lookups',
    unit: 'a second',
    goal: goalRatio,
    quick,
    runLimit: async () => ({ figure: itemsPerSecond(lookUpAll, calls.length, forMs) }),
    runProduct: async () => ({ figure: itemsPerSecond(rateAll, calls.length, forMs) }),
  });
  const oracle = slowTotalMicros(deck, calls);
  const correct = total === oracle && found === calls.length;
  print(
    `  ${calls.length} calls cost ${total} micros, worked out slowly ${oracle}: ${correct ? 'equal' : 'WRONG'}`,
  );
  return { ...result, totalMicros: String(total), passed: result.passed && correct };
}

void runBench('P1', bench);
