/**
 * A process whose files may not grow beyond 64 kB (RLIMIT_FSIZE, set by prlimit): it writes journal records until the kernel refuses one,
 * has the limit lifted, and goes on. Prints what it saw as JSON. Node ignores SIGXFSZ here, so that the write fails with EFBIG instead.
 */
const { execFileSync } = require('node:child_process');
const { readdirSync, readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, file) => {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  // Node's own hook for a source that is not plain JavaScript; the unit tests run without a build.
  Reflect.get(module, '_compile').call(module, code, file);
};

const { Journal } = require('../../src/cdr/journal.ts');
const { silentLog } = require('../../src/kernel/log.ts');
const { anOpenedLeg } = require('./journal-builders.ts');

const [folder] = process.argv.slice(2);
const limitTo = (bytes) => execFileSync('prlimit', [`--fsize=${bytes}:`, `--pid=${process.pid}`]);

async function main() {
  process.on('SIGXFSZ', () => undefined);
  const journal = await Journal.open({ folder, log: silentLog });
  limitTo(64 * 1024);
  const open = (cdrId, nodeSequence) =>
    journal.append({ type: 'opened', leg: { ...anOpenedLeg(cdrId), nodeSequence } });
  const refusedAt = async (n) =>
    open(`leg-${n}`, n).then(
      () => null,
      (error) => error.cause.code,
    );
  let refusedWith = null;
  for (let n = 1; n < 2_000; n++) {
    refusedWith = await refusedAt(n);
    if (refusedWith !== null) break;
  }
  const availableWhileFull = journal.available;
  limitTo('unlimited');
  await open('after', 2_000);
  await journal.close();
  const recovered = readdirSync(folder).some((name) => name.endsWith('.log')) && journal.available;
  process.stdout.write(JSON.stringify({ refusedWith, availableWhileFull, recovered }));
}

void main();
