import type { Path } from '../../resource.ts';
import { isUnknown } from '../unknown.ts';
import { asMap } from '../workloads.ts';

/** One thing that a pod requires of its Node: a nodeSelector entry, or an item of matchExpressions or matchFields. */
export interface NodeRequirement {
  path: Path;
  key: string;
  operator: string;
  values: readonly string[];
  /** Of the Node's name (`metadata.name`), not of its labels. */
  field: boolean;
}

/** What a pod requires of its Node: all of `selector`, and all of one of `terms` where there are any. */
export interface NodeAffinity {
  selector: NodeRequirement[];
  terms: NodeRequirement[][] | undefined;
  /** Where the terms stand. */
  termsPath: Path;
}

/** What is known of a Node's labels: with `complete`, one that isn't there is absent. */
export interface NodeLabels {
  name: string;
  labels: Readonly<Record<string, unknown>>;
  complete: boolean;
}

const REQUIRED = ['affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'];

/** Labels that kubelets, cloud providers and feature discovery set: a Node written by hand lacks them without meaning so. */
const WELL_KNOWN =
  /(?:^|[.])(?:kubernetes\.io|k8s\.io|k3s\.io|cattle\.io|amazonaws\.com|google\.com|azure\.com|scaleway\.com|digitalocean\.com|linode\.com|oraclecloud\.com|hetzner\.cloud|ovh\.net|nvidia\.com|amd\.com|intel\.com)\//;

/** Reads the nodeSelector and the required node affinity of a pod spec at a path; `undefined` where their shape is wrong. */
export function nodeAffinityOf(pod: object, at: Path): NodeAffinity | undefined {
  const { nodeSelector = {}, affinity } = pod as Record<string, unknown>;
  const selector = selectorRequirements(nodeSelector, [...at, 'nodeSelector']);
  const required = asMap(asMap(affinity)?.nodeAffinity)?.[REQUIRED[2] ?? ''];
  const termsPath = [...at, ...REQUIRED, 'nodeSelectorTerms'];
  if (selector === undefined) return undefined;
  if (required === undefined) return { selector, terms: undefined, termsPath };
  const terms = nodeSelectorTerms(asMap(required)?.nodeSelectorTerms, termsPath);
  return terms === undefined ? undefined : { selector, terms, termsPath };
}

/** The terms of a NodeSelector, of which one must hold; undefined where their shape is wrong. */
export function nodeSelectorTerms(list: unknown, at: Path): NodeRequirement[][] | undefined {
  if (!Array.isArray(list)) return undefined;
  const terms = list.map((term: unknown, i) => termRequirements(term, [...at, i]));
  return terms.includes(undefined) ? undefined : (terms as NodeRequirement[][]);
}

/** The requirements of a plain map of labels; undefined where it is none. `at` may be one path for all of them. */
export function selectorRequirements(map: unknown, at: Path, sharePath = false): NodeRequirement[] | undefined {
  const entries = asMap(map);
  if (entries === undefined || !Object.values(entries).every(isText)) return undefined;
  return Object.entries(entries).map(([key, value]) => ({
    path: sharePath ? at : [...at, key],
    key,
    operator: 'In',
    values: [value as string],
    field: false,
  }));
}

function termRequirements(term: unknown, at: Path): NodeRequirement[] | undefined {
  const { matchExpressions = [], matchFields = [] } = asMap(term) ?? {};
  if (asMap(term) === undefined || !Array.isArray(matchExpressions) || !Array.isArray(matchFields)) return undefined;
  const requirements = [
    ...matchExpressions.map((item: unknown, i) => requirementOf(item, [...at, 'matchExpressions', i], false)),
    ...matchFields.map((item: unknown, i) => requirementOf(item, [...at, 'matchFields', i], true)),
  ];
  return requirements.includes(undefined) ? undefined : (requirements as NodeRequirement[]);
}

function requirementOf(item: unknown, path: Path, field: boolean): NodeRequirement | undefined {
  const { key, operator, values = [] } = asMap(item) ?? {};
  if (!isText(key) || !isText(operator) || !Array.isArray(values) || !values.every(isText)) return undefined;
  return { path, key, operator, values, field };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/**
 * Whether a Node meets a requirement (k8s.io/component-helpers/scheduling/corev1/nodeaffinity); undefined where that depends on
 * a placeholder, on a label that the Node may have all the same, or on something that the API server refuses.
 */
export function meets(requirement: NodeRequirement, node: NodeLabels): boolean | undefined {
  const { key, operator, values, field } = requirement;
  if (isUnknown(key) || values.some(isUnknown)) return undefined;
  if (field) return key === 'metadata.name' && values.length === 1 ? compare(operator, node.name, values) : undefined;
  const value = Object.hasOwn(node.labels, key) ? node.labels[key] : undefined;
  if (value === undefined && !node.complete && WELL_KNOWN.test(key)) return undefined;
  if (value !== undefined && (typeof value !== 'string' || isUnknown(value))) {
    return operator === 'Exists' ? true : operator === 'DoesNotExist' ? false : undefined;
  }
  return compare(operator, value, values);
}

function compare(operator: string, value: string | undefined, values: readonly string[]): boolean | undefined {
  switch (operator) {
    case 'In':
      return values.length === 0 ? undefined : value !== undefined && values.includes(value);
    case 'NotIn':
      return values.length === 0 ? undefined : value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      if (values.length !== 1) return undefined;
      const [own, bound] = [int64(value), int64(values[0])];
      if (own === undefined || bound === undefined) return false;
      return operator === 'Gt' ? own > bound : own < bound;
    }
    default:
      return undefined;
  }
}

/** Go's strconv.ParseInt(text, 10, 64). */
function int64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[-+]?\d{1,30}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : undefined;
}

/** Whether a Node is what a pod requires: all of the selector, and one of the terms; an empty term is no Node's. */
export function matchesAffinity({ selector, terms }: NodeAffinity, node: NodeLabels): boolean | undefined {
  const selected = all(selector.map((requirement) => meets(requirement, node)));
  if (selected === false || terms === undefined) return selected;
  let some: boolean | undefined = false;
  for (const term of terms) {
    const matched = term.length > 0 && all(term.map((requirement) => meets(requirement, node)));
    if (matched === true) return selected;
    if (matched === undefined) some = undefined;
  }
  return some;
}

function all(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(false)) return false;
  return values.includes(undefined) ? undefined : true;
}

/**
 * The names that every term restricts the Nodes to, as the scheduler's NodeAffinity plugin works them out before it looks at
 * any Node; undefined where some term leaves the name open. Empty where the terms contradict themselves.
 */
export function requiredNames({ terms = [] }: NodeAffinity): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const term of terms) {
    const lists = term.filter(({ field, key, operator }) => field && key === 'metadata.name' && operator === 'In');
    const [first, ...others] = lists.map(({ values }) => values);
    if (first === undefined || lists.some(({ values }) => values.some(isUnknown))) return undefined;
    for (const name of first) if (others.every((other) => other.includes(name))) names.add(name);
  }
  return terms.length === 0 ? undefined : names;
}
