#!/usr/bin/env node
/** Fails when a package that we ship with is under a licence we must not link with, or names none. Walks the dependencies of package.json. */
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');

const root = resolve(__dirname, '..');
const ALLOWED =
  /^\(?(MIT|ISC|BSD|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD|MPL-2\.0|Unlicense|CC0-1\.0|BlueOak-1\.0\.0|Python-2\.0|WTFPL|X11|MIT-0)(\b.*)?\)?$/i;
const FORBIDDEN = /\b(A?GPL|LGPL|SSPL|BUSL)\b/i;
/** Packages whose manifest is silent or points elsewhere, and where their licence is stated. */
const STATED_ELSEWHERE = {
  'modesl@1.2.1': 'MPL-2.0', // its README
  'only@0.0.2': 'MIT', // its Readme
  'dejavu-fonts-ttf@2.37.3': 'MIT', // its LICENSE: Bitstream Vera, as free, for fonts
};
/** Packages for building that browsers get a part of, in the console's files. */
const IN_THE_CONSOLE = [
  '@simplewebauthn/browser',
  '@tanstack/react-query',
  'jssip',
  'qrcode-generator',
  'react',
  'react-dom',
  'uplot',
  'wouter',
];
const seen = new Map();

function packageFile(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return null;
  }
}

function licenceOf(manifest, folder) {
  const known = STATED_ELSEWHERE[`${manifest.name}@${manifest.version}`];
  if (known) return known;
  const stated = manifest.license ?? manifest.licenses;
  if (typeof stated === 'string') return stated;
  if (Array.isArray(stated)) return stated.map((one) => one.type ?? one).join(' OR ');
  if (stated?.type) return stated.type;
  const file = ['LICENSE', 'LICENSE.md', 'LICENCE', 'license', 'LICENSE.txt']
    .map((name) => join(folder, name))
    .find(existsSync);
  const text = file ? readFileSync(file, 'utf8').slice(0, 400) : '';
  return /MIT License|Permission is hereby granted, free of charge/.test(text) ? 'MIT' : 'none stated';
}

function walk(name, from) {
  const file = packageFile(name, from);
  if (!file || seen.has(file)) return;
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  seen.set(file, `${manifest.name}@${manifest.version}: ${licenceOf(manifest, dirname(file))}`);
  for (const next of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
    walk(next, dirname(file));
}

for (const name of Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies))
  walk(name, root);
for (const name of IN_THE_CONSOLE) walk(name, root);
const faults = [...seen.values()].filter((line) => {
  const licence = line.slice(line.lastIndexOf(': ') + 2);
  return !ALLOWED.test(licence) || (FORBIDDEN.test(licence) && !/ OR /i.test(licence));
});
for (const fault of faults) console.log(fault);
console.log(`licences: ${seen.size} packages, ${faults.length} findings`);
process.exit(faults.length > 0 ? 1 : 0);
