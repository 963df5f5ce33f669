#!/usr/bin/env node
'use strict';
// Proves and measures nothing: prepaid accounts under random tariffs, bundles, top-ups, parallel calls and crashes, from a seed. What must hold
// is looked at all the way: balance + credit limit − holds never below nothing, no second of a bundle used twice, a ledger of zero.
// node scripts/bench/prepaid-simulator.js [--calls 1000000] [--seed 1] [--mariadb]      needs dist/ (npm run build)
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { grantBundle } = require('../../dist/billing/bundles/bundles-store');
const { extendCredit } = require('../../dist/billing/credit/extend-credit');
const { releaseCredit } = require('../../dist/billing/credit/release-credit');
const { reserveCredit } = require('../../dist/billing/credit/reserve-credit');
const { setCaps } = require('../../dist/billing/fraud-caps/caps-store');
const { topUp } = require('../../dist/billing/ledger/movements');
const { postEntries } = require('../../dist/billing/ledger/post-entries');
const { verifyLedger } = require('../../dist/billing/ledger/verify-ledger');
const { openAccount } = require('../../dist/billing/open-account');
const { createDeck } = require('../../dist/billing/rating/decks-store');
const { rateCdr, rateCdrs } = require('../../dist/billing/rating/rate-cdr');
const { publishRates } = require('../../dist/billing/rating/stage-rates');
const { writeCdrs } = require('../../dist/cdr/write-cdr');
const { AppError } = require('../../dist/kernel/app-error');
const { newId } = require('../../dist/kernel/ids');
const { money } = require('../../dist/kernel/money');
const { openDatabase } = require('../../dist/store/database');
const { runMigrations } = require('../../dist/store/run-migrations');
const { endedLeg, newDatabase, privateMariadb } = require('./cdr-fixtures');
const { seededRandom } = require('./legal-traffic');
const { print } = require('./measure');

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const calls = option('calls', 1_000_000);
const seed = option('seed', 1);
const random = seededRandom(seed);
const accounts = 60;
const decks = 12;
/** Calls that go on at once over all accounts. */
const parallel = 400;
const roundSeconds = 20;
/** Rounds between two looks at what must hold, and between two crashes on average. */
const lookEvery = 10;
const crashEvery = 40;
const numbers = ['+3225550123', '+32470123456', '+4930555001', '+33155501234'];

const whole = (least, most) => least + Math.floor(random() * (most - least + 1));
const chance = (one) => random() < 1 / one;
const chosen = (list) => list[whole(0, list.length - 1)];

const state = {
  nowMs: Date.UTC(2026, 0, 15, 6),
  sequence: 1,
  live: [],
  begun: 0,
  refused: {},
  crashes: 0,
  /** @type {string[]} */
  faults: [],
};

async function makeDecks(database) {
  const ids = [];
  for (let n = 0; n < decks; n++) {
    const deck = await database.write((sql) =>
      createDeck(sql, {
        name: `deck ${n}`,
        currency: 'EUR',
        chargeDecimals: whole(2, 6),
        nowMs: state.nowMs,
      }),
    );
    const rates = ['32', '3247', '49', '33'].map((prefix) => ({
      prefix,
      destination: prefix,
      effectiveFromMs: 0,
      pricePerMinuteMicros: chance(10) ? 0 : whole(1_000, 900_000),
      connectFeeMicros: chance(2) ? 0 : whole(1, 200_000),
      firstIncrementSeconds: chosen([1, 6, 30, 60, 90]),
      nextIncrementSeconds: chosen([1, 6, 30, 60]),
      minimumSeconds: chance(3) ? whole(1, 60) : 0,
      minimumChargeMicros: chance(4) ? whole(1, 100_000) : 0,
      effectiveUntilMs: null,
      bandPrices: null,
      graceSeconds: 0,
      maximumChargeMicros: null,
    }));
    await publishRates(database, rates, {
      deck,
      sourceName: 'simulator',
      nowMs: state.nowMs,
      onRowsStored: () => {},
    });
    ids.push(deck.id);
  }
  return ids;
}

async function makeAccounts(database, deckIds) {
  const ids = [];
  for (let n = 0; n < accounts; n++) {
    const account = await openAccount(database, {
      name: `account ${n}`,
      currency: 'EUR',
      deckId: chosen(deckIds),
      creditLimitMicros: chance(3) ? BigInt(whole(1, 5_000_000)) : 0n,
      nowMs: state.nowMs,
    });
    if (chance(3))
      await database.write((sql) =>
        setCaps(sql, account.id, { maxDayCostMicros: BigInt(whole(1_000_000, 60_000_000)) }),
      );
    ids.push(account.id);
  }
  return ids;
}

const micros = () => BigInt(whole(100_000, 30_000_000));

async function topUpSome(database, ids) {
  for (let n = 0; n < 8; n++) {
    const movement = topUp({
      accountId: chosen(ids),
      amount: money(micros(), 'EUR'),
      reference: `top-up ${state.nowMs} ${n}`,
    });
    // A payment that is told twice credits once.
    for (let told = 0; told < whole(1, 2); told++)
      await database.write((sql) => postEntries(sql, movement, state.nowMs));
  }
}

