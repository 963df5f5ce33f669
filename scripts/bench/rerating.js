#!/usr/bin/env node
'use strict';
// P16: stored CDRs priced anew (read, rate, compare, write the changes), as a ratio to reading the same rows as a stream and inserting the
// same changes, 500 a statement. Every second call costs something else.
// node scripts/bench/rerating.js [--quick] [--sqlite] [--rows N]      needs dist/ (npm run build) and mariadb-server
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { createConnection } = require('mysql2/promise');
const { createDeck } = require('../../dist/billing/rating/decks-store');
const { importCdrs } = require('../../dist/billing/rating/import-cdrs');
const { rateBookOf } = require('../../dist/billing/rating/rate-book');
const { findDeckHead } = require('../../dist/billing/rating/rates-store');
const { Reratings } = require('../../dist/billing/rating/reratings');
const { readRerating } = require('../../dist/billing/rating/reratings-store');
const { publishRates } = require('../../dist/billing/rating/stage-rates');
const { systemClock } = require('../../dist/kernel/clock');
const { silentLog } = require('../../dist/kernel/log');
const { openDatabase } = require('../../dist/store/database');
const { runMigrations } = require('../../dist/store/run-migrations');
const { newDatabase, payingAccounts, privateMariadb } = require('./cdr-fixtures');
const { print, ratioRun, runBench } = require('./measure');

/** The time of the product may be one and a half times the limit's. */
const goalRatio = 1 / 1.5;
const quick = process.argv.includes('--quick');
const onSqlite = process.argv.includes('--sqlite');
const rowsAt = process.argv.indexOf('--rows');
const rows = rowsAt > 0 ? Number(process.argv[rowsAt + 1]) : quick ? 40_000 : 1_000_000;
const accounts = 100;
const rowsAtOnce = 500;
const startMs = Date.UTC(2026, 0, 15);

const rate = (prefix, pricePerMinuteMicros) => ({
  prefix,
  destination: `to ${prefix}`,
  effectiveFromMs: 0,
  effectiveUntilMs: null,
  pricePerMinuteMicros,
  bandPrices: null,
  connectFeeMicros: 0,
  firstIncrementSeconds: 60,
  nextIncrementSeconds: 60,
  minimumSeconds: 0,
  graceSeconds: 0,
  minimumChargeMicros: 0,
  maximumChargeMicros: null,
});

/** Rated CDRs to ten places, of which five then get another price. */
async function makeWorld(database) {
  const deckOf = { name: 'bench', currency: 'EUR', chargeDecimals: 6, nowMs: 1 };
  const deck = await database.write((sql) => createDeck(sql, deckOf));
  const staging = { deck, sourceName: 'bench', nowMs: 1, onRowsStored: () => {} };
  const places = Array.from({ length: 10 }, (_, n) => `3${n}`);
  await publishRates(
    database,
    places.map((prefix) => rate(prefix, 10_000)),
    staging,
  );
  await rateBookOf(database).load(await findDeckHead(database.read, deck.id));
  const ids = await payingAccounts(database, deck, accounts);
  for (let from = 0; from < rows; from += 10_000)
    await importCdrs(
      database,
      Array.from({ length: Math.min(10_000, rows - from) }, (_, n) => {
        const atMs = startMs + (from + n) * 1_000;
        const digits = `${places[n % 10]}2555${String((from + n) % 100_000).padStart(5, '0')}`;
        return {
          source: 'bench',
          uniqueId: String(from + n),
          payerAccountId: ids[n % accounts],
          direction: 'outbound',
          fromNumber: null,
          dialledNumber: digits,
          number: `+${digits}`,
          startedAtMs: atMs,
          answeredAtMs: atMs,
          endedAtMs: atMs + 61_000,
          costDeckId: null,
        };
      }),
      1,
    );
  await publishRates(
    database,
    places.filter((_, n) => n % 2 === 0).map((prefix) => rate(prefix, 20_000)),
    { ...staging, nowMs: 2 },
  );
  await rateBookOf(database).load(await findDeckHead(database.read, deck.id));
}

