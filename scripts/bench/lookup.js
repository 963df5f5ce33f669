#!/usr/bin/env node
'use strict';
// P2: rate lookups a second as a ratio to naive ones, the size of the index, and what a lookup waits while a new deck is brought in.
// node scripts/bench/lookup.js [--quick]      needs dist/ (npm run build)

const { fork } = require('node:child_process');
const { createReadStream, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { importRateDeck } = require('../../dist/billing/rating/import-rate-deck');
const { RateBook, rateBookOf } = require('../../dist/billing/rating/rate-book');
const { createDeck } = require('../../dist/billing/rating/decks-store');
const { setCalendar } = require('../../dist/billing/rating/publish-version');
const { findDeckHead } = require('../../dist/billing/rating/rates-store');
const { DeckCompiler } = require('../../dist/billing/rating/compiled-deck');
const { openDatabase } = require('../../dist/store/database');
const { runMigrations } = require('../../dist/store/run-migrations');
const { BandClock } = require('../../dist/billing/rating/time-bands');
const { print, ratioRun, runBench } = require('./measure');
const {
  CALENDAR,
  itemsPerSecond,
  makeCalls,
  makeDeck,
  naiveLookup,
  seededRandom,
  toCsv,
} = require('./rating-fixtures');

const goalRatio = 4;
const mostMb = 8;
const mostDelayMs = 5;
/** Numbers looked up in turn during a swap. */
const swapNumbers = 2_000;

const quick = process.argv.includes('--quick');

async function measureLookups(deck, calls) {
  const compiler = new DeckCompiler(0, new BandClock(CALENDAR));
  for (const rate of deck) compiler.add(rate);
  const compiled = compiler.finish('bench', 1);
  const naive = naiveLookup(deck);
  let found = 0;
  let naiveFound = 0;
  const naively = () => {
    naiveFound = 0;
    for (const { digits } of calls) naiveFound += naive(digits) === null ? 0 : 1;
  };
  const product = () => {
    found = 0;
    for (const { digits, atMs } of calls) found += compiled.find(digits, atMs) === null ? 0 : 1;
  };
  const forMs = quick ? 500 : 3_000;
  itemsPerSecond(naively, calls.length, forMs);
  itemsPerSecond(product, calls.length, forMs);
  const result = await ratioRun({
    name: 'P2 lookup: rates found by one core, against naive Map-by-length lookups',
    unit: 'a second',
    goal: goalRatio,
    quick,
    runLimit: async () => ({ figure: itemsPerSecond(naively, calls.length, forMs) }),
    runProduct: async () => ({ figure: itemsPerSecond(product, calls.length, forMs) }),
  });
  const agree =
    found === naiveFound &&
    calls.every(({ digits, atMs }) => compiled.find(digits, atMs)?.prefix === naive(digits)?.prefix);
  return { ...result, agree, indexMb: compiled.indexBytes / 1024 / 1024 };
}

/** In a process of its own: the fixtures of the other measurement would be walked by its garbage collector, as no service has them. */
function measureSwapApart() {
  const child = fork(__filename, ['--swap', ...(quick ? ['--quick'] : [])]);
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the swap could not be measured, exit code ${code}`)));
  });
}

/** Brings a deck into SQLite as an operator does, then compiles it again and again while numbers are looked up without pause. */
async function measureSwap() {
  const { csv: text, rateCount, calls } = makeSwapFixtures();
  const folder = mkdtempSync(path.join(tmpdir(), 'lookup-bench-'));
  const database = await openDatabase(`sqlite:${folder}/bench.db`);
  try {
    await runMigrations(database, path.join(__dirname, '../../sql'));
    const csv = path.join(folder, 'deck.csv');
    writeFileSync(csv, text);
    const deckOf = { name: 'bench', currency: 'EUR', chargeDecimals: 6, nowMs: 1 };
    const { id } = await database.write((sql) => createDeck(sql, deckOf));
    await setCalendar(database, { deckId: id, calendar: CALENDAR, nowMs: 1 });
    const importing = await whileLookingUp(calls, undefined, () =>
      importRateDeck(database, {
        deckName: 'bench',
        currency: 'EUR',
        csv: createReadStream(csv),
        sourceName: 'deck.csv',
        nowMs: 1,
      }),
    );
    if (!importing.result.published) throw new Error(JSON.stringify(importing.result.faults[0]));
    const head = await findDeckHead(database.read, id);
    const first = await rateBookOf(database).load(head);
    const control = await whileLookingUp(calls, first, () => sleep(quick ? 2_000 : 5_000));
    const swaps = [];
    for (let turn = 0; turn < (quick ? 1 : 3); turn++)
      swaps.push(await whileLookingUp(calls, first, () => new RateBook(database).load(head)));
    const middle = swaps.toSorted((left, right) => left.longestOwnMs - right.longestOwnMs)[
      Math.floor(swaps.length / 2)
    ];
    return { importing, control, swap: middle, swapped: middle.result.rateCount === rateCount };
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeSwapFixtures() {
  const random = seededRandom(1);
  const deck = makeDeck(random);
  const calls = makeCalls(random, deck).slice(0, swapNumbers);
  return { csv: toCsv(deck), rateCount: deck.length, calls };
}

/**
 * Looks up one number after the other, others' turns between them, until `work` is done, and gives how long the longest had to wait: by
 * the wall clock, and by the processor time that this process spent in that wait, which other programs on the machine do not lengthen.
 */
async function whileLookingUp(calls, deck, work) {
  const startedAt = performance.now();
  const progress = { done: false };
  const working = finish(work(), progress);
  let longestMs = 0;
  let longestOwnMs = 0;
  let last = startedAt;
  let lastOwn = ownMs();
  for (let n = 0; ; n = (n + 1) % calls.length) {
    deck?.find(calls[n].digits, calls[n].atMs);
    const now = performance.now();
    const own = ownMs();
    longestMs = Math.max(longestMs, now - last);
    longestOwnMs = Math.max(longestOwnMs, Math.min(now - last, own - lastOwn));
    last = now;
    lastOwn = own;
    if (progress.done) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { result: await working, seconds: (performance.now() - startedAt) / 1_000, longestMs, longestOwnMs };
}

function ownMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function finish(work, progress) {
  try {
    return await work;
  } finally {
    progress.done = true;
  }
}

function show({ longestMs, longestOwnMs, seconds }) {
  return `${longestOwnMs.toFixed(1)} ms at most (${longestMs.toFixed(1)} ms with other programs), in ${seconds.toFixed(1)} s`;
}

async function bench() {
  const random = seededRandom(1);
  const deck = makeDeck(random);
  const calls = makeCalls(random, deck);
  const lookups = await measureLookups(deck, calls);
  const swap = await measureSwapApart();
  const mostMs = (quick ? 2 : 1) * mostDelayMs;
  print(`  index of ${deck.length} rates: ${lookups.indexMb.toFixed(2)} MB, goal <= ${mostMb} MB`);
  print(`  a lookup waits while a new deck is compiled: ${show(swap.swap)}, goal <= ${mostMs} ms`);
  print(`  a lookup waits while nothing else happens: ${show(swap.control)}`);
  print(`  a lookup waits while a file is imported in the same process: ${show(swap.importing)}`);
  const checks = [
    check('P2 index of the deck', lookups.indexMb, mostMb, 'MB'),
    check('P2 longest wait while a deck is swapped', swap.swap.longestOwnMs, mostMs, 'ms'),
  ];
  return {
    ...lookups,
    longestDelaySwappingMs: swap.swap.longestOwnMs,
    longestDelayAloneMs: swap.control.longestOwnMs,
    longestDelayImportingMs: swap.importing.longestOwnMs,
    checks,
    passed: lookups.passed && lookups.agree && swap.swapped && checks.every(({ passed }) => passed),
  };
}

function check(name, figure, goal, unit) {
  return { name, figure, goal, unit, passed: figure <= goal };
}

async function swapMain() {
  process.send(await measureSwap());
  process.disconnect();
}

if (process.argv.includes('--swap')) void swapMain();
else void runBench('P2', bench);