async function grantSome(database, ids) {
  if (!chance(4)) return;
  const wanted = {
    accountId: chosen(ids),
    name: 'minutes',
    secondsPerPeriod: whole(30, 3_000),
    period: chosen(['once', 'day', 'month']),
    priority: whole(0, 3),
    validFromMs: state.nowMs,
    validUntilMs: state.nowMs + whole(1, 3 * 86_400) * 1_000,
    prefixes: chosen([['32'], ['3247', '49'], ['3'], ['4']]),
    nowMs: state.nowMs,
  };
  await grantBundle(database, wanted).catch(rule);
}

/** A refusal by rule is as good as success; anything else ends the simulation. */
function rule(error) {
  if (!(error instanceof AppError)) throw error;
  state.refused[error.code] = (state.refused[error.code] ?? 0) + 1;
  return null;
}

async function begin(database, ids) {
  const many = Math.min(parallel - state.live.length, calls - state.begun, 120);
  const wishes = Array.from({ length: Math.max(0, many) }, () => ({
    callId: newId(state.nowMs),
    payerAccountId: chosen(ids),
    number: chosen(numbers),
    startedAtMs: state.nowMs,
    nowMs: state.nowMs,
    direction: chosen(['inbound', 'outbound']),
    roomId: null,
    kind: 'call',
    nodeId: chosen(['a', 'b']),
  }));
  state.begun += wishes.length;
  await Promise.all(
    wishes.map(async (wish) => {
      const grant = await reserveCredit(database, wish).catch(rule);
      if (!grant) return;
      // One in eight is never answered: freed at once, or left for its CDR.
      if (chance(8)) {
        if (chance(2)) await releaseCredit(database, { callId: wish.callId, nowMs: state.nowMs });
        await finish(database, [legOf({ ...wish, talkSeconds: null })]);
        return;
      }
      state.live.push({
        ...wish,
        paidSeconds: grant.paidSeconds,
        wantsSeconds: chance(10) ? whole(1, 1_200) : whole(1, 180),
      });
    }),
  );
}

async function talk(database) {
  await Promise.all(
    state.live.map(async (call) => {
      const talked = (state.nowMs - call.startedAtMs) / 1_000;
      // As in life: only when what is held ends with the next round.
      if (talked >= Math.min(call.wantsSeconds, call.paidSeconds)) return;
      if (talked + roundSeconds < call.paidSeconds) return;
      const untilSeconds = talked + whole(1, 6) * roundSeconds;
      const grant = await extendCredit(database, { callId: call.callId, untilSeconds, nowMs: state.nowMs });
      call.paidSeconds = grant.paidSeconds;
    }),
  );
}

function legOf(call) {
  const { callId, number, payerAccountId, startedAtMs, talkSeconds } = call;
  const answeredAtMs = talkSeconds === null ? null : startedAtMs;
  return endedLeg({
    cdrId: callId,
    nodeId: call.nodeId,
    nodeSequence: state.sequence++,
    direction: call.direction,
    dialledNumber: number,
    routedNumber: number,
    accountId: payerAccountId,
    payerAccountId,
    startedAtMs,
    answeredAtMs,
    chargedFromMs: answeredAtMs,
    endedAtMs: startedAtMs + (talkSeconds ?? 0) * 1_000,
  });
}

/** The CDRs are written, some twice, and rated together, alone, or by both at once. */
async function finish(database, legs) {
  if (legs.length === 0) return;
  await writeCdrs(database, legs);
  if (chance(5)) await writeCdrs(database, legs);
  const cdrIds = legs.map(({ cdrId }) => cdrId);
  const together = rateCdrs(database, { cdrIds, nowMs: state.nowMs });
  const alone = chance(3)
    ? cdrIds.slice(0, 3).map((cdrId) => rateCdr(database, { cdrId, nowMs: state.nowMs }))
    : [];
  // Together and alone at once, one of the two finds its legs rated and gives way; then what is left is rated.
  const outcomes = await Promise.allSettled([together, ...alone]);
  if (outcomes.some(({ status }) => status === 'rejected'))
    await rateCdrs(database, { cdrIds, nowMs: state.nowMs });
}

async function endSome(database) {
  const isOver = ({ startedAtMs, wantsSeconds, paidSeconds }) =>
    (state.nowMs - startedAtMs) / 1_000 >= Math.min(wantsSeconds, paidSeconds);
  const over = state.live.filter(isOver);
  state.live = state.live.filter((call) => !isOver(call));
  await finish(
    database,
    over.map((call) => legOf({ ...call, talkSeconds: Math.min(call.wantsSeconds, call.paidSeconds) })),
  );
}

/** A node dies: its calls end at their last proof of life, and what it had begun to write is written again. */
async function crash(database) {
  state.crashes++;
  const node = chosen(['a', 'b']);
  const lost = state.live.filter(({ nodeId }) => nodeId === node);
  state.live = state.live.filter(({ nodeId }) => nodeId !== node);
  const legs = lost.map((call) => {
    const lived = Math.max(1, (state.nowMs - call.startedAtMs) / 1_000 - whole(0, 5));
    return legOf({ ...call, talkSeconds: Math.min(lived, call.paidSeconds) });
  });
  const half = legs.slice(0, legs.length >> 1);
  if (half.length > 0) await writeCdrs(database, half);
  await finish(database, legs);
}

