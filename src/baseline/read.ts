import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { asMap } from '../cluster/workloads.ts';
import { ConfigError } from '../config/config.ts';
import { YamlDraft } from '../config/draft.ts';
import { validateBaseline } from '../config/validate.ts';
import { shownPath } from '../render/manifests.ts';
import type { SourceFiles } from '../source.ts';
import { UsageError } from '../usage-error.ts';
import type { WrittenEntry } from './entry.ts';

/** The name of a baseline that got no other. */
export const BASELINE_FILE = 'k8s-lint-baseline.yaml';

/**
 * The entries of a baseline, in their order. Throws UsageError where there is no such file, and ConfigError, which holds all that is
 * wrong with it. `file` is relative to the working directory of the sources, or absolute.
 */
export async function readBaseline(file: string, sources: SourceFiles): Promise<WrittenEntry[]> {
  const path = resolve(sources.cwd, file);
  if (!existsSync(path)) {
    const option = file === BASELINE_FILE ? '' : ` -o ${file}`;
    throw new UsageError(`${file}: there is no such baseline; "k8s-lint baseline${option}" writes one`);
  }
  const draft = new YamlDraft(shownPath(path, sources.cwd), 'baseline', sources);
  const read = readDraft(draft);
  const data = asMap(read);
  if (read === undefined || read === null) {
    throw new ConfigError([
      { message: 'an empty baseline: it needs "version: 1" and "findings"', location: { file: draft.file } },
    ]);
  }
  // Whoever removes the last entry by hand leaves `findings:`.
  const baseline = data?.findings === null ? { ...data, findings: [] } : read;
  for (const { path, message, at } of await validateBaseline(baseline, (path) => draft.written(path)))
    draft.add(path, message, at);
  draft.finish();
  const { findings } = baseline as { findings: Omit<WrittenEntry, 'location'>[] };
  return findings.map((entry, i) => ({ ...entry, location: draft.locate(['findings', i], 'key') }));
}

/** Two branches that both write a baseline meet in it: to be told so helps more than what YAML makes of it. */
function readDraft(draft: YamlDraft): unknown {
  try {
    return draft.read();
  } catch (error) {
    const isText = error instanceof ConfigError && error.mistakes[0]?.location.line !== undefined;
    const line = isText ? conflictIn(draft.sources.lines(draft.file)) : undefined;
    if (line === undefined) throw error;
    const message =
      'a merge left both sides here: take its marks out; k8s-lint baseline then removes what is there twice or gone';
    throw new ConfigError([{ message, location: { file: draft.file, line } }]);
  }
}

function conflictIn(lines: readonly string[]): number | undefined {
  const index = lines.findIndex((line) => /^(?:<{7}|>{7})(?: |$)/.test(line));
  return index === -1 ? undefined : index + 1;
}
