#!/usr/bin/env node
'use strict';
// P2: rate lookups a second as a ratio to naive ones, the size of the index, and what a lookup waits while a new deck is brought in.

const { createReadStream, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { importRateDeck } = require('../../dist/billing/rating/import-rate-deck');
const { RateBook, rateBookOf } = require('../../dist/billing/rating/rate-book');
const { DeckCompiler } = require('../../dist/billing/rating/compiled-deck');
const { openDatabase } = require('../../dist/store/database');
const { runMigrations } = require('../../dist/store/run-migrations');
const { makeCalls, makeDeck, naiveLookup, seededRandom, toCsv } = require('./rating-fixtures');
const { ratioRun } = require('./rating-measure');

const FLOOR = 4;
const MOST_MB = 8;
const MOST_DELAY_MS = 5;

const quick = process.argv.includes('--quick');

function measureLookups(deck, calls) {
  const compiler = new DeckCompiler();
  for (const rate of deck) compiler.add(rate);
  const compiled = compiler.finish('bench', 1);
  const naive = naiveLookup(deck);
  let found = 0;
  let naiveFound = 0;
  const result = ratioRun({
    limit() {
      naiveFound = 0;
      for (const { digits } of calls) naiveFound += naive(digits) === null ? 0 : 1;
    },
    product() {
      found = 0;
      for (const { digits, atMs } of calls) found += compiled.find(digits, atMs) === null ? 0 : 1;
    },
    count: calls.length,
    quick,
  });
  const agree =
    found === naiveFound &&
    calls.every(({ digits, atMs }) => compiled.find(digits, atMs)?.prefix === naive(digits)?.prefix);
  return { ...result, agree, indexMb: compiled.indexBytes / 1024 / 1024 };
}

/** Brings the deck into SQLite as an operator does, then compiles it again and again while numbers are looked up without pause. */
async function measureSwap(deck, calls) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lookup-bench-'));
  const database = await openDatabase(`sqlite:${folder}/bench.db`);
  try {
    await runMigrations(database, path.join(__dirname, '../../sql'));
    const csv = path.join(folder, 'deck.csv');
    writeFileSync(csv, toCsv(deck));
    const importing = await whileLookingUp(calls, undefined, () =>
      importRateDeck(database, {
        deckName: 'bench',
        currency: 'EUR',
        csv: createReadStream(csv),
        sourceName: 'deck.csv',
        nowMs: 1,
      }),
    );
    const { deckId, version } = importing.result;
    const first = await rateBookOf(database).load({ deckId, version });
    const control = await whileLookingUp(calls, first, () => sleep(quick ? 2_000 : 5_000));
    const swaps = [];
    for (let turn = 0; turn < (quick ? 1 : 3); turn++)
      swaps.push(await whileLookingUp(calls, first, () => new RateBook(database).load({ deckId, version })));
    const middle = swaps.toSorted((left, right) => left.longestMs - right.longestMs)[
      Math.floor(swaps.length / 2)
    ];
    return { importing, control, swap: middle, swapped: middle.result.rateCount === deck.length };
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Looks up one number after the other, others' turns between them, until `work` is done; how long the longest had to wait. */
async function whileLookingUp(calls, deck, work) {
  const startedAt = performance.now();
  const progress = { done: false };
  const working = finish(work(), progress);
  const delays = [];
  let last = startedAt;
  for (let n = 0; ; n = (n + 1) % calls.length) {
    deck?.find(calls[n].digits, calls[n].atMs);
    const now = performance.now();
    delays.push(now - last);
    last = now;
    if (progress.done) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const result = await working;
  delays.sort((left, right) => left - right);
  return {
    result,
    seconds: (performance.now() - startedAt) / 1_000,
    lookups: delays.length,
    p9999Ms: delays[Math.floor(delays.length * 0.9999)],
    longestMs: delays.at(-1),
  };
}

async function finish(work, progress) {
  try {
    return await work;
  } finally {
    progress.done = true;
  }
}

async function main() {
  const random = seededRandom(1);
  const deck = makeDeck(random);
  const calls = makeCalls(random, deck);
  const lookups = measureLookups(deck, calls);
  const swap = await measureSwap(deck, calls);
  const goal = quick ? FLOOR / 2 : FLOOR;
  const delayJudged = swap.control.longestMs <= MOST_DELAY_MS / 2;
  const report = {
    bench: 'P2 lookup',
    rates: deck.length,
    lookupsPerSecond: Math.round(lookups.productPerSecond),
    limit: 'naive Map-by-length lookups a second',
    limitPerSecond: Math.round(lookups.limitPerSecond),
    ratio: Number(lookups.ratio.toFixed(2)),
    goal: `>= ${goal} (floor ${FLOOR}), index <= ${MOST_MB} MB, no lookup delayed more than ${MOST_DELAY_MS} ms by a swap`,
    limitSpread: Number(lookups.limitSpread.toFixed(3)),
    steady: lookups.steady,
    indexMb: Number(lookups.indexMb.toFixed(2)),
    importSeconds: Number(swap.importing.seconds.toFixed(1)),
    longestDelayImportingMs: Number(swap.importing.longestMs.toFixed(2)),
    swapSeconds: Number(swap.swap.seconds.toFixed(1)),
    longestDelaySwappingMs: Number(swap.swap.longestMs.toFixed(2)),
    delayP9999SwappingMs: Number(swap.swap.p9999Ms.toFixed(2)),
    longestDelayWithoutSwapMs: Number(swap.control.longestMs.toFixed(2)),
    // On a machine where a lookup waits this long for other programs, nothing can be said of the swap.
    delayJudged,
    passed:
      lookups.agree &&
      swap.swapped &&
      lookups.ratio >= goal &&
      lookups.indexMb <= MOST_MB &&
      (!delayJudged || swap.swap.longestMs <= (quick ? 2 : 1) * MOST_DELAY_MS),
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.passed ? 0 : 1;
}

void main();