const lookings = {
  'accounts below their limit':
    'SELECT COUNT(*) AS n FROM ledger_accounts WHERE balance_micros + credit_limit_micros - held_micros < 0',
  'bundles with more seconds held and used than they have':
    'SELECT COUNT(*) AS n FROM bundle_periods p JOIN bundles b ON b.id = p.bundle_id WHERE p.held_seconds + p.used_seconds > b.seconds_per_period',
  'accounts whose day cost more than its cap':
    'SELECT COUNT(*) AS n FROM ledger_accounts l JOIN fraud_caps c ON c.subject = l.account_id WHERE l.day_spent_micros > c.max_day_cost_micros',
};

async function look(database) {
  for (const [name, statement] of Object.entries(lookings)) {
    const [row] = await database.read.all(statement);
    if (Number(row.n) > 0) state.faults.push(`${row.n} ${name} at call ${state.begun}`);
  }
}

/** When nothing goes on any more: nothing is held, and what bundles say was used is what the bills say. */
async function lookAtTheEnd(database) {
  const { faultCount, faults } = await verifyLedger(database);
  if (faultCount > 0)
    state.faults.push(`${faultCount} faults of the ledger, the first: ${JSON.stringify(faults[0])}`);
  const [held] = await database.read.all('SELECT SUM(held_micros) AS held FROM ledger_accounts');
  if (Number(held.held) !== 0) state.faults.push(`${held.held} micros are still held`);
  const billed = new Map();
  for (let after = ''; ; ) {
    const rows = await database.read.all(
      'SELECT id, rating_working FROM cdrs WHERE id > ? AND rating_working LIKE ? ORDER BY id LIMIT 5000',
      [after, '%"bundles"%'],
    );
    for (const row of rows)
      for (const { bundleId, periodStartMs, seconds } of JSON.parse(row.rating_working).bundles) {
        const key = `${bundleId} ${periodStartMs}`;
        billed.set(key, (billed.get(key) ?? 0) + seconds);
      }
    if (rows.length < 5_000) break;
    after = rows.at(-1).id;
  }
  for (const row of await database.read.all('SELECT * FROM bundle_periods')) {
    const key = `${row.bundle_id} ${row.period_start_ms}`;
    if (Number(row.held_seconds) !== 0) state.faults.push(`bundle ${key} still holds ${row.held_seconds} s`);
    if (Number(row.used_seconds) !== (billed.get(key) ?? 0))
      state.faults.push(`bundle ${key} used ${row.used_seconds} s and billed ${billed.get(key) ?? 0} s`);
  }
  const [unrated] = await database.read.all('SELECT COUNT(*) AS n FROM cdrs WHERE rated_at_ms IS NULL');
  if (Number(unrated.n) > 0) state.faults.push(`${unrated.n} legs were not rated`);
  return { bundlesUsed: billed.size };
}

async function openSimulated() {
  if (process.argv.includes('--mariadb')) {
    const server = await privateMariadb();
    const { database } = await newDatabase(server, 'simulator');
    return { database, stop: () => database.close().then(() => server.stop()) };
  }
  const folder = mkdtempSync(join(tmpdir(), '123-voip-simulator-'));
  const database = await openDatabase(`sqlite:${folder}/simulator.db`);
  await runMigrations(database, resolve(__dirname, '../../sql'));
  return {
    database,
    stop: () => database.close().then(() => rmSync(folder, { recursive: true, force: true })),
  };
}

async function main() {
  const { database, stop } = await openSimulated();
  const startedAtMs = performance.now();
  try {
    const ids = await makeAccounts(database, await makeDecks(database));
    for (let round = 0; state.begun < calls || state.live.length > 0; round++) {
      await topUpSome(database, ids);
      await grantSome(database, ids);
      await begin(database, ids);
      await talk(database);
      state.nowMs += roundSeconds * 1_000;
      await endSome(database);
      if (chance(crashEvery)) await crash(database);
      if (round % lookEvery === 0) await look(database);
      if (round % 500 === 0) print(`  ${state.begun} calls begun`);
      if (state.faults.length > 20) break;
    }
    const { bundlesUsed } = await lookAtTheEnd(database);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    print(
      `prepaid simulator, seed ${seed}: ${state.begun} calls in ${seconds.toFixed(0)} s, ${state.crashes} crashes`,
    );
    print(`  refused: ${JSON.stringify(state.refused)}; periods of bundles used: ${bundlesUsed}`);
    for (const fault of state.faults) print(`  FAULT ${fault}`);
    print(
      JSON.stringify({ name: 'prepaid-simulator', seed, calls: state.begun, faults: state.faults.length }),
    );
    process.exitCode = state.faults.length === 0 ? 0 : 1;
  } finally {
    await stop();
  }
}

void main();
