#!/usr/bin/env node
'use strict';
// Proves and judges no speed: a year of the money half with all its schedules, undisturbed, run through once more, and killed at random points.
// node scripts/bench/year.js [--accounts 200] [--calls 100000] [--kills 50] [--seed 1] [--months 12] [--mariadb]      needs dist/ (npm run build)
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { openDatabase } = require('../../dist/store/database');
const { runMigrations } = require('../../dist/store/run-migrations');
const { newDatabase, privateMariadb } = require('./cdr-fixtures');
const { print } = require('./measure');
const { requireSupport } = require('./test-support');

const { proveYear } = requireSupport('year/prove-year');

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const wanted = {
  accounts: option('accounts', 200),
  calls: option('calls', 100_000),
  kills: option('kills', 50),
  seed: option('seed', 1),
  months: option('months', 12),
  wakeDays: Array.from({ length: 31 }, (_, day) => day + 1),
};
const shownFaults = 20;

async function onSqlite() {
  const folder = mkdtempSync(join(tmpdir(), '123-voip-year-'));
  const open = [];
  try {
    return await prove(async () => {
      const database = await openDatabase(`sqlite:${folder}/year-${open.length}.db`);
      open.push(database);
      await runMigrations(database, resolve(__dirname, '../../sql'));
      return database;
    });
  } finally {
    for (const database of open) await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onMariadb() {
  const server = await privateMariadb();
  const open = [];
  try {
    return await prove(async () => {
      const { database } = await newDatabase(server, `year_${open.length}`);
      open.push(database);
      return database;
    });
  } finally {
    for (const database of open) await database.close();
    await server.stop();
  }
}

async function prove(makeDatabase) {
  const startedAtMs = performance.now();
  const seconds = () => Math.round((performance.now() - startedAtMs) / 1_000);
  const proof = await proveYear(makeDatabase, wanted, (text) => print(`  ${seconds()} s: ${text}`));
  for (const fault of proof.faults.slice(0, shownFaults)) print(`  fault: ${fault}`);
  const { faults, figures, kills } = proof;
  print(
    JSON.stringify({
      ...wanted,
      wakeDays: 'all',
      kills,
      seconds: seconds(),
      ...figures,
      faults: faults.length,
    }),
  );
  return faults.length === 0;
}

(process.argv.includes('--mariadb') ? onMariadb() : onSqlite()).then(
  (sound) => {
    process.exitCode = sound ? 0 : 1;
  },
  (error) => {
    print(String(error?.stack ?? error));
    process.exitCode = 1;
  },
);
