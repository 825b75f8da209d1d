// TypeScript is compiled by swc, to CommonJS: Jest's own module system, without experimental flags.
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // `npm run test:slow` sets SLOW_TESTS.
  testPathIgnorePatterns: process.env.SLOW_TESTS ? [] : ['\\.slow\\.test\\.ts$'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // Stripe's webhook module is ESM, and not among what its package exports.
  transformIgnorePatterns: ['/node_modules/(?!stripe/esm/)'],
  moduleNameMapper: {
    '^stripe/esm/(.*)$': '<rootDir>/node_modules/stripe/esm/$1',
    '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js', '$1'],
  },
  testTimeout: 60_000,
  // One worker for each of the two cores of a small machine.
  maxWorkers: 2,
  setupFiles: ['<rootDir>/test/support/setup.cjs'],
};
