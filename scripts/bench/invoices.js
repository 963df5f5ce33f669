#!/usr/bin/env node
'use strict';
// P15: the invoices of a month, 1M charged calls of 2,000 accounts, lines written and taxes posted, as a ratio to a plain GROUP BY of the same entries.
// node scripts/bench/invoices.js [--quick]      needs dist/ (npm run build) and mariadb-server
const { createConnection } = require('mysql2/promise');
const { issueInvoices } = require('../../dist/billing/invoicing/issue-invoices');
const { periodNamed } = require('../../dist/billing/invoicing/period');
const { newDatabase, privateMariadb } = require('./cdr-fixtures');
const { print, ratioRun, runBench } = require('./measure');

/** A run may take six times as long as the GROUP BY. */
const goalRatio = 1 / 6;
const quick = process.argv.includes('--quick');
const calls = quick ? 200_000 : 1_000_000;
const accounts = 2_000;
const period = periodNamed('2026-01');
const nowMs = period.untilMs + 2 * 3_600_000;

const account = "CONCAT('account-', LPAD(seq % 2000, 4, '0'))";
const amount = "(1 + CRC32(CONCAT(seq, 'price')) % 900000)";
const time = `(${period.fromMs} + FLOOR(seq * ${(period.untilMs - period.fromMs - 1) / calls}))`;
const hex = `LPAD(LOWER(HEX(${time})), 12, '0')`;
const id = `CONCAT(SUBSTR(${hex}, 1, 8), '-', SUBSTR(${hex}, 9, 4), '-7000-8000-', LPAD(LOWER(HEX(seq)), 12, '0'))`;

/** Accounts, and a month of charged calls as the ledger keeps them. */
async function fill(url) {
  const connection = await createConnection(url);
  const run = (statement) => connection.query(statement);
  await run(`INSERT INTO accounts (id, name, currency, state, created_at_ms, country)
    SELECT ${account}, CONCAT('customer ', seq), 'EUR', 'active', 0, 'BE' FROM seq_0_to_${accounts - 1}`);
  await run(`INSERT INTO ledger_transactions (id, idempotency_key, kind, note, content_fingerprint, posted_at_ms)
    SELECT ${id}, CONCAT('cdr:', seq), 'call-charge', 'call', '', ${time} FROM seq_1_to_${calls}`);
  await run(`INSERT INTO ledger_accounts (id, kind, account_id, currency, balance_micros, held_micros, credit_limit_micros, created_at_ms)
    SELECT CONCAT('account:', ${account}), 'customer', ${account}, 'EUR', -SUM(${amount}), 0, 1000000000000, 0 FROM seq_1_to_${calls} GROUP BY 1, 3`);
  await run(`INSERT INTO ledger_accounts (id, kind, account_id, currency, balance_micros, held_micros, credit_limit_micros, created_at_ms)
    SELECT 'house:call-revenue:EUR', 'call-revenue', NULL, 'EUR', SUM(${amount}), 0, NULL, 0 FROM seq_1_to_${calls}`);
  for (const [line, ledger, sign] of [
    [1, `CONCAT('account:', ${account})`, '-'],
    [2, "'house:call-revenue:EUR'", ''],
  ])
    await run(`INSERT INTO ledger_entries (transaction_id, line_number, ledger_account_id, currency, amount_micros, posted_at_ms)
      SELECT ${id}, ${line}, ${ledger}, 'EUR', ${sign}${amount}, ${time} FROM seq_1_to_${calls}`);
  await run(
    "INSERT INTO billing_profiles (id, company_name, country, changed_at_ms) VALUES ('house', 'House', 'BE', 0)",
  );
  await run('ANALYZE TABLE ledger_entries, ledger_transactions, ledger_accounts');
  await connection.end();
}

/** Forgets what was issued, so that it can be issued again. */
async function forget(url) {
  const connection = await createConnection(url);
  await connection.query('SET FOREIGN_KEY_CHECKS = 0');
  for (const table of [
    'invoice_lines',
    'invoice_taxes',
    'invoice_progress',
    'invoices',
    'invoice_series',
    'invoice_runs',
    'due_charges',
    'jobs',
  ])
    await connection.query(`TRUNCATE TABLE ${table}`);
  await connection.end();
}

