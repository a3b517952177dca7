import type { Path, Resource } from '../../../resource.ts';
import { asMap } from '../../workloads.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** What one label of a Namespace, with that of its version, asks of the pods there. */
export interface Demand {
  readonly level: Level;
  /** The minor version of the policy, undefined for `latest`. */
  readonly minor: number | undefined;
  /** The label that says so. */
  readonly path: Path;
}

/** What a Namespace's labels ask of its pods; undefined where a label is absent, can't be known or isn't valid. */
export interface Policy {
  readonly enforce: Demand | undefined;
  readonly warn: Demand | undefined;
  readonly audit: Demand | undefined;
}

const PREFIX = 'pod-security.kubernetes.io/';
const LEVELS: readonly unknown[] = ['privileged', 'baseline', 'restricted'] satisfies Level[];

/**
 * What the labels of a Namespace ask (PolicyToEvaluate of k8s.io/pod-security-admission/api): without its own, the level of
 * `warn` is that of `enforce`. The defaults of an AdmissionConfiguration can't be known, so that absent labels ask nothing.
 */
export function policyOf({ object }: Resource): Policy {
  const labels = asMap(object.metadata.labels) ?? {};
  const enforce = demand(labels, 'enforce');
  const inherits = !Object.hasOwn(labels, `${PREFIX}warn`) && !Object.hasOwn(labels, `${PREFIX}warn-version`);
  return { enforce, warn: inherits ? enforce : demand(labels, 'warn'), audit: demand(labels, 'audit') };
}

function demand(labels: Record<string, unknown>, mode: 'enforce' | 'warn' | 'audit'): Demand | undefined {
  const key = PREFIX + mode;
  const level = Object.hasOwn(labels, key) ? labels[key] : undefined;
  const version = Object.hasOwn(labels, `${key}-version`) ? labels[`${key}-version`] : 'latest';
  if (!isLevel(level) || typeof version !== 'string') return undefined;
  const match = /^v1\.(0|[1-9]\d{0,3})$/.exec(version);
  if (version !== 'latest' && match === null) return undefined;
  return { level, minor: match === null ? undefined : Number(match[1]), path: ['metadata', 'labels', key] };
}

function isLevel(value: unknown): value is Level {
  return LEVELS.includes(value);
}

/** `restricted:latest`, as the plugin names what is violated. */
export function showDemand({ level, minor }: Demand): string {
  return `${level}:${minor === undefined ? 'latest' : `v1.${minor}`}`;
}
