#!/usr/bin/env node
'use strict';
// P20: the list of due payment reminders among 100k invoices, as a ratio to an indexed SELECT of the same rows; then two workers take and mail
// them at once, are killed in the send loop again and again, and every invoice is told exactly once.
// node scripts/bench/reminders.js [--quick]      needs dist/ (npm run build) and mariadb-server
const { fork } = require('node:child_process');
const { setTimeout: sleep } = require('node:timers/promises');
const { createConnection } = require('mysql2/promise');
const { SMTPServer } = require('smtp-server');
const { dueReminders } = require('../../dist/billing/reminders/due-reminders');
const { sendReminder } = require('../../dist/billing/reminders/send-reminder');
const { SEND_REMINDER, takeDueSteps } = require('../../dist/billing/reminders/take-steps');
const { startJobRunner } = require('../../dist/jobs/job-runner');
const { systemClock } = require('../../dist/kernel/clock');
const { silentLog } = require('../../dist/kernel/log');
const { mailBySmtp } = require('../../dist/mail/mailer-nodemailer');
const { openDatabase } = require('../../dist/store/database');
const { freePort, newDatabase, privateMariadb } = require('./cdr-fixtures');
const { print, ratioRun, runBench } = require('./measure');

/** The list may take twice as long as the SELECT. */
const goalRatio = 1 / 2;
const quick = process.argv.includes('--quick');
const invoices = 100_000;
/** Invoices that are told by two workers while they are killed. */
const told = quick ? 200 : 600;
const page = 5_000;
/** Noon of a day on which the second step is due. */
const nowMs = Date.UTC(2026, 1, 15, 12);

async function fill(url) {
  const connection = await createConnection(url);
  const run = (statement) => connection.query(statement);
  const invoice = "CONCAT('invoice-', LPAD(seq, 6, '0'))";
  const account = "CONCAT('account-', LPAD(seq, 6, '0'))";
  const rows = `FROM seq_1_to_${invoices}`;
  const parties = JSON.stringify({
    seller: {
      name: 'House',
      street: null,
      postalCode: null,
      city: null,
      region: null,
      country: 'BE',
      vatNumber: null,
      mail: null,
      bankDetails: null,
    },
    buyer: {
      name: 'Ada',
      street: null,
      postalCode: null,
      city: null,
      region: null,
      country: 'BE',
      vatNumber: null,
      mail: null,
      language: 'en',
    },
  });
  await run(
    `INSERT INTO accounts (id, name, currency, state, created_at_ms, country) SELECT ${account}, 'Ada', 'EUR', 'active', 0, 'BE' ${rows}`,
  );
  await run(`INSERT INTO ledger_accounts (id, kind, account_id, currency, balance_micros, held_micros, credit_limit_micros, created_at_ms)
    SELECT CONCAT('account:', ${account}), 'customer', ${account}, 'EUR', -121000000, 0, 500000000, 0 ${rows}`);
  await run(
    `INSERT INTO billing_profiles (id, mail, changed_at_ms) SELECT ${account}, CONCAT(${account}, '@example.org'), 0 ${rows}`,
  );
  await run(`INSERT INTO invoices (id, document_key, kind, account_id, series_id, series_number, number, currency, period, period_from_ms,
      period_until_ms, issued_at_ms, due_at_ms, opening_micros, exact_micros, net_micros, tax_micros, total_micros, tax_treatment, tax_note, parties, fingerprint)
    SELECT ${invoice}, ${invoice}, 'invoice', ${account}, 'invoice::2026', seq, CONCAT('2026-', LPAD(seq, 6, '0')), 'EUR', '2026-01', ${Date.UTC(2026, 0)},
      ${Date.UTC(2026, 1)}, ${Date.UTC(2026, 1)}, ${nowMs}, 0, 100000000, 100000000, 21000000, 121000000, 'domestic', '', '${parties}', '' ${rows}`);
  await run(`INSERT INTO invoice_progress (invoice_id, account_id, state, changed_at_ms, next_step, next_step_at_ms)
    SELECT ${invoice}, ${account}, 'open', 0, 1, ${nowMs - 1_000_000} + seq ${rows}`);
  await run('ANALYZE TABLE invoice_progress');
  await connection.end();
}

async function indexedSelect(database) {
  const startedAtMs = performance.now();
  const rows = await database.read.all(
    "SELECT invoice_id, account_id, next_step, next_step_at_ms FROM invoice_progress WHERE state = 'open' AND next_step_at_ms <= ? ORDER BY next_step_at_ms, invoice_id",
    [nowMs],
  );
  if (rows.length !== invoices) throw new Error(`${rows.length} are due`);
  return { figure: rows.length / ((performance.now() - startedAtMs) / 1_000) };
}