async function plainGroupBy(database) {
  const startedAtMs = performance.now();
  const rows = await database.read.all(
    `SELECT ledger_account_id, currency, COUNT(*) AS n, SUM(amount_micros) AS amount FROM ledger_entries
     WHERE ledger_account_id LIKE 'account:%' GROUP BY ledger_account_id, currency`,
  );
  if (rows.length !== accounts) throw new Error(`${rows.length} accounts were summed`);
  return { figure: 1_000 / (performance.now() - startedAtMs) };
}

async function issue(database, url) {
  await forget(url);
  const startedAtMs = performance.now();
  const run = await issueInvoices(database, { period, nowMs });
  const seconds = (performance.now() - startedAtMs) / 1_000;
  return {
    figure: 1 / seconds,
    note: `${run.invoicesMade} invoices in ${seconds.toFixed(2)} s, ${Math.round(run.invoicesMade / seconds)} a second`,
  };
}

/** Rounds half up to cents, in the slow and obvious way. */
const cents = (micros) => ((micros + 5_000n) / 10_000n) * 10_000n;

/** What differs from sums of BigInts over the single entries, and from what the ledger owes after the taxes. */
async function differences(url) {
  const connection = await createConnection({ uri: url, supportBigNumbers: true, bigNumberStrings: true });
  const [entries] = await connection.query(
    `SELECT ledger_account_id, amount_micros FROM ledger_entries WHERE posted_at_ms < ${period.untilMs} AND line_number = 1`,
  );
  const exact = new Map();
  for (const row of entries)
    exact.set(row.ledger_account_id, (exact.get(row.ledger_account_id) ?? 0n) - BigInt(row.amount_micros));
  const [invoices] = await connection.query(
    'SELECT account_id, exact_micros, net_micros, tax_micros, total_micros FROM invoices',
  );
  let wrong = Math.abs(invoices.length - exact.size);
  for (const row of invoices) {
    const owed = exact.get(`account:${row.account_id}`) ?? 0n;
    const tax = cents((cents(owed) * 21n) / 100n);
    if (BigInt(row.exact_micros) !== owed || BigInt(row.total_micros) !== cents(owed) + tax) wrong++;
  }
  const [[numbers]] = await connection.query(
    'SELECT COUNT(DISTINCT series_number) AS n, MAX(series_number) AS highest FROM invoices',
  );
  await connection.end();
  return (
    wrong +
    Math.abs(Number(numbers.highest) - invoices.length) +
    Math.abs(Number(numbers.n) - invoices.length)
  );
}

void runBench('invoices', async () => {
  const server = await privateMariadb(1024);
  const { database, url } = await newDatabase(server, 'invoices');
  try {
    await fill(url);
    await plainGroupBy(database);
    const result = await ratioRun({
      name: `P15 invoices of ${calls} calls of ${accounts} accounts, against a plain GROUP BY`,
      unit: 'a second',
      goal: goalRatio,
      quick,
      runLimit: () => plainGroupBy(database),
      runProduct: () => issue(database, url),
    });
    print(
      `  a run takes ${(1 / result.ratio).toFixed(1)} times as long as the GROUP BY (${(1_000 / result.limit).toFixed(0)} ms)`,
    );
    const wrong = await differences(url);
    const again = await issueInvoices(database, { period, nowMs });
    const [count] = await database.read.all('SELECT COUNT(*) AS n FROM invoices');
    const more = Number(count.n) - accounts + again.invoicesMade - accounts;
    print(
      `  invoices that differ from sums of BigInts, or numbers that are missing: ${wrong}; made by a second run: ${more}`,
    );
    return { ...result, wrong, more, passed: result.passed && wrong === 0 && more === 0 };
  } finally {
    await database.close();
    await server.stop();
  }
});
