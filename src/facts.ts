import type { SourceFinding } from './cluster/cluster.ts';
import type { Environment } from './config/config.ts';
import { type Loaded, load } from './load.ts';
import { readManifests, shownPath } from './render/manifests.ts';
import type { RenderedObject } from './render/target.ts';
import type { UncheckedItem } from './report/report.ts';
import { showLocation } from './report/shown.ts';
import type { SourceFiles } from './source.ts';
import { NOTHING_IN_IT } from './yaml/blank.ts';

/** What an environment's `existing` holds. */
export interface Facts {
  existing: Loaded;
  /** Every file could be read. */
  whole: boolean;
  unchecked: UncheckedItem[];
  /** Why the facts aren't whole: a file that can't be read is a failure of the run, its facts would be missed. */
  failures: string[];
}

/** Reads the facts of environments. What several of them name is parsed once, and each gets a copy: facts of several files become one. */
export function factReader(
  environments: readonly Environment[],
  sources: SourceFiles,
): (environment: Environment) => Promise<Facts> {
  const uses = new Map<string, number>();
  for (const path of environments.flatMap(({ existing }) => existing)) {
    const file = shownPath(path, sources.cwd);
    uses.set(file, (uses.get(file) ?? 0) + 1);
  }
  const known = new Map<string, ReturnType<typeof readManifests>>();
  const read = (file: string) => {
    const manifests = known.get(file) ?? readManifests(file, sources);
    if (uses.get(file) === 1) return manifests;
    known.set(file, manifests);
    const objects = manifests.objects.map((object) => ({ ...object, value: structuredClone(object.value) }));
    return { ...manifests, objects };
  };
  return async (environment) => {
    const objects: RenderedObject[] = [];
    const findings: SourceFinding[] = [];
    const unchecked: UncheckedItem[] = [];
    for (const path of environment.existing) {
      const file = shownPath(path, sources.cwd);
      const facts = read(file);
      findings.push(...facts.findings);
      if (facts.objects.length === 0 && facts.findings.length === 0) {
        unchecked.push({ what: file, reason: NOTHING_IN_IT, target: environment.name });
      }
      objects.push(...facts.objects);
    }
    const existing = await load(objects);
    findings.push(...existing.findings);
    const failures = findings.map(
      ({ message, location }) => `${showLocation(location)}: ${message} (existing of environment ${environment.name})`,
    );
    return { existing, whole: findings.length === 0, unchecked, failures };
  };
}
