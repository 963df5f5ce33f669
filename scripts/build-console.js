#!/usr/bin/env node
/** Builds the browser console into dist/console and lays a compressed copy beside each file that is read by many. */
const { execFileSync } = require('node:child_process');
const {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { dirname, extname, join, resolve } = require('node:path');
const { brotliCompressSync, constants, gzipSync } = require('node:zlib');

const root = resolve(__dirname, '..');
const target = join(root, 'dist', 'console');
const COMPRESSED = ['.js', '.css', '.html', '.svg'];
/** Below this a compressed copy saves nothing that anybody notices. */
const LEAST_BYTES = 600;

const vite = join(dirname(require.resolve('vite/package.json')), 'bin', 'vite.js');
execFileSync(
  process.execPath,
  [vite, 'build', '--config', 'src/console/vite.config.mts', '--logLevel', 'warn'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
// What leads from entry to files is for checks only, and no page.
const manifest = join(target, '.vite', 'manifest.json');
if (existsSync(manifest)) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  renameSync(manifest, join(root, 'dist', 'console-manifest.json'));
  rmSync(join(target, '.vite'), { recursive: true });
}
for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !COMPRESSED.includes(extname(file))) continue;
  const bytes = readFileSync(file);
  if (bytes.length < LEAST_BYTES) continue;
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(
    `${file}.br`,
    brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  );
}
