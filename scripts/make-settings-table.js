#!/usr/bin/env node
/** Writes the table of settings into README.md from src/config/settings.ts, between its two marks; with --check only compares. */
const { readFileSync, writeFileSync } = require('node:fs');
const { resolve } = require('node:path');

const root = resolve(__dirname, '..');
const { describeSettings } = require(resolve(root, 'dist/config/settings.js'));
const readme = resolve(root, 'README.md');
const [begin, end] = [
  '<!-- settings: made by scripts/make-settings-table.js -->',
  '<!-- end of settings -->',
];
const rows = describeSettings().map(
  ({ name, takes, default: value, about }) =>
    `| \`${name}\` | ${takes.replaceAll('|', '\\|')} | ${value} | ${about} |`,
);
const table = ['| setting | takes | default | what for |', '| --- | --- | --- | --- |', ...rows].join('\n');
const text = readFileSync(readme, 'utf8');
const [before, rest] = text.split(begin);
const after = rest?.split(end)[1];
if (after === undefined) {
  console.error(`README.md lacks the marks ${begin} and ${end}`);
  process.exit(1);
}
const wanted = `${before}${begin}\n${table}\n${end}${after}`;
if (wanted === text) process.exit(0);
if (process.argv.includes('--check')) {
  console.error(
    'README.md: the table of settings is not that of src/config/settings.ts; run node scripts/make-settings-table.js',
  );
  process.exit(1);
}
writeFileSync(readme, wanted);
