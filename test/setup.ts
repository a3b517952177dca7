import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, vi } from 'vitest';

// One seed, so that a run says something about the change at hand; FAST_CHECK_SEED looks elsewhere.
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20_260_615) });

// What was rendered before these tests says nothing about the code as it is now.
const caches = mkdtempSync(join(tmpdir(), 'k8s-lint-caches-'));
process.env.XDG_CACHE_HOME = caches;
afterAll(() => {
  rmSync(caches, { recursive: true, force: true });
  // The next file has the same process.
  vi.unstubAllEnvs();
});
