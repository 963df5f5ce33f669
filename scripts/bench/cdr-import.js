#!/usr/bin/env node
'use strict';
// P4: CDRs of another switch rated, charged and stored, as a ratio to bare inserts of the same rows of the same tables (CDRs, transactions of the
// ledger, entries), 500 a statement, 500 CDRs a commit, one connection.
// node scripts/bench/cdr-import.js [--quick] [--sqlite]      needs dist/ (npm run build) and mariadb-server
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { createConnection } = require('mysql2/promise');
const { verifyLedger } = require('../../dist/billing/ledger/verify-ledger');
const { createDeck } = require('../../dist/billing/rating/decks-store');
const { importCdrs } = require('../../dist/billing/rating/import-cdrs');
const { setCalendar } = require('../../dist/billing/rating/publish-version');
const { rateBookOf } = require('../../dist/billing/rating/rate-book');
const { findDeckHead } = require('../../dist/billing/rating/rates-store');
const { publishRates } = require('../../dist/billing/rating/stage-rates');
const { openDatabase } = require('../../dist/store/database');
const { runMigrations } = require('../../dist/store/run-migrations');
const { newDatabase, payingAccounts, privateMariadb } = require('./cdr-fixtures');
const { print, ratioRun, runBench } = require('./measure');
const { CALENDAR, makeCalls, makeDeck, seededRandom } = require('./rating-fixtures');

const goalRatio = 0.7;
const quick = process.argv.includes('--quick');
const onSqlite = process.argv.includes('--sqlite');
const accounts = 200;
const prefixes = 20_000;
const rows = quick ? 10_000 : 50_000;
const rowsAtOnce = 500;

/** Accounts that can pay, and legs to numbers of their deck, new ones each time. */
async function makeWorld(database) {
  const random = seededRandom(4);
  const lines = makeDeck(random).slice(0, prefixes);
  const deckOf = { name: 'bench', currency: 'EUR', chargeDecimals: 6, nowMs: 1 };
  const deck = await database.write((sql) => createDeck(sql, deckOf));
  await setCalendar(database, { deckId: deck.id, calendar: CALENDAR, nowMs: 1 });
  await publishRates(database, lines, { deck, sourceName: 'bench', nowMs: 1, onRowsStored: () => {} });
  await rateBookOf(database).load(await findDeckHead(database.read, deck.id));
  const ids = await payingAccounts(database, deck, accounts);
  const calls = makeCalls(random, lines);
  let next = 0;
  return () =>
    Array.from({ length: rows }, () => {
      const call = calls[next % calls.length];
      return {
        source: 'bench',
        uniqueId: `leg-${next}@switch.example`,
        payerAccountId: ids[next++ % accounts],
        direction: 'outbound',
        fromNumber: '+4930555001',
        dialledNumber: call.digits,
        number: `+${call.digits}`,
        startedAtMs: call.atMs,
        answeredAtMs: call.atMs + 4_000,
        endedAtMs: call.atMs + 4_000 + call.talkSeconds * 1_000,
        costDeckId: null,
      };
    });
}

async function product(database, legs) {
  const startedAtMs = performance.now();
  let imported = 0;
  for (const { outcome } of await importCdrs(database, legs, 1)) imported += outcome === 'imported' ? 1 : 0;
  if (imported !== legs.length) throw new Error(`${legs.length - imported} legs were not imported`);
  return { figure: legs.length / ((performance.now() - startedAtMs) / 1_000) };
}

/** Tables that an import fills, rows of each for a CDR, and the order of the newest first. */
const filled = [
  { table: 'cdrs', each: 1, newest: 'node_sequence DESC' },
  { table: 'ledger_transactions', each: 1, newest: 'id DESC' },
  { table: 'ledger_entries', each: 2, newest: 'transaction_id DESC, line_number' },
];

/** The rows of a part of the CDRs, for each table. */
function partsOf(stored) {
  const parts = [];
  for (let from = 0; from < rows; from += rowsAtOnce)
    parts.push(
      filled.map(({ table, each }, n) => ({
        table: `${table}_bare`,
        columns: stored[n].columns,
        values: stored[n].values.slice(from * each, (from + rowsAtOnce) * each),
      })),
    );
  return parts;
}

