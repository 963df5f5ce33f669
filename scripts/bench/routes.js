#!/usr/bin/env node
'use strict';
// P3: routes chosen a second (the best 6 of 20 carriers, with trunks out of use and weights), as a ratio to P2's single rate look-ups.
// node scripts/bench/routes.js [--quick]      needs dist/ (npm run build)

const { monitorEventLoopDelay } = require('node:perf_hooks');
const { DeckCompiler } = require('../../dist/billing/rating/compiled-deck');
const { buildRouteTable, ROUTES_KEPT } = require('../../dist/trunks/route-table');
const { COMPARED_SECONDS, talkCostMicros } = require('../../dist/trunks/trunk-cost');
const { print, ratioRun, runBench } = require('./measure');
const { itemsPerSecond, makeCalls, makeDeck, naiveLookup, seededRandom } = require('./rating-fixtures');

const goalRatio = 0.5;
const CARRIERS = 20;
/** Share of the prefixes that a carrier has a price for: 1.6 million prices in all. */
const SHARE = 0.4;
/** Rates that come at a time. */
const PAGE = 100;
/** Numbers that are checked against twenty separate look-ups. */
const CHECKED = 20_000;
/** Trunks that are out of use while routes are chosen. */
const OUT_OF_USE = [3, 11];

const quick = process.argv.includes('--quick');

/** The rates that are valid now, one a prefix. */
function firstPrices(deck) {
  return deck.filter((rate, index) => rate.prefix !== deck[index - 1]?.prefix);
}

function carrierDecks(random, rates) {
  return Array.from({ length: CARRIERS }, () => {
    const factor = 0.7 + random() * 0.6;
    // Prices of one destination go together, as carriers make them.
    const priceOf = new Map();
    return rates.flatMap((rate) => {
      if (random() >= SHARE) return [];
      const known =
        priceOf.get(rate.destination) ??
        Math.round(rate.pricePerMinuteMicros * factor * (0.9 + random() * 0.2));
      priceOf.set(rate.destination, known);
      return [{ prefix: rate.prefix, cost: { ...rate, pricePerMinuteMicros: known } }];
    });
  });
}

/** A deck in pages, as the database gives it. */
async function* pagesOf(deck) {
  for (let from = 0; from < deck.length; from += PAGE) yield deck.slice(from, from + PAGE);
}

/** Builds the table and gives the longest time in which nothing else had its turn. */
async function build(decks) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const startedAt = performance.now();
  const table = await buildRouteTable(decks.map(pagesOf));
  const seconds = (performance.now() - startedAt) / 1_000;
  delays.disable();
  return { table, seconds, longestMs: delays.max / 1e6 };
}

/** Twenty look-ups and a sort: what the table must agree with. */
function slowRoutes(lookups, digits, usable) {
  return lookups
    .flatMap((find, trunk) => {
      const rate = find(digits);
      return rate === null ? [] : [{ trunk, micros: talkCostMicros(rate.cost, COMPARED_SECONDS) }];
    })
    .toSorted((left, right) => left.micros - right.micros || left.trunk - right.trunk)
    .slice(0, ROUTES_KEPT)
    .filter(({ trunk }) => usable[trunk] === 1)
    .map(({ micros }) => micros);
}

async function bench() {
  const random = seededRandom(1);
  const deck = makeDeck(random);
  const calls = makeCalls(random, deck);
  const compiler = new DeckCompiler();
  for (const rate of deck) compiler.add(rate);
  const compiled = compiler.finish('bench', 1);
  const decks = carrierDecks(random, firstPrices(deck));
  const { table, seconds, longestMs } = await build(decks);
  const usable = new Uint8Array(256).fill(1);
  for (const trunk of OUT_OF_USE) usable[trunk] = 0;
  const weights = Uint8Array.from({ length: 256 }, (_, trunk) => 1 + (trunk % 7));
  const by = { usable, weights, lot: 0.5 };
  const into = new Uint32Array(ROUTES_KEPT);
  let found = 0;
  const single = () => {
    for (const { digits, atMs } of calls) found += compiled.find(digits, atMs) === null ? 0 : 1;
  };
  const product = () => {
    for (const { digits } of calls) found += table.pick(digits, by, into);
  };
  const forMs = quick ? 500 : 3_000;
  itemsPerSecond(single, calls.length, forMs);
  itemsPerSecond(product, calls.length, forMs);
  const result = await ratioRun({
    name: 'P3 routes: the best 6 of 20 carriers for a number by one core, against single rate look-ups (P2)',
    unit: 'a second',
    goal: goalRatio,
    quick,
    runLimit: async () => ({ figure: itemsPerSecond(single, calls.length, forMs) }),
    runProduct: async () => ({ figure: itemsPerSecond(product, calls.length, forMs) }),
  });
  const lookups = decks.map((rates) => naiveLookup(rates));
  const agree = calls.slice(0, CHECKED).every(({ digits }) => {
    const count = table.pick(digits, by, into);
    const routes = Array.from(into.subarray(0, count), (number) => table.route(number).comparedMicros);
    return routes.join() === slowRoutes(lookups, digits, usable).join();
  });
  const prices = decks.reduce((sum, rates) => sum + rates.length, 0);
  print(
    `  ${prices} prices in ${table.intervalCount} intervals, ${(table.indexBytes / 1024 / 1024).toFixed(1)} MB, built in ${seconds.toFixed(1)} s, others waited ${longestMs.toFixed(1)} ms at most`,
  );
  print(
    `  ${CHECKED} numbers ${agree ? 'agree' : 'DO NOT AGREE'} with twenty separate look-ups (${found} routes seen)`,
  );
  return {
    ...result,
    agree,
    intervals: table.intervalCount,
    buildSeconds: seconds,
    passed: result.passed && agree,
  };
}

void runBench('P3', bench);