async function product(database) {
  const reratings = new Reratings({ database, clock: systemClock, log: silentLog });
  const wish = { fromMs: 0, untilMs: 0, accountId: null, prefix: null, deckId: null, byDeckId: null };
  const startedAtMs = performance.now();
  const span = { ...wish, fromMs: startMs, untilMs: startMs + 300 * 86_400_000 };
  const { id } = await reratings.begin(span, 'bench');
  await reratings.idle();
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const { lookedAt, changed, state } = await readRerating(database.read, id, systemClock.nowMs());
  if (state !== 'checked' || lookedAt !== rows || changed !== rows / 2)
    throw new Error(`${lookedAt} looked at, ${changed} changed, ${state}`);
  return { figure: rows / seconds };
}

const read =
  'SELECT id, payer_account_id, routed_number, started_at_ms, charged_from_ms, ended_at_ms, currency, charge_micros, held_capped, rating_working FROM cdrs ORDER BY started_at_ms, id';
const written =
  'rerating_id, place, cdr_id, account_id, currency, before_micros, after_micros, working, state';

function bareRow(row, place) {
  const { id, payer_account_id: account, currency, charge_micros: charge, rating_working: working } = row;
  return ['bare', place, id, account, currency, charge, charge, working, 'open'];
}

async function bareOnMariadb(url) {
  const reader = await createConnection(url);
  const writer = await createConnection(url);
  await writer.query('DROP TABLE IF EXISTS rerating_lines_bare');
  await writer.query('CREATE TABLE rerating_lines_bare LIKE rerating_lines');
  const startedAtMs = performance.now();
  let waiting = [];
  let seen = 0;
  const flush = async () => {
    await writer.query(`INSERT INTO rerating_lines_bare (${written}) VALUES ?`, [waiting]);
    waiting = [];
  };
  for await (const row of reader.connection.query(read).stream({ highWaterMark: rowsAtOnce })) {
    if (Number(row.routed_number[2]) % 2 === 0) waiting.push(bareRow(row, seen));
    seen++;
    if (waiting.length === rowsAtOnce) await flush();
  }
  if (waiting.length > 0) await flush();
  const figure = seen / ((performance.now() - startedAtMs) / 1_000);
  await reader.end();
  await writer.end();
  return { figure };
}

function bareOnSqlite(file) {
  const Sqlite = require('better-sqlite3');
  const reader = new Sqlite(file, { readonly: true });
  const writer = new Sqlite(file);
  writer.exec('DROP TABLE IF EXISTS rerating_lines_bare');
  writer.exec('CREATE TABLE rerating_lines_bare AS SELECT * FROM rerating_lines WHERE 0');
  writer.exec('CREATE UNIQUE INDEX rerating_lines_bare_key ON rerating_lines_bare (rerating_id, place)');
  writer.exec('CREATE INDEX rerating_lines_bare_state ON rerating_lines_bare (rerating_id, state, place)');
  const insert = writer.prepare(
    `INSERT INTO rerating_lines_bare (${written}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const startedAtMs = performance.now();
  let waiting = [];
  let seen = 0;
  const flush = () => {
    writer.transaction(() => {
      for (const row of waiting) insert.run(row);
    })();
    waiting = [];
  };
  for (const row of reader.prepare(read).iterate()) {
    if (Number(row.routed_number[2]) % 2 === 0) waiting.push(bareRow(row, seen));
    seen++;
    if (waiting.length === rowsAtOnce) flush();
  }
  if (waiting.length > 0) flush();
  const figure = seen / ((performance.now() - startedAtMs) / 1_000);
  reader.close();
  writer.close();
  return { figure };
}

async function bench() {
  const folder = mkdtempSync(join(tmpdir(), 'rerating-bench-'));
  const server = onSqlite ? null : await privateMariadb(1_024);
  const file = join(folder, 'bench.db');
  const { database, url } = server
    ? await newDatabase(server, 'rerating')
    : { database: await openDatabase(`sqlite:${file}`), url: null };
  try {
    if (!server) await runMigrations(database, resolve(__dirname, '../../sql'));
    await makeWorld(database);
    print(`  ${rows} rated CDRs`);
    return await ratioRun({
      name: `P16 CDRs priced anew on ${database.dialect}, against reading them and inserting the same changes`,
      unit: 'a second',
      goal: goalRatio,
      quick,
      runLimit: async () => (server ? bareOnMariadb(url) : bareOnSqlite(file)),
      runProduct: () => product(database),
    });
  } finally {
    await database.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

void runBench('P16', bench);
