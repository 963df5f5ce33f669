#!/usr/bin/env node
'use strict';
// P5: CDRs of single calls, through the journal into MariaDB with the job and the wish to compare, as a ratio to single inserts that commit
// by themselves; and how long each waits. node scripts/bench/cdr-write.js [--quick]      needs dist/ (npm run build) and mariadb-server
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { createConnection } = require('mysql2/promise');
const { Journal } = require('../../dist/cdr/journal');
const { JournalKeeper } = require('../../dist/cdr/journal-keeper');
const { writeCdrs } = require('../../dist/cdr/write-cdr');
const { systemClock } = require('../../dist/kernel/clock');
const { newId } = require('../../dist/kernel/ids');
const { silentLog } = require('../../dist/kernel/log');
const { endedLeg, newDatabase, privateMariadb } = require('./cdr-fixtures');
const { print, ratioRun, runBench } = require('./measure');

const goalRatio = 2;
const longestWaitMs = 50;
const quick = process.argv.includes('--quick');
const legs = quick ? 5_000 : 20_000;
/** Calls that end at about the same time. */
const endingAtOnce = 120;
const startMs = Date.UTC(2026, 0, 15, 12);

/** A leg as it is when its call begins, and how all of them end. */
function leg() {
  return endedLeg({ cdrId: newId(startMs), startedAtMs: startMs, trunkId: 'trunk-1' });
}

const end = {
  roomId: 'room-1',
  roomSessionId: 'session-1',
  roomRole: 'speaker',
  payerAccountId: 'account-1',
  hangupCause: 'NORMAL_CLEARING',
  quality: { packetsReceived: 3_000, packetsLost: 3, jitterMs: 2.5, mos: 4.3 },
};

/** Single inserts of the same columns into a table like cdrs, prepared, one connection, each its own commit. */
async function singleInserts(url) {
  const connection = await createConnection(url);
  await connection.query('DROP TABLE IF EXISTS cdrs_raw');
  await connection.query('CREATE TABLE cdrs_raw LIKE cdrs');
  const columns = `id, node_id, node_sequence, sip_call_id, direction, from_number, dialled_number, routed_number, trunk_id, room_id, room_role,
    payer_account_id, started_at_ms, answered_at_ms, charged_from_ms, ended_at_ms, result, ended_by, sip_status, held_capped`;
  const statement = `INSERT INTO cdrs_raw (${columns}) VALUES (${Array(20).fill('?').join(', ')})`;
  const count = legs / 4;
  const startedAtMs = performance.now();
  for (let n = 0; n < count; n++) {
    const { cdrId, sipCallId, fromNumber, dialledNumber } = leg();
    await connection.execute(statement, [
      cdrId,
      'raw',
      n,
      sipCallId,
      'inbound',
      fromNumber,
      dialledNumber,
      dialledNumber,
      'trunk-1',
      'room-1',
      'speaker',
      'account-1',
      startMs,
      startMs + 500,
      startMs + 5_000,
      startMs + 65_000,
      'completed',
      'caller',
      200,
      0,
    ]);
  }
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await connection.end();
  return { figure: count / seconds };
}

/** Calls begin and end in a closed loop; each waits until its CDR is committed. */
async function throughTheKeeper(database) {
  const folder = mkdtempSync(join(tmpdir(), '123-voip-bench-journal-'));
  const committed = new Map();
  const keeper = new JournalKeeper({
    journal: await Journal.open({ folder, log: silentLog }),
    write: async (ended) => {
      await writeCdrs(database, ended);
      for (const { cdrId } of ended) committed.get(cdrId)?.();
    },
    clock: systemClock,
    log: silentLog,
    heartbeatMs: 5_000,
    leastSequence: sequence,
  });
  await keeper.start();
  const opened = [];
  for (let n = 0; n < legs; n += 500)
    opened.push(...(await Promise.all(Array.from({ length: 500 }, () => keeper.open(leg())))));
  sequence += legs;
  const waits = [];
  let next = 0;
  const caller = async () => {
    for (let one = opened[next++]; one; one = opened[next++]) {
      const endedAtMs = performance.now();
      const taken = new Promise((done) => committed.set(one.cdrId, done));
      void keeper.close({ ...one, ...end });
      await taken;
      waits.push(performance.now() - endedAtMs);
      committed.delete(one.cdrId);
    }
  };
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: endingAtOnce }, caller));
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await keeper.stop();
  rmSync(folder, { recursive: true, force: true });
  const p99Ms = waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)];
  return {
    figure: legs / seconds,
    p99Ms,
    note: `99 % are committed within ${p99Ms.toFixed(1)} ms of the end`,
  };
}

let sequence = 1;

void runBench('cdr-write', async () => {
  const server = await privateMariadb();
  const { database, url } = await newDatabase(server, 'cdr_write');
  try {
    const waits = [];
    const result = await ratioRun({
      name: 'CDRs of single calls',
      unit: 'a second',
      goal: goalRatio,
      quick,
      runLimit: () => singleInserts(url),
      runProduct: async () => {
        const run = await throughTheKeeper(database);
        waits.push(run.p99Ms);
        return run;
      },
    });
    const [stored] = await database.read.all("SELECT COUNT(*) AS n FROM cdrs WHERE node_id = 'bench'");
    const [jobs] = await database.read.all('SELECT COUNT(*) AS n FROM jobs');
    const missing = waits.length * legs * 2 - Number(stored.n) - Number(jobs.n);
    const checks = [
      {
        name: 'p99 from end to commit',
        figure: Math.max(...waits),
        goal: longestWaitMs,
        unit: 'ms',
        passed: Math.max(...waits) <= longestWaitMs,
      },
      {
        name: 'CDRs or jobs lost or doubled',
        figure: Math.abs(missing),
        goal: 0,
        unit: '',
        passed: missing === 0,
      },
    ];
    for (const { name, figure, unit } of checks) print(`  ${name}: ${figure.toFixed(1)} ${unit}`);
    return { ...result, checks, passed: result.passed && checks.every(({ passed }) => passed) };
  } finally {
    await database.close();
    await server.stop();
  }
});
