'use strict';
// A MariaDB server of the bench's own, and CDRs in it from a fixed seed: the database makes them itself, so that ten million take minutes.
const { execFileSync, spawn } = require('node:child_process');
const { mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { createConnection } = require('mysql2/promise');
const { topUp } = require('../../dist/billing/ledger/movements');
const { postEntries } = require('../../dist/billing/ledger/post-entries');
const { openAccount } = require('../../dist/billing/open-account');
const { money } = require('../../dist/kernel/money');
const { openDatabase } = require('../../dist/store/database');
const { runMigrations } = require('../../dist/store/run-migrations');

const migrations = resolve(__dirname, '../../sql');
/** When the first CDR of the fixtures starts; one starts each second after it. */
const firstStartMs = Date.UTC(2025, 0, 1);

function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** Starts mariadbd in a temporary folder; `kill` ends it as a power cut would, `start` begins it again on the same data. */
async function privateMariadb(poolMegabytes = 512) {
  const folder = mkdtempSync(join(tmpdir(), '123-voip-bench-db-'));
  const port = await freePort();
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  const data = `--datadir=${folder}/data`;
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', ...asRoot, data, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { stdio: 'ignore' },
  );
  const url = `mysql://root@127.0.0.1:${port}`;
  let server = null;
  const ended = () => new Promise((done) => server.once('exit', done));
  const start = async () => {
    server = spawn(
      'mariadbd',
      [
        '--no-defaults',
        ...asRoot,
        data,
        `--tmpdir=${folder}`,
        `--socket=${folder}/mariadb.sock`,
        `--pid-file=${folder}/mariadb.pid`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        `--innodb-buffer-pool-size=${poolMegabytes}M`,
        '--innodb-log-file-size=512M',
      ],
      { stdio: 'ignore' },
    );
    for (let attempt = 0; attempt < 600; attempt++) {
      if (server.exitCode !== null) throw new Error(`mariadbd ended with ${server.exitCode}`);
      const answers = await createConnection(url).then(
        (connection) => connection.end().then(() => true),
        () => false,
      );
      if (answers) return;
      await sleep(100);
    }
    throw new Error('mariadbd did not answer within 60 s');
  };
  await start();
  return {
    url,
    start,
    kill: async () => {
      const gone = ended();
      server.kill('SIGKILL');
      await gone;
    },
    stop: async () => {
      const gone = ended();
      server.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An empty, migrated database on a server. */
async function newDatabase(server, name) {
  const admin = await createConnection(server.url);
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = `${server.url}/${name}`;
  const database = await openDatabase(url);
  await runMigrations(database, migrations);
  return { database, url };
}

/** The indexes of cdrs as the migrations make them. */
function cdrIndexes() {
  return readdirSync(migrations)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .flatMap(
      (name) =>
        readFileSync(join(migrations, name), 'utf8').match(/^CREATE INDEX[^;]* ON cdrs [^;]*/gm) ?? [],
    )
    .map((statement) => ({ statement, name: /IF NOT EXISTS (\w+)/.exec(statement)[1] }));
}

/** A number from 0 to 2^32 that depends on the row and on what it is for, the same in every run. */
const drawn = (purpose) => `CRC32(CONCAT(seq, '${purpose}'))`;
const chosen = (purpose, choices) => {
  const cases = choices.map(([value, permille]) => [value === null ? 'NULL' : `'${value}'`, permille]);
  let below = 0;
  const whens = cases.map(([value, permille]) => {
    below += permille;
    return `WHEN ${drawn(purpose)} % 1000 < ${below} THEN ${value}`;
  });
  return `CASE ${whens.join(' ')} ELSE ${cases[0][0]} END`;
};

/** Fills cdrs with `count` rows: one account has a fifth of them, one room a twentieth, one trunk half. */
async function fillCdrs(url, count, onProgress = () => {}) {
  const connection = await createConnection(url);
  const indexes = cdrIndexes();
  for (const { name } of indexes) await connection.query(`DROP INDEX IF EXISTS ${name} ON cdrs`);
  const batch = 500_000;
  for (let from = 1; from <= count; from += batch) {
    const to = Math.min(from + batch - 1, count);
    await connection.query(fillStatement(from, to));
    onProgress(`${to} rows`);
  }
  for (const { statement, name } of indexes) {
    await connection.query(statement);
    onProgress(`index ${name}`);
  }
  await connection.query('ANALYZE TABLE cdrs');
  await connection.end();
}

function fillStatement(from, to) {
  const start = `${firstStartMs} + seq * 1000 + ${drawn('ms')} % 1000`;
  const outbound = `${drawn('direction')} % 5 = 0`;
  const person = (purpose) => `CONCAT('+324', LPAD(${drawn(purpose)} % 200000, 8, '7'))`;
  const access = `CONCAT('+3225550', LPAD(${drawn('access')} % 50, 3, '0'))`;
  const columns = {
    id: `CONCAT(LPAD(HEX(${start}), 12, '0'), '-', LPAD(HEX(${drawn('id')}), 8, '0'), '-', LPAD(seq, 10, '0'))`,
    node_id: "'node-1'",
    node_sequence: 'seq',
    sip_call_id: "CONCAT(seq, '@caller')",
    direction: `IF(${outbound}, 'outbound', 'inbound')`,
    attempt: '1',
    from_number: `IF(${outbound}, ${access}, ${person('caller')})`,
    dialled_number: `IF(${outbound}, ${person('callee')}, ${access})`,
    routed_number: `IF(${outbound}, ${person('callee')}, ${access})`,
    trunk_id: chosen('trunk', [
      ['trunk-0', 500],
      ['trunk-1', 300],
      ['trunk-2', 150],
      ['trunk-3', 49],
      ['trunk-4', 1],
    ]),
    room_id: `CONCAT('room-', IF(${drawn('big room')} % 20 = 0, 0, ${drawn('room')} % 5000))`,
    room_session_id: "CONCAT('session-', seq DIV 10)",
    room_role: chosen('role', [
      ['speaker', 700],
      ['moderator', 150],
      ['listener', 99],
      [null, 50],
      ['coach', 1],
    ]),
    payer_account_id: `CONCAT('account-', IF(${drawn('big account')} % 5 = 0, 0, ${drawn('account')} % 2000))`,
    started_at_ms: start,
    answered_at_ms: `${start} + 500`,
    charged_from_ms: `${start} + 5000`,
    ended_at_ms: `${start} + 5000 + ${drawn('talk')} % 600000`,
    result: chosen('result', [
      ['completed', 850],
      ['wrong-pin', 80],
      ['cancelled', 40],
      ['room-full', 20],
      ['crashed', 9],
      ['barred', 1],
    ]),
    ended_by: chosen('ended by', [
      ['caller', 800],
      ['house', 150],
      ['network', 50],
    ]),
    sip_status: '200',
    waited_ms: '0',
    hangup_cause: chosen('cause', [
      ['NORMAL_CLEARING', 900],
      ['MEDIA_TIMEOUT', 80],
      ['NORMAL_TEMPORARY_FAILURE', 19],
      ['CRASH', 1],
    ]),
    held_capped: '0',
  };
  return `INSERT INTO cdrs (${Object.keys(columns).join(', ')}) SELECT ${Object.values(columns).join(', ')} FROM seq_${from}_to_${to}`;
}

/** An ended leg of an answered call into a room, a minute long; `of` says what is otherwise. */
function endedLeg(of) {
  const startedAtMs = of.startedAtMs ?? firstStartMs;
  return {
    nodeId: 'bench',
    sipCallId: `${of.cdrId}@caller`,
    callId: of.cdrId,
    direction: 'inbound',
    attempt: 1,
    fromNumber: '+4930555001',
    isWithheld: false,
    callerIdentity: null,
    dialledNumber: '+3225550123',
    routedNumber: '+3225550123',
    trunkId: null,
    costDeckId: null,
    accountId: null,
    deviceId: null,
    roomId: null,
    roomSessionId: null,
    roomRole: null,
    payerAccountId: null,
    startedAtMs,
    ringingAtMs: null,
    answeredAtMs: startedAtMs,
    waitedMs: 0,
    chargedFromMs: startedAtMs,
    endedAtMs: startedAtMs + 60_000,
    result: 'completed',
    endedBy: 'caller',
    sipStatus: 200,
    hangupCause: null,
    quality: null,
    ...of,
  };
}

/** Accounts with a deck and more credit than they can spend; gives their ids. */
async function payingAccounts(database, deck, count) {
  const ids = [];
  for (let n = 0; n < count; n++) {
    const wanted = {
      name: `account ${n}`,
      currency: 'EUR',
      deckId: deck.id,
      creditLimitMicros: 0n,
      nowMs: 1,
    };
    const { id } = await openAccount(database, wanted);
    const amount = money(1_000_000_000_000n, 'EUR');
    await database.write((sql) => postEntries(sql, topUp({ accountId: id, amount, reference: id }), 1));
    ids.push(id);
  }
  return ids;
}

module.exports = {
  cdrIndexes,
  endedLeg,
  fillCdrs,
  firstStartMs,
  freePort,
  newDatabase,
  payingAccounts,
  privateMariadb,
};
