import type { Cluster } from './cluster/cluster.ts';
import type { At, Location, Path, Resource, TargetRef } from './resource.ts';

export type { Cluster } from './cluster/cluster.ts';
export type { At, KubernetesObject, Location, Path, Resource } from './resource.ts';

/** `error`: refused, broken or exposed now. `warning`: breaks under a named condition. `info`: advice. */
export type Severity = 'error' | 'warning' | 'info';

/** Another place that belongs to the story, such as the policy that refuses a connection. */
export interface Related {
  message: string;
  resource?: Resource;
  path?: Path;
  /** As in a Finding. */
  offset?: number | undefined;
  location?: Location;
}

/** What a rule yields. Rules on resources give `resource` and `path`; rules on sources give `location`. */
export interface Finding {
  resource?: Resource;
  /** Must exist in the resource. For something missing, the nearest parent that lacks it. */
  path?: Path;
  /**
   * Point at the key instead of the value, for a key that shouldn't be there; or, with `type`, at what decides that a value
   * is a number instead of a string: a template that doesn't quote it, not the values file that holds it.
   */
  at?: At | 'type';
  /**
   * Point at this character of the value instead of its start: a line of a file that a ConfigMap holds. Counted in UTF-16 units of
   * the string, of what it decodes to in a Secret's `data`.
   */
  offset?: number | undefined;
  location?: Location;
  /** The target whose source it is, for findings with a location. */
  target?: TargetRef;
  message: string;
  /** The finding's own severity, never above the rule's. */
  severity?: Severity;
  related?: readonly Related[];
}

/** What a rule could not judge, and why: `what` names it, `reason` says which fact would let it be judged. */
export interface Unchecked {
  unchecked: string;
  reason: string;
  resource?: Resource;
}

/**
 * A stream of manifests, or named files: a kustomization, a chart, a k8s-lint.yaml. In a stream, a document that starts
 * with the comment `# existing` stands for an object already in the cluster; with `# before` for an object as it was rendered at the
 * other side of a comparison. With one of them, the environment counts as configured. A marker in the latter is for the file as a
 * whole: it is gone.
 */
export type Example =
  | string
  | {
      files: Record<string, string>;
      /** All files of the other side: the example is judged with two. */
      before?: Record<string, string>;
      kubernetesVersion?: string;
    };

export interface RuleDocs {
  /** One line: what must hold. */
  summary: string;
  /** What broke, how it looked, what it turned out to be. */
  incident: string;
  /** The literal texts that an operator sees. */
  symptoms: readonly string[];
  fix: string;
  /** Where the facts come from: what the rule reads, and which `existing` kinds it needs. */
  facts: readonly string[];
  /** The look-alikes for which the rule stays silent. */
  silent?: readonly string[];
  references: readonly string[];
  /** What the rule goes by, where that is a list: printed whole by `explain`, and in docs/rules.md. */
  tables?: readonly { title: string; lines: readonly string[] }[];
}

export interface Rule {
  /** Stable: users write it in `ignore` and paste it into `explain`. */
  id: string;
  severity: Severity;
  docs: RuleDocs;
  examples: { bad: readonly Example[]; good: readonly Example[] };
  /** Does no I/O. Absent for the rules that the engine itself applies after all others (the ignores). */
  check?(cluster: Cluster): Iterable<Finding | Unchecked>;
}

/** Dedents a template literal, so that manifests can be indented with the code around them. */
export function yaml(strings: TemplateStringsArray, ...values: unknown[]): string {
  const text = String.raw({ raw: strings.raw }, ...values).replace(/^[ \t]*\n/, '');
  const indents = [...text.matchAll(/^( *)\S/gm)].map((match) => (match[1] ?? '').length);
  const indent = indents.length > 0 ? Math.min(...indents) : 0;
  return text
    .split('\n')
    .map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length)))
    .join('\n')
    .replace(/\s*$/, '\n');
}
