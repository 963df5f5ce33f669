const transform = {
  '^.+\\.(t|j)sx?$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }],
};
/** Packages that come as ES modules only, which jest's own module system does not read as they are. */
const transformIgnorePatterns = ['/node_modules/(?!(jose|openid-client|oauth4webapi)/)'];
/** unit: beside its source, no socket of another process. http: the whole API in one process. scenarios: whole stories with real SIP programs. browser: the console in Chromium. */
module.exports = {
  // Stories with real programs take their time; jest knows one limit for all projects.
  testTimeout: 120_000,
  projects: [
    { displayName: 'unit', testEnvironment: 'node', roots: ['<rootDir>/src'], testMatch: ['**/*.test.ts'], transform, transformIgnorePatterns, globalSetup: '<rootDir>/test/support/global-setup.ts', globalTeardown: '<rootDir>/test/support/global-teardown.ts' },
    { displayName: 'http', testEnvironment: 'node', roots: ['<rootDir>/test/http'], testMatch: ['**/*.test.ts'], transform, transformIgnorePatterns, globalSetup: '<rootDir>/test/support/global-setup.ts', globalTeardown: '<rootDir>/test/support/global-teardown.ts' },
    { displayName: 'scenarios', testEnvironment: 'node', roots: ['<rootDir>/test/scenarios'], testMatch: ['**/*.test.ts'], transform, transformIgnorePatterns, globalSetup: '<rootDir>/test/support/global-setup.ts', globalTeardown: '<rootDir>/test/support/global-teardown.ts' },
    { displayName: 'browser', testEnvironment: 'node', roots: ['<rootDir>/test/browser'], testMatch: ['**/*.test.ts'], transform, transformIgnorePatterns },
  ],
};
