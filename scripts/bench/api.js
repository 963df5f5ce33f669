#!/usr/bin/env node
'use strict';
// P18: requests a second of the API, a light route and a page of 50 CDRs, against Express with the same middleware (and mysql2).
// node scripts/bench/api.js [--quick] [--rows 200000]      needs dist/ (npm run build) and mariadbd
const { spawn } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const net = require('node:net');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { createInterface } = require('node:readline');
const { fillCdrs, newDatabase, privateMariadb } = require('./cdr-fixtures');
const { onCore, print, ratioRun, runBench } = require('./measure');

const root = resolve(__dirname, '../..');
const quick = process.argv.includes('--quick');
const rows = Number(process.argv[process.argv.indexOf('--rows') + 1]) || (quick ? 20_000 : 200_000);
const goals = { light: 0.8, page: 0.6, p99: 2 };
const connections = 32;
const seconds = quick ? 3 : 8;
/** The system under test has one core, the generator and the database the other. */
const core = 0;

/** Starts a program on the core under test and waits for a line that says its port. */
function start(args, env, portOf) {
  const { command, args: pinned } = onCore(core, process.execPath, args);
  const child = spawn(command, pinned, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((ready, reject) => {
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = portOf(line);
      if (port) ready({ port, stop: () => child.kill('SIGTERM') });
    });
  });
}

/** Asks again and again on every connection for a while: answers a second, and the 99th percentile of their times in ms. */
async function load(port, path, key) {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n\r\n`;
  const times = [];
  const endMs = performance.now() + seconds * 1_000;
  const one = () =>
    new Promise((done, reject) => {
      const socket = net.connect(port, '127.0.0.1');
      let [text, sentAtMs] = ['', 0];
      const ask = () => {
        sentAtMs = performance.now();
        socket.write(request);
      };
      socket.setNoDelay(true);
      socket.setEncoding('latin1');
      socket.once('connect', ask);
      socket.once('error', reject);
      socket.on('data', (bytes) => {
        text += bytes;
        const head = text.indexOf('\r\n\r\n');
        if (head < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
        if (text.length < head + 4 + length) return;
        if (!text.startsWith('HTTP/1.1 200')) return reject(new Error(`${path}: ${text.slice(0, 400)}`));
        text = '';
        const nowMs = performance.now();
        times.push(nowMs - sentAtMs);
        if (nowMs < endMs) return ask();
        socket.end(done);
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)];
  return { figure: times.length / seconds, p99, note: `p99 ${p99.toFixed(1)} ms` };
}

async function bench() {
  const server = await privateMariadb();
  const folder = mkdtempSync(join(tmpdir(), '123-voip-api-bench-'));
  const running = [];
  try {
    const { database, url } = await newDatabase(server, 'api');
    await database.close();
    await fillCdrs(url, rows);
    const stub = await start(['scripts/bench/api-stub.js', url], {}, (line) => Number(line));
    running.push(stub);
    const settings = {
      DATABASE_URL: url,
      VAR_DIR: folder,
      HTTP_PORT: '0',
      SIP_PORT: '0',
      SIP_WS_PORT: '0',
      HTTP_REQUESTS_PER_MINUTE: '10000000',
      LOG_LEVEL: 'error',
    };
    const service = await start(['dist/main.js', 'start'], settings, (line) =>
      Number(/^API {2}http:\/\/[^/]+:(\d+)\//.exec(line)?.[1]),
    );
    running.push(service);
    const key = readFileSync(join(folder, 'admin-key'), 'utf8').trim();
    const results = [];
    for (const { name, goal, path, stubPath } of [
      {
        name: 'P18 light route against Express',
        goal: goals.light,
        path: '/api/v1/health/live',
        stubPath: '/light',
      },
      {
        name: 'P18 page of 50 CDRs against Express + mysql2',
        goal: goals.page,
        path: '/api/v1/cdrs?limit=50',
        stubPath: '/page',
      },
    ]) {
      const delays = { limit: [], product: [] };
      const run = (kind, port, what) => async () => {
        const ran = await load(port, what, key);
        delays[kind].push(ran.p99);
        return ran;
      };
      await load(service.port, path, key);
      const result = await ratioRun({
        name,
        unit: 'requests/s',
        goal,
        quick,
        runLimit: run('limit', stub.port, stubPath),
        runProduct: run('product', service.port, path),
      });
      const slower = Math.max(...delays.product) / Math.min(...delays.limit);
      const most = quick ? goals.p99 * 2 : goals.p99;
      print(`  p99 ${slower.toFixed(2)} times the limit's, at most ${most}`);
      results.push({ ...result, slower, passed: result.passed && slower <= most });
    }
    const [light, page] = results;
    return {
      ...page,
      checks: [
        { name: light.name, figure: light.ratio, goal: light.goal, unit: 'times', passed: light.passed },
      ],
      noisy: light.noisy || page.noisy,
      limitSpread: Math.max(light.limitSpread, page.limitSpread),
      passed: light.passed && page.passed,
    };
  } finally {
    for (const one of running) one.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv.includes('--help'))
  print(readFileSync(__filename, 'utf8').split('\n').slice(2, 4).join('\n').replaceAll('// ', ''));
else void runBench('api', bench);
