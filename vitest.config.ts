import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest starts first: none of it is to run alone at the end. Of the others, the largest file does. */
const LONGEST = [
  'proof/kustomize-values',
  'proof/helm',
  'proof/kustomize',
  'pre-commit',
  'kustomize-failures',
  'mutated-examples',
  'package',
  'hostile-input',
].map((name) => `test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId, project }: TestSpecification) => {
      const index = LONGEST.indexOf(relative(project.config.root, moduleId));
      return index === -1 ? LONGEST.length : index;
    };
    return sorted.sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // A core that vitest keeps for itself would mostly idle: it waits for the tests, and these for the tools.
    maxWorkers: '100%',
    // A file that starts over imports all the rules again, for a second. What a file changes of its process, it changes back.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Real tools run in most tests, and a machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
