#!/usr/bin/env node
'use strict';
// P6: reserve + settle of prepaid calls, durable on MariaDB, as a ratio to raw conditional UPDATEs over 16 connections.
// node scripts/bench/prepaid.js [--quick]      needs dist/ (npm run build) and mariadb-server
const { createPool } = require('mysql2/promise');
const { reserveCredit } = require('../../dist/billing/credit/reserve-credit');
const { topUp } = require('../../dist/billing/ledger/movements');
const { postEntries } = require('../../dist/billing/ledger/post-entries');
const { verifyLedger } = require('../../dist/billing/ledger/verify-ledger');
const { openAccount } = require('../../dist/billing/open-account');
const { createDeck } = require('../../dist/billing/rating/decks-store');
const { rateCdrs } = require('../../dist/billing/rating/rate-cdr');
const { publishRates } = require('../../dist/billing/rating/stage-rates');
const { writeCdrs } = require('../../dist/cdr/write-cdr');
const { newId } = require('../../dist/kernel/ids');
const { money } = require('../../dist/kernel/money');
const { endedLeg, newDatabase, privateMariadb } = require('./cdr-fixtures');
const { print, ratioRun, runBench } = require('./measure');

const goalRatio = 0.8;
const quick = process.argv.includes('--quick');
const startMs = Date.UTC(2026, 0, 15, 12);
const connections = 16;
const accounts = 1_000;
const pairs = quick ? 2_000 : 10_000;
/** Calls that ask at once: as many as there are connections would leave them idle between two questions. */
const callersAtOnce = 200;
const settledTogether = 100;
/** The price of a call in hundredths. */
const centsPerCall = 1;

let sequence = 1;

function leg(accountId) {
  return endedLeg({
    cdrId: newId(startMs),
    nodeSequence: sequence++,
    accountId,
    payerAccountId: accountId,
    startedAtMs: startMs,
  });
}

async function makeAccounts(database) {
  const deck = await database.write((sql) =>
    createDeck(sql, { name: 'bench', currency: 'EUR', chargeDecimals: 6, nowMs: startMs }),
  );
  const rate = {
    prefix: '32',
    destination: 'Belgium',
    effectiveFromMs: 0,
    pricePerMinuteMicros: centsPerCall * 10_000,
    connectFeeMicros: 0,
    firstIncrementSeconds: 60,
    nextIncrementSeconds: 60,
    minimumSeconds: 0,
    minimumChargeMicros: 0,
    effectiveUntilMs: null,
    bandPrices: null,
    graceSeconds: 0,
    maximumChargeMicros: null,
  };
  await publishRates(database, [rate], { deck, sourceName: 'bench', nowMs: startMs, onRowsStored: () => {} });
  const ids = [];
  for (let n = 0; n < accounts; n++) {
    const account = await openAccount(database, {
      name: `bench ${n}`,
      currency: 'EUR',
      deckId: deck.id,
      nowMs: startMs,
    });
    ids.push(account.id);
  }
  return ids;
}

async function credit(database, ids, micros) {
  for (const accountId of ids) {
    const movement = topUp({ accountId, amount: money(micros, 'EUR'), reference: newId(startMs) });
    await database.write((sql) => postEntries(sql, movement, startMs));
  }
}

/** Lets the deck be compiled and the accounts' rows of call limits be made, as on a node that has been up for a while. */
async function warmUp(database, ids) {
  await credit(database, ids, 100_000n);
  const legs = ids.map((accountId) => leg(accountId));
  for (const { cdrId, payerAccountId } of legs) await reserveCredit(database, wish(cdrId, payerAccountId));
  await writeCdrs(database, legs);
  await rateCdrs(database, { cdrIds: legs.map(({ cdrId }) => cdrId), nowMs: startMs });
}

function wish(callId, payerAccountId) {
  return {
    callId,
    payerAccountId,
    number: '+3225550123',
    startedAtMs: startMs,
    nowMs: startMs,
    direction: 'inbound',
    roomId: null,
    kind: 'room',
    nodeId: 'bench',
  };
}

/** `count` pieces of work, `atOnce` at a time. */
async function inParallel(count, atOnce, work) {
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

void runBench('prepaid', async () => {
  const server = await privateMariadb();
  const { database, url } = await newDatabase(server, 'prepaid');
  try {
    const ids = await makeAccounts(database);
    await warmUp(database, ids);
    const pool = createPool({ uri: url, connectionLimit: connections, supportBigNumbers: true });
    let oversold = 0;
    const result = await ratioRun({
      name: 'prepaid: reserve + settle',
      unit: 'a second',
      goal: goalRatio,
      quick,
      runLimit: async () => {
        const startedAtMs = performance.now();
        await inParallel(pairs, connections, (n) =>
          pool.execute(
            'UPDATE ledger_accounts SET held_micros = held_micros + 0, created_at_ms = created_at_ms + 1 WHERE id = ? AND balance_micros - held_micros >= ?',
            [`account:${ids[n % accounts]}`, -1],
          ),
        );
        return { figure: (pairs * 1_000) / (performance.now() - startedAtMs) };
      },
      runProduct: async () => {
        // A tenth of the calls finds the credit used up.
        const most = BigInt(Math.floor((pairs / accounts) * 0.9)) * BigInt(centsPerCall) * 10_000n;
        await credit(database, ids, most);
        const legs = Array.from({ length: pairs }, (_, n) => leg(ids[n % accounts]));
        for (let from = 0; from < pairs; from += 200) await writeCdrs(database, legs.slice(from, from + 200));
        let refused = 0;
        let settled = 0;
        const ended = [];
        let settling = Promise.resolve();
        const settle = () => {
          const cdrIds = ended.splice(0, settledTogether);
          settled += cdrIds.length;
          settling = settling.then(() => rateCdrs(database, { cdrIds, nowMs: startMs }));
          return settling;
        };
        let reserveMs = 0;
        const startedAtMs = performance.now();
        await inParallel(pairs, callersAtOnce, async (n) => {
          const askedAtMs = performance.now();
          const { cdrId, payerAccountId } = legs[n];
          const held = await reserveCredit(database, wish(cdrId, payerAccountId)).then(
            () => true,
            () => false,
          );
          reserveMs += performance.now() - askedAtMs;
          if (!held) refused++;
          else ended.push(cdrId);
          // The job runner settles beside the calls; they do not wait for it.
          if (ended.length >= settledTogether) void settle();
        });
        while (ended.length > 0) void settle();
        await settling;
        const seconds = (performance.now() - startedAtMs) / 1_000;
        const [row] = await database.read.all(
          'SELECT COUNT(*) AS n FROM ledger_accounts WHERE balance_micros + credit_limit_micros - held_micros < 0',
        );
        oversold += Number(row.n);
        return {
          figure: settled / seconds,
          note: `${settled} settled, ${refused} refused, a reservation takes ${(reserveMs / pairs).toFixed(2)} ms at ${callersAtOnce} at once`,
        };
      },
    });
    const { faultCount } = await verifyLedger(database);
    await pool.end();
    const checks = [
      { name: 'accounts oversold', figure: oversold, goal: 0, unit: '', passed: oversold === 0 },
      { name: 'faults of the ledger', figure: faultCount, goal: 0, unit: '', passed: faultCount === 0 },
    ];
    for (const { name, figure } of checks) print(`  ${name}: ${figure}`);
    return { ...result, checks, passed: result.passed && checks.every(({ passed }) => passed) };
  } finally {
    await database.close();
    await server.stop();
  }
});
