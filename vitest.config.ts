import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Real tools run in most tests, and a machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