function asValues(found) {
  const columns = Object.keys(found[0]);
  return { columns, values: found.map((row) => columns.map((column) => row[column])) };
}

/** The newest stored rows once more, bare, into tables like theirs: what 500 CDRs fill in one commit. */
async function bareOnMariadb(url, only) {
  const connection = await createConnection(url);
  const stored = [];
  for (const { table, each, newest } of filled) {
    const [found] = await connection.query(`SELECT * FROM ${table} ORDER BY ${newest} LIMIT ${rows * each}`);
    stored.push(asValues(found));
    await connection.query(`DROP TABLE IF EXISTS ${table}_bare`);
    await connection.query(`CREATE TABLE ${table}_bare LIKE ${table}`);
  }
  const startedAtMs = performance.now();
  for (const part of partsOf(stored)) {
    await connection.query('START TRANSACTION');
    for (const { table, columns, values } of part.slice(0, only ?? filled.length))
      for (let from = 0; from < values.length; from += rowsAtOnce)
        await connection.query(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ?`, [
          values.slice(from, from + rowsAtOnce),
        ]);
    await connection.query('COMMIT');
  }
  const figure = rows / ((performance.now() - startedAtMs) / 1_000);
  await connection.end();
  return { figure };
}

function bareOnSqlite(file, only) {
  const Sqlite = require('better-sqlite3');
  const bare = new Sqlite(file);
  bare.pragma('journal_mode = WAL');
  const tables = filled.slice(0, only ?? filled.length);
  const stored = filled.map(({ table, each, newest }) =>
    asValues(bare.prepare(`SELECT * FROM ${table} ORDER BY ${newest} LIMIT ?`).all(rows * each)),
  );
  for (const { table } of tables) {
    const made = bare
      .prepare('SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC')
      .all(table);
    bare.exec(`DROP TABLE IF EXISTS ${table}_bare`);
    for (const { sql } of made.filter(({ sql: statement }) => !statement.startsWith('CREATE TRIGGER')))
      bare.exec(
        sql
          .replace(new RegExp(`TABLE "?${table}"?`), `TABLE ${table}_bare`)
          .replace(new RegExp(`INDEX (\\w+)\\s+ON "?${table}"?`), `INDEX bare_$1 ON ${table}_bare`),
      );
  }
  const inserts = tables.map(({ table }, n) => {
    const { columns } = stored[n];
    return bare.prepare(
      `INSERT INTO ${table}_bare (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
  });
  const startedAtMs = performance.now();
  for (const part of partsOf(stored))
    bare.transaction(() => {
      inserts.forEach((insert, n) => {
        for (const row of part[n].values) insert.run(row);
      });
    })();
  const figure = rows / ((performance.now() - startedAtMs) / 1_000);
  bare.close();
  return { figure };
}

async function bench() {
  const folder = mkdtempSync(join(tmpdir(), 'cdr-import-bench-'));
  const server = onSqlite ? null : await privateMariadb();
  const file = join(folder, 'bench.db');
  const { database, url } = server
    ? await newDatabase(server, 'cdr_import')
    : { database: await openDatabase(`sqlite:${file}`), url: null };
  try {
    if (!server) await runMigrations(database, resolve(__dirname, '../../sql'));
    const moreLegs = await makeWorld(database);
    await product(database, moreLegs());
    const result = await ratioRun({
      name: `P4 CDRs rated, charged and stored on ${database.dialect}, against bare inserts of the same rows`,
      unit: 'a second',
      goal: goalRatio,
      quick,
      runLimit: async () => (server ? bareOnMariadb(url) : bareOnSqlite(file)),
      runProduct: () => product(database, moreLegs()),
    });
    const { figure: cdrsAlone } = server ? await bareOnMariadb(url, 1) : bareOnSqlite(file, 1);
    print(`  bare inserts of the CDRs alone, without what is charged: ${cdrsAlone.toFixed(0)} a second`);
    const { faultCount } = await verifyLedger(database);
    print(`  faults of the ledger afterwards: ${faultCount}`);
    const checks = [
      { name: 'P4 faults of the ledger', figure: faultCount, goal: 0, unit: '', passed: faultCount === 0 },
    ];
    return { ...result, checks, passed: result.passed && faultCount === 0 };
  } finally {
    await database.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

void runBench('P4', bench);
