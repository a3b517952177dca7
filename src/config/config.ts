import { dirname, join } from 'node:path';
import { isThere } from '../below.ts';
import type { Target } from '../render/target.ts';
import { showLocation } from '../report/shown.ts';
import { repositoryRoot } from '../repository.ts';
import type { Location } from '../resource.ts';
import type { Severity } from '../rule.ts';
import type { Pattern } from './patterns.ts';

/** The targets that land in one cluster together, and what already exists there. */
export interface Environment {
  name: string;
  targets: Target[];
  /** Absolute paths of the files that hold what exists already, sorted. */
  existing: string[];
  /** All that k8s-lint.yaml names for it, as it stands there: what is gone can't be found among the files. */
  patterns?: readonly Pattern[];
  /** `1.34` */
  kubernetesVersion?: string;
  /** Written down in k8s-lint.yaml; false for what was discovered. */
  configured: boolean;
}

/** The level of each rule that k8s-lint.yaml names. */
export type RuleLevels = ReadonlyMap<string, Severity | 'off'>;

/** The user's exception. Without `file` and `resource` it covers all findings of the rule. */
export interface Ignore {
  rule: string;
  /** A path or a glob, relative to the directory of k8s-lint.yaml. */
  file?: string;
  /** `Kind/name`, or a glob of it. */
  resource?: string;
  reason: string;
  /** `2026-01-31`: the last day on which it holds, in UTC. */
  until?: string;
  /** Where its rule is named. */
  location: Location;
  untilLocation?: Location;
}

export interface Config {
  /** Absolute. */
  file: string;
  /** Empty where k8s-lint.yaml has none: then targets are discovered. */
  environments: Environment[];
  rules: RuleLevels;
  ignores: Ignore[];
}

/** One thing that is wrong with a k8s-lint.yaml. */
export interface Mistake {
  message: string;
  location: Location;
}

/** All that is wrong with a k8s-lint.yaml, each mistake a line of the message: exit 2. */
export class ConfigError extends Error {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(({ message, location }) => `${showLocation(location)}: ${message}`).join('\n'));
    this.mistakes = mistakes;
  }
}

export const CONFIG_FILE = 'k8s-lint.yaml';

/** The nearest k8s-lint.yaml at or above a directory, up to the root of its git repository. */
export function findConfig(cwd: string): string | undefined {
  const root = repositoryRoot(cwd);
  for (let directory = cwd; ; directory = dirname(directory)) {
    const file = join(directory, CONFIG_FILE);
    // A link that leads nowhere is a configuration that can't be read, not one that isn't there.
    if (isThere(file)) return file;
    if (directory === root) return undefined;
  }
}
