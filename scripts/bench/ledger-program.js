#!/usr/bin/env node
'use strict';
// Proves and judges no speed: a random program of postings, freezes, refunds and disputes on many workers, from a seed. After every step the ledger
// sums to zero and no account is below its credit limit; meanwhile it is sealed, and at the end proved.
// node scripts/bench/ledger-program.js [--steps 100000] [--workers 64] [--seed 1] [--sqlite]      needs dist/ (npm run build)
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { freeFrozen, freezeWhatIsThere, takeFrozen } = require('../../dist/billing/ledger/freezes');
const { adjustment, topUp } = require('../../dist/billing/ledger/movements');
const {
  paymentReceived,
  refund,
  refundFailed,
  refundPaid,
  takenBack,
} = require('../../dist/billing/ledger/payment-movements');
const { postEntries } = require('../../dist/billing/ledger/post-entries');
const { sealLedger } = require('../../dist/billing/ledger/seal-ledger');
const { verifyLedger } = require('../../dist/billing/ledger/verify-ledger');
const { openAccount } = require('../../dist/billing/open-account');
const { AppError } = require('../../dist/kernel/app-error');
const { newId } = require('../../dist/kernel/ids');
const { money } = require('../../dist/kernel/money');
const { openDatabase } = require('../../dist/store/database');
const { runMigrations } = require('../../dist/store/run-migrations');
const { newDatabase, privateMariadb } = require('./cdr-fixtures');
const { seededRandom } = require('./legal-traffic');
const { print } = require('./measure');

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const steps = option('steps', 100_000);
const workers = option('workers', 64);
const random = seededRandom(option('seed', 1));
const startMs = Date.UTC(2026, 0, 15, 12);
const accounts = 200;
const sealEveryMs = 500;
const euro = 'EUR';
/** Refusals that are part of the game. */
const refusals = new Set(['insufficient-credit', 'freeze-not-open', 'not-found']);

const pick = (items) => items[Math.floor(random() * items.length)];

/** One step; gives what was done. */
async function step(database, ids, frozen) {
  const accountId = pick(ids);
  const key = newId(startMs);
  const amount = money(BigInt(Math.ceil(random() * 3_000_000)), euro);
  const post = (...movements) =>
    database.write(async (sql) => {
      for (const movement of movements) await postEntries(sql, movement, startMs);
    });
  const kind = pick(['top-up', 'charge', 'charge', 'payment', 'refund', 'dispute', 'won', 'lost']);
  if (kind === 'top-up') await post(topUp({ accountId, amount, reference: key }));
  if (kind === 'charge')
    await post(
      adjustment({
        accountId,
        amount: money(-amount.amountMicros, euro),
        reason: 'talked',
        reference: key,
      }),
    );
  const paid = paymentReceived({
    accountId,
    paymentId: key,
    amount,
    place: 'payment-provider',
    note: 'bench',
  });
  if (kind === 'payment') await post(paid);
  if (kind === 'refund')
    await post(
      paid,
      refund({ accountId, refundId: key, amount, reason: 'bench' }),
      random() < 0.5
        ? refundPaid({ refundId: key, amount, place: 'payment-provider' })
        : refundFailed({ accountId, refundId: key, amount }),
    );
  const freeze = { id: key, accountId, amount, reason: 'bench', expiresAtMs: null, nowMs: startMs };
  if (kind === 'dispute') {
    await database.write((sql) => freezeWhatIsThere(sql, freeze));
    frozen.push(freeze);
  }
  const old = frozen[Math.floor(random() * frozen.length)];
  if (kind === 'won' && old) await database.write((sql) => freeFrozen(sql, old.id, startMs));
  if (kind === 'lost' && old) {
    const [row] = await database.read.all('SELECT amount_micros FROM ledger_freezes WHERE id = ?', [old.id]);
    const movement = takenBack({
      accountId: old.accountId,
      about: old.id,
      total: old.amount,
      fromAccount: money(BigInt(row.amount_micros), euro),
    });
    await database.write((sql) => takeFrozen(sql, old.id, { movement, nowMs: startMs }));
  }
}

async function requireSound(database, n) {
  const [row] = await database.read.all(
    `SELECT SUM(balance_micros) AS total, MIN(CASE WHEN credit_limit_micros IS NULL THEN 0
       ELSE balance_micros + credit_limit_micros - held_micros END) AS least FROM ledger_accounts`,
  );
  if (String(row.total) !== '0' || Number(row.least) < 0)
    throw new Error(`after step ${n}: sum ${row.total}, least ${row.least}`);
}

async function run(database) {
  const ids = [];
  for (let n = 0; n < accounts; n++) {
    const wanted = { name: `bench ${n}`, currency: euro, deckId: null, creditLimitMicros: 5_000_000n };
    ids.push((await openAccount(database, { ...wanted, nowMs: startMs })).id);
  }
  const frozen = [];
  let begun = 0;
  let refused = 0;
  const worker = async () => {
    while (begun < steps) {
      const n = ++begun;
      try {
        await step(database, ids, frozen);
      } catch (error) {
        if (!(error instanceof AppError && refusals.has(error.code))) throw error;
        refused++;
      }
      await requireSound(database, n);
      if (n % 10_000 === 0) print(`  ${n} steps, ${refused} refused`);
    }
  };
  const over = new AbortController();
  const sealer = (async () => {
    while (!over.signal.aborted) {
      await sealLedger(database, { nowMs: startMs });
      await sleep(sealEveryMs);
    }
  })();
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: workers }, worker));
  const seconds = (performance.now() - startedAtMs) / 1_000;
  over.abort();
  await sealer;
  await sealLedger(database, { nowMs: startMs, everything: true });
  const report = await verifyLedger(database);
  print(
    `  ${steps} steps on ${workers} workers in ${seconds.toFixed(0)} s, each looked at; ${refused} refused; ${report.transactions} transactions`,
  );
  print(`  ${report.faultCount} faults in ${report.checks} checks; seal ${report.sealNumber}`);
  for (const fault of report.faults.slice(0, 5)) print(`  ${JSON.stringify(fault)}`);
  return report.faultCount === 0;
}

async function main() {
  if (process.argv.includes('--sqlite')) {
    const folder = mkdtempSync(join(tmpdir(), '123-voip-ledger-program-'));
    const database = await openDatabase(`sqlite:${folder}/bench.db`);
    try {
      await runMigrations(database, resolve(__dirname, '../../sql'));
      return await run(database);
    } finally {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const server = await privateMariadb();
  const { database } = await newDatabase(server, 'ledger');
  try {
    return await run(database);
  } finally {
    await database.close();
    await server.stop();
  }
}

main().then(
  (sound) => {
    process.exitCode = sound ? 0 : 1;
  },
  (error) => {
    print(String(error?.stack ?? error));
    process.exitCode = 1;
  },
);
