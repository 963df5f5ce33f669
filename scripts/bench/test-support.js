'use strict';
// Lets a bench use what tests use: TypeScript below test/support is compiled when it is required, and finds the program in dist/ instead of src/.
const { readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { transformSync } = require('@swc/core');

const support = resolve(__dirname, '../../test/support');

function compile(module, file) {
  const code = readFileSync(file, 'utf8').replaceAll(/(['"](?:\.\.\/)+)src\//g, '$1dist/');
  const compiled = transformSync(code, {
    filename: file,
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name for it
  module._compile(compiled.code, file);
}

/** A module of test/support, over dist/. */
function requireSupport(name) {
  require.extensions['.ts'] = compile;
  return require(join(support, `${name}.ts`));
}

module.exports = { requireSupport };
