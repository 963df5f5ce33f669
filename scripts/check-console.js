#!/usr/bin/env node
/**
 * The rules of the console that its compiler does not know: keys of words that nobody declared or nobody uses, words missing in a
 * language, results of calls that it does not list, and what the first page weighs. Each finding is a line; exit code 1 when there is one. Needs the built console.
 */
const { existsSync, readFileSync, readdirSync } = require('node:fs');
const { join, relative, resolve } = require('node:path');
const { gzipSync } = require('node:zlib');

const root = resolve(__dirname, '..');
const source = join(root, 'src', 'console');
const built = join(root, 'dist', 'console');
const LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'];
const FIRST_PAGE_MOST_BYTES = 250_000;
/** Libraries that only one page needs. */
const NOT_ON_THE_FIRST_PAGE = /jssip|uplot/i;

const findings = [];
const find = (what, problem) => findings.push(`${what}: ${problem}`);

/** Keys of a table of words, without reading it as a program. */
function keysOf(text) {
  return [...text.matchAll(/^ {2}(?:'([^']+)'|(\w+)):/gm)].map((match) => match[1] ?? match[2]);
}

function tableOf(language) {
  const folder = join(source, 'strings');
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${language}-`))
    .flatMap((name) => keysOf(readFileSync(join(folder, name), 'utf8')));
}

function sourcesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(source, file).startsWith('strings/') || file.endsWith('words.tsx'))
    .map((file) => ({ name: relative(root, file), text: readFileSync(file, 'utf8') }));
}

function checkWords() {
  const declared = new Set(tableOf('en'));
  if (declared.size === 0) find('strings', 'no words were found');
  for (const language of LANGUAGES.slice(1)) {
    const there = new Set(tableOf(language));
    for (const key of declared) if (!there.has(key)) find(`strings/${language}`, `"${key}" is missing`);
    for (const key of there)
      if (!declared.has(key)) find(`strings/${language}`, `"${key}" is no word of English`);
  }
  const quoted = new Set();
  const kinds = new Set();
  for (const { name, text } of sourcesBelow(source)) {
    for (const [, key] of text.matchAll(/\bt\(\s*'([^']+)'/g))
      if (!declared.has(key)) find(name, `"${key}" is not declared`);
    for (const [, key] of text.matchAll(/'([\w.:-]+)'/g)) quoted.add(key);
    for (const [, key] of text.matchAll(/\b(?:wordOf|choice|choicesOf)\(\s*'(\w+)'/g)) kinds.add(key);
    for (const [, key] of text.matchAll(/\bkind="(\w+)"/g)) kinds.add(key);
    for (const [, key] of text.matchAll(/`(\w+)\.\$\{/g)) kinds.add(key);
  }
  for (const key of declared) {
    const isUsed = quoted.has(key) || (key.includes('.') && kinds.has(key.split('.')[0]));
    if (!isUsed) find('strings/en', `nobody uses "${key}"`);
  }
}

/** All that is loaded before the first page is seen: the page, its script with what that imports at once, its style, and one language. */
function checkWeight() {
  if (!existsSync(join(built, 'index.html'))) {
    find('dist/console', 'is not built; run scripts/build-console.js');
    return;
  }
  const manifest = JSON.parse(readFileSync(join(root, 'dist', 'console-manifest.json'), 'utf8'));
  const files = new Set(['index.html']);
  const add = (key) => {
    const entry = manifest[key];
    if (!entry || files.has(entry.file)) return;
    files.add(entry.file);
    for (const style of entry.css ?? []) files.add(style);
    for (const next of entry.imports ?? []) add(next);
  };
  add('index.html');
  add('strings/ar.ts');
  add('sign-in/sign-in.tsx');
  let bytes = 0;
  for (const file of files) {
    const content = readFileSync(join(built, file));
    bytes += gzipSync(content).length;
    if (NOT_ON_THE_FIRST_PAGE.test(file)) find(file, 'belongs to one page alone');
  }
  if (bytes > FIRST_PAGE_MOST_BYTES)
    find('first page', `weighs ${bytes} bytes packed; ${FIRST_PAGE_MOST_BYTES} are the most`);
  return bytes;
}

/** The words of an exported list, without reading its file as a program. */
function listed(file, name) {
  const list = new RegExp(`export const ${name} = \\[([^\\]]*)\\]`).exec(
    readFileSync(join(root, file), 'utf8'),
  )?.[1];
  return [...(list ?? '').matchAll(/'([\w-]+)'/g)].map(([, word]) => word);
}

/** The console imports nothing of the service: what it lists of the service's names is held against them here. */
function checkResults() {
  const [ours, theirs] = [
    listed('src/console/operator/results.ts', 'RESULTS'),
    listed('src/cdr/cdr.ts', 'CALL_RESULTS'),
  ];
  if (theirs.length === 0 || ours.join() !== theirs.join())
    find('src/console/operator/results.ts', 'is not the list of results in src/cdr/cdr.ts');
}

checkWords();
checkResults();
const bytes = checkWeight();
for (const finding of findings) console.log(finding);
console.log(
  `console: ${tableOf('en').length} words in ${LANGUAGES.length} languages, first page ${bytes ?? '?'} bytes packed, ${findings.length} findings`,
);
process.exit(findings.length > 0 ? 1 : 0);
