#!/usr/bin/env node
/**
 * The rules of the house that a compiler does not know: who may import whom, where time, chance and the environment may be read,
 * who writes the ledger, which folder names are banned, how large a file may grow. Each finding is a line; exit code 1 when there is one.
 */
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { basename, dirname, join, relative, resolve } = require('node:path');

const root = resolve(__dirname, '..');
const findings = [];
const find = (file, line, problem) => findings.push(`${file}${line ? `:${line}` : ''}: ${problem}`);

/** What each folder of src may import besides itself; a trailing slash names a part of a feature. Files directly in src may import all. */
const MAY_IMPORT = {
  kernel: [],
  config: ['kernel'],
  observability: ['kernel'],
  store: ['kernel'],
  csv: ['kernel'],
  jobs: ['kernel'],
  mail: ['kernel', 'config/loopback'],
  accounts: ['kernel'],
  leases: ['kernel'],
  numbers: ['kernel', 'csv', 'leases'],
  'caller-id': ['kernel', 'numbers'],
  voicemail: [
    'kernel',
    'accounts',
    'alerts',
    'cdr',
    'jobs',
    'mail/mail',
    'media/wav-header',
    'phones',
    'rooms/recording',
  ],
  trunks: ['kernel', 'caller-id', 'leases', 'numbers'],
  phones: ['kernel', 'alerts', 'mail/mail'],
  rooms: ['kernel', 'csv', 'numbers'],
  alerts: ['kernel'],
  webhooks: ['kernel'],
  traces: ['kernel', 'cdr'],
  audit: ['kernel'],
  privacy: ['kernel'],
  people: [
    'kernel',
    'accounts',
    'audit',
    'billing/open-account',
    'caller-id',
    'jobs',
    'mail/mail',
    'privacy',
    'http/roles',
    'http/session-door',
    'http/api-keys',
  ],
  cdr: ['kernel', 'csv', 'jobs', 'alerts'],
  media: ['kernel'],
  billing: [
    'kernel',
    'csv',
    'accounts',
    'alerts',
    'cdr',
    'jobs',
    'leases',
    'mail/mail',
    'numbers',
    'webhooks',
  ],
  calling: [
    'kernel',
    'media',
    'cdr',
    'billing/credit',
    'leases',
    'rooms',
    'numbers',
    'caller-id',
    'trunks',
    'accounts',
    'alerts',
    'phones',
    'voicemail',
  ],
  // A program of its own, for browsers: it knows the service by its API alone.
  console: [],
  supervisor: ['kernel', 'config'],
  http: [
    'kernel',
    'accounts',
    'alerts',
    'csv',
    'billing',
    'caller-id',
    'calling',
    'cdr',
    'numbers',
    'phones',
    'rooms',
    'trunks',
    'voicemail',
    'jobs',
    'leases',
    'observability',
  ],
  embedded: ['kernel'],
  'test-phone': ['kernel', 'embedded/sip', 'embedded/media', 'embedded/user-agent', 'embedded/transports'],
  demo: ['kernel', 'accounts', 'billing', 'cdr', 'numbers', 'phones', 'rooms', 'trunks', 'test-phone'],
  'command-line': [
    'kernel',
    'accounts',
    'config',
    'csv',
    'billing',
    'calling',
    'cdr',
    'demo',
    'numbers',
    'trunks',
    'http',
    'wiring',
    'wiring-api',
    'wiring-lines',
    'wiring-money',
    'wiring-people',
    'audit',
  ],
};

