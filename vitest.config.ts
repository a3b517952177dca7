import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // A core that vitest keeps for itself would mostly idle: it waits for the tests, and these for the tools.
    maxWorkers: '100%',
    // Real tools run in most tests, and a machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