async function dueList(database) {
  const startedAtMs = performance.now();
  let found = 0;
  for (let after = null; ; ) {
    const rows = await dueReminders(database.read, { nowMs, after, limit: page });
    found += rows.length;
    if (rows.length < page) break;
    after = rows.at(-1);
  }
  if (found !== invoices) throw new Error(`${found} were listed`);
  return { figure: found / ((performance.now() - startedAtMs) / 1_000) };
}

/** A mail server that keeps the Message-ID of each mail; a little slow, so that workers die while they send. */
async function mailServer() {
  const ids = [];
  const port = await freePort();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const parts = [];
      stream.on('data', (part) => parts.push(part));
      stream.on('end', () => {
        ids.push(/^Message-ID: <([^>]+)>/im.exec(Buffer.concat(parts).toString())?.[1]);
        setTimeout(done, 5);
      });
    },
  });
  await new Promise((listening) => server.listen(port, '127.0.0.1', listening));
  return {
    url: `smtp://127.0.0.1:${port}`,
    ids,
    stop: () => new Promise((stopped) => server.close(stopped)),
  };
}

/** Takes and mails what is due until it is killed. The clock runs sixty times as fast, so that the leases of the dead end soon. */
async function work(url, smtpUrl) {
  const database = await openDatabase(url);
  const beganAtMs = systemClock.nowMs();
  const clock = {
    ...systemClock,
    nowMs: () =>
      Number(process.env.BENCH_NOW_MS) +
      (systemClock.nowMs() - Number(process.env.BENCH_BEGAN_MS ?? beganAtMs)) * 60,
    every: (periodMs, fire) => systemClock.every(Math.max(20, periodMs / 60), fire),
  };
  const parts = {
    database,
    clock,
    log: silentLog,
    from: 'house@example.org',
    houseLanguage: 'en',
    send: mailBySmtp(smtpUrl, 'house@example.org'),
  };
  startJobRunner({
    database,
    clock,
    log: silentLog,
    handlers: { [SEND_REMINDER]: (job) => sendReminder(parts, job) },
    pollMs: 1_200,
  });
  await takeDueSteps(database, { nowMs, houseLanguage: 'en' });
  setInterval(() => {}, 1_000);
}

async function tellWhileKilled(database, url) {
  const connection = await createConnection(url);
  await connection.query(
    `DELETE FROM invoice_progress WHERE invoice_id > 'invoice-${String(told).padStart(6, '0')}'`,
  );
  await connection.end();
  const mail = await mailServer();
  const env = { ...process.env, BENCH_NOW_MS: String(nowMs), BENCH_BEGAN_MS: String(systemClock.nowMs()) };
  const begin = () => fork(__filename, ['--worker', url, mail.url], { env, stdio: 'inherit' });
  const workers = [begin(), begin()];
  let kills = 0;
  for (let round = 0; round < 600; round++) {
    await sleep(200);
    const [left] = await database.read.all("SELECT COUNT(*) AS n FROM reminders WHERE state <> 'queued'");
    if (Number(left.n) === told) break;
    if (kills >= 12 || round % 2 === 0) continue;
    const at = kills++ % 2;
    workers[at].kill('SIGKILL');
    workers[at] = begin();
  }
  for (const worker of workers) worker.kill('SIGKILL');
  await mail.stop();
  const [taken] = await database.read.all('SELECT COUNT(*) AS n FROM reminders');
  const [jobs] = await database.read.all("SELECT COUNT(*) AS n FROM jobs WHERE kind = 'send-reminder'");
  const different = new Set(mail.ids).size;
  return { kills, taken: Number(taken.n), jobs: Number(jobs.n), different, mails: mail.ids.length };
}

if (process.argv[2] === '--worker') void work(process.argv[3], process.argv[4]);
else
  void runBench('reminders', async () => {
    const server = await privateMariadb(512);
    const { database, url } = await newDatabase(server, 'reminders');
    try {
      await fill(url);
      await indexedSelect(database);
      const result = await ratioRun({
        name: `P20 due reminders of ${invoices} invoices, against an indexed SELECT`,
        unit: 'a second',
        goal: goalRatio,
        quick,
        runLimit: () => indexedSelect(database),
        runProduct: () => dueList(database),
      });
      print(`  the list takes ${(1 / result.ratio).toFixed(1)} times as long as the SELECT`);
      const end = await tellWhileKilled(database, url);
      const wrong = Math.abs(end.taken - told) + Math.abs(end.jobs - told) + Math.abs(end.different - told);
      print(
        `  ${told} invoices, two workers, ${end.kills} kills in the send loop: ${end.taken} steps taken, ${end.different} different mails; ${end.mails - end.different} came twice under the same id`,
      );
      return { ...result, ...end, passed: result.passed && wrong === 0 };
    } finally {
      await database.close();
      await server.stop();
    }
  });