/** A technology is imported only where its name is in the file's name or in this list. */
const TECHNOLOGY = {
  sequelize: [/^src\/store\/.*-mariadb\.ts$/],
  mysql2: [/^src\/store\/.*-mariadb\.ts$/, /^test\/support\//],
  'better-sqlite3': [/^src\/store\/.*-sqlite\.ts$/],
  express: [/-routes\.ts$/, /^src\/http\//],
  'drachtio-srf': [/^src\/calling\//, /^src\/media\//, /^src\/wiring(-[a-z]+)?\.ts$/],
  'drachtio-fsmrf': [/^src\/media\//],
  ws: [/^src\/embedded\/transports\/ws(\.test)?\.ts$/, /^test\//],
  werift: [/^src\/embedded\/media\/webrtc\//],
  'opusscript/build/opusscript_native_wasm.js': [/^src\/embedded\/media\/opus\.ts$/],
  modesl: [/^src\/media\//],
  pino: [/^src\/observability\//],
  nodemailer: [/-nodemailer\.ts$/],
  '@simplewebauthn/server': [/-webauthn\.ts$/],
  'openid-client': [/-oidc\.ts$/],
  '@node-rs/argon2': [/-argon2\.ts$/],
  stripe: [/-stripe\.ts$/],
  pdfkit: [/-pdf\.ts$/],
  'bidi-js': [/-pdf\.ts$/],
  react: [/^src\/console\//],
  'react-dom': [/^src\/console\//],
  '@tanstack/react-query': [/^src\/console\//],
  wouter: [/^src\/console\//],
  uplot: [/^src\/console\//],
  jssip: [/^src\/console\/phone\//],
  '@simplewebauthn/browser': [/^src\/console\//],
  'qrcode-generator': [/^src\/console\//],
  vite: [/^src\/console\/vite\.config\.mts$/],
  'prom-client': [/^src\/observability\//, /^src\/http\//],
};

const BANNED_FOLDERS = ['utils', 'util', 'helpers', 'helper', 'common', 'shared', 'lib', 'misc'];
const MAX_FILE_LINES = 400;

/** Calls that read the world, and the files that may. */
const WORLD = [
  {
    what: /\bDate\.now\(|\bnew Date\(\)/,
    name: 'the wall clock',
    may: [/^src\/kernel\/clock\.ts$/, /^src\/console\/clock\.ts$/],
  },
  {
    what: /\b(setTimeout|setInterval)\(/,
    name: 'a timer',
    may: [/^src\/kernel\/clock\.ts$/, /^src\/console\/clock\.ts$/],
  },
  { what: /\bMath\.random\(/, name: 'chance', may: [] },
  { what: /\bprocess\.env\b/, name: 'the environment', may: [/^src\/config\//, /^src\/main\.ts$/] },
  {
    what: /\bprocess\.hrtime\b|\bperformance\.now\(/,
    name: 'the machine’s timer',
    may: [/^src\/kernel\/clock\.ts$/],
  },
];

const LEDGER_WRITE = /\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+ledger_(transactions|entries)\b/i;
const LEDGER_WRITERS = ['src/billing/ledger/post-entries.ts'];

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : filesBelow(path);
    return [path];
  });
}

const sources = filesBelow(join(root, 'src'))
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => ({ path: file, name: relative(root, file), text: readFileSync(file, 'utf8') }));
const isTest = (name) => /\.test\.tsx?$/.test(name) || /\/fake-[a-z-]+\.ts$/.test(name);
const product = sources.filter(({ name }) => !isTest(name));

function importsOf(text) {
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|(?:^|[^.\w])(?:import|require)\('([^']+)'\)/g,
    ),
  ].map((match) => ({
    target: match[1] ?? match[2],
    line: text.slice(0, match.index).split('\n').length + 1,
  }));
}

function checkImports({ path, name, text }) {
  const [, feature] = name.split('/');
  for (const { target, line } of importsOf(text)) {
    if (!target.startsWith('.')) {
      const packageName = target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/');
      const may = TECHNOLOGY[packageName];
      if (may && !may.some((pattern) => pattern.test(name)))
        find(name, line, `imports ${packageName}, which belongs elsewhere`);
      continue;
    }
    const wanted = relative(join(root, 'src'), resolve(dirname(path), target));
    if (wanted.startsWith('..')) find(name, line, `imports ${target} from outside src`);
    if (name.split('/').length === 2) continue;
    // A feature writes its URLs down beside it; what a route is, http says.
    const writesRoutes =
      name.endsWith('-routes.ts') &&
      [
        'http/route',
        'http/api-keys',
        'http/event-stream',
        'http/session-door',
        'http/error-response',
      ].includes(wanted);
    const allowed = writesRoutes ? [wanted] : MAY_IMPORT[feature];
    if (!allowed)
      find(name, line, `the folder ${feature} has no rule; add it to scripts/check-architecture.js`);
    else if (
      wanted !== feature &&
      !wanted.startsWith(`${feature}/`) &&
      !allowed.some((one) => wanted === one || wanted.startsWith(`${one}/`))
    )
      find(name, line, `${feature} may not import ${wanted}`);
  }
}

function checkWorld({ name, text }) {
  const lines = text.split('\n');
  for (const { what, name: thing, may } of WORLD) {
    if (may.some((pattern) => pattern.test(name))) continue;
    lines.forEach((line, index) => {
      if (what.test(line) && !/^\s*(\/?\*|\/\/)/.test(line))
        find(name, index + 1, `reads ${thing}, which comes in as an argument`);
    });
  }
}

function checkLedger({ name, text }) {
  const match = LEDGER_WRITE.exec(text);
  if (match && !LEDGER_WRITERS.includes(name))
    find(name, text.slice(0, match.index).split('\n').length, 'writes the ledger; only post-entries may');
}

/** Depth-first search for a way back to where it began. */
function checkCycles() {
  const byName = new Map(product.map((source) => [source.name.replace(/\.tsx?$/, ''), source]));
  const state = new Map();
  const visit = (key, trail) => {
    if (state.get(key) === 'done') return;
    if (state.get(key) === 'open') {
      find(
        `${key}.ts`,
        0,
        `imports itself by way of ${trail
          .slice(trail.indexOf(key))
          .map((one) => basename(one))
          .join(' → ')}`,
      );
      return;
    }
    state.set(key, 'open');
    const source = byName.get(key);
    const runtime = source.text.replace(/import type [^;]+;/g, '');
    for (const { target } of importsOf(runtime)) {
      if (!target.startsWith('.')) continue;
      const next = relative(root, resolve(dirname(source.path), target));
      if (byName.has(next)) visit(next, [...trail, key]);
    }
    state.set(key, 'done');
  };
  for (const key of byName.keys()) visit(key, []);
}

function checkFolders() {
  for (const file of filesBelow(join(root, 'src')).concat(
    filesBelow(join(root, 'test')),
    filesBelow(join(root, 'scripts')),
  )) {
    const banned = relative(root, file)
      .split('/')
      .slice(0, -1)
      .find((part) => BANNED_FOLDERS.includes(part));
    if (banned)
      find(relative(root, file), 0, `lies in a folder called ${banned}: name it after what it is for`);
  }
  for (const entry of readdirSync(join(root, 'src'))) {
    const folder = join(root, 'src', entry);
    if (!statSync(folder).isDirectory()) continue;
    const readme = join(folder, 'README.md');
    let text = '';
    try {
      text = readFileSync(readme, 'utf8');
    } catch {
      find(relative(root, folder), 0, 'has no README.md');
      continue;
    }
    for (const heading of ['Owns', 'Does not own', 'Always true', 'Where to start'])
      if (!new RegExp(`^##+ ${heading}`, 'm').test(text))
        find(relative(root, readme), 0, `has no heading "${heading}"`);
  }
}

function checkSize({ name, text }) {
  const lines = text.split('\n').length;
  if (lines > MAX_FILE_LINES) find(name, 0, `has ${lines} lines; ${MAX_FILE_LINES} are the most`);
}

for (const source of product) {
  checkImports(source);
  checkWorld(source);
  checkLedger(source);
  checkSize(source);
}
checkCycles();
checkFolders();
for (const finding of findings) console.log(finding);
console.log(`architecture: ${product.length} files, ${findings.length} findings`);
process.exit(findings.length > 0 ? 1 : 0);
