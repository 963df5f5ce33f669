#!/usr/bin/env node
'use strict';
// Runs every bench, one after the other, and closes with one table. Exit code 1 when a goal is missed, 2 when a run was void.
const { existsSync } = require('node:fs');
const { execFileSync, spawn } = require('node:child_process');
const { join, resolve } = require('node:path');

const root = resolve(__dirname, '../..');

/** What is run, and what each shows (performance goals P1 to P11, P16 to P18). */
const BENCHES = [
  { file: 'rating.js', shows: 'P1 full rating / naive lookups' },
  { file: 'lookup.js', shows: 'P2 compiled lookup / naive lookups' },
  { file: 'routes.js', shows: 'P3 best 6 of 20 carriers / single lookups' },
  { file: 'embedded-sip.js', shows: 'P7 embedded SIP server / SIPp to SIPp' },
  { file: 'two-party.js', shows: 'P8 two-party calls / SIPp to SIPp' },
  { file: 'cdr-write.js', shows: 'P5 CDRs of single calls / single inserts' },
  { file: 'cdr-import.js', shows: 'P4 CDRs rated, charged, stored / bare inserts' },
  { file: 'rerating.js', shows: 'P16 CDRs priced anew / read and insert' },
  { file: 'prepaid.js', shows: 'P6 reserve + settle / raw updates' },
  { file: 'api.js', shows: 'P18 page of 50 CDRs / Express + mysql2' },
  { file: 'cdr-search.js', shows: 'P17 CDR search p99 / raw page (at most)' },
  { file: 'invoices.js', shows: 'P15 invoices / plain GROUP BY' },
  { file: 'reminders.js', shows: 'P20 due reminders / indexed SELECT' },
  { file: 'conference.js', shows: 'P11 participants a core / bare echo' },
];

const HELP = `node scripts/bench/all.js [--quick]

Runs ${BENCHES.map(({ file }) => file).join(', ')} on this machine. Each prints its figure, a limit taken in the same run, their ratio and
the goal for it. --quick takes under a minute each and asks for half the floor. A machine that does something else meanwhile makes a run
void: only ratios of a quiet machine count.`;

/** Runs one bench, shows what it prints, and gives its result: the JSON of its last line. */
function run({ file, shows }, quick) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(__dirname, file), ...(quick ? ['--quick'] : [])], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (bytes) => {
      output += bytes;
      process.stdout.write(bytes);
    });
    child.once('exit', (code) => done({ file, shows, code, ...lastJson(output) }));
  });
}

function lastJson(output) {
  for (const line of output.trim().split('\n').toReversed()) {
    if (!line.startsWith('{')) continue;
    try {
      return JSON.parse(line);
    } catch {
      // A line that only looks like it.
    }
  }
  return {};
}

/** reached, missed, or void because the machine was not quiet. */
function verdict(result) {
  if (String(result.verdict ?? '').startsWith('void')) return 'void';
  return result.code === 0 ? 'reached' : 'missed';
}

/** The lines of the table a bench gives: its ratio, and whatever else must hold. */
function rows(result) {
  const { shows, figure, limit, ratio, goal, checks = [] } = result;
  const whole = [shows, rounded(figure), rounded(limit), rounded(ratio), rounded(goal), verdict(result)];
  const parts = checks.map((check) => [
    `  ${check.name}`,
    `${rounded(check.figure)} ${check.unit}`,
    '',
    '',
    `<= ${rounded(check.goal)}`,
    verdict(result) === 'void' ? 'void' : check.passed ? 'reached' : 'missed',
  ]);
  return [whole, ...parts];
}

function row(cells) {
  const widths = [42, 14, 14, 9, 9, 8];
  return cells.map((cell, index) => String(cell).padEnd(widths[index])).join(' ');
}

const rounded = (value) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : '-');

async function main() {
  if (process.argv.includes('--help')) {
    console.log(HELP);
    return 0;
  }
  const quick = process.argv.includes('--quick');
  if (!existsSync(join(root, 'dist/main.js')))
    execFileSync(join(root, 'scripts/install'), { stdio: 'inherit' });
  const results = [];
  for (const bench of BENCHES) {
    console.log(`\n== ${bench.shows}`);
    results.push(await run(bench, quick));
  }
  console.log(`\n${row(['bench', 'figure', 'limit', 'ratio', 'goal', 'verdict'])}`);
  for (const line of results.flatMap(rows)) console.log(row(line));
  const verdicts = results.map(verdict);
  if (verdicts.includes('missed')) return 1;
  return verdicts.includes('void') ? 2 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
